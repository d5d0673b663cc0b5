package v1alpha1

// TenantRules declares which names and namespaces a Tenant may have.
type TenantRules struct {
	// namespacePattern is the name of a tenant's namespace, {name} standing for the
	// tenant's name, exactly once. It never gives default or a namespace of Kubernetes'
	// own (kube-…): claims do. Omitted: "tenant-{name}".
	// +optional
	NamespacePattern string `json:"namespacePattern,omitempty"`

	// claims give further namespaces to a tenant, by its name. Omitted: none.
	// +optional
	Claims map[string][]string `json:"claims,omitempty"`

	// allowedPaths bind names of Tenants to files. A Tenant must be in a file that every
	// entry with its name allows. It is refused where its file is unknown. A name in no
	// entry is not bound. Omitted: any Tenant may take any name, and with it the
	// namespaces, claims and limits of that name.
	// +optional
	// +kubebuilder:validation:MinItems=1
	AllowedPaths []AllowedPath `json:"allowedPaths,omitempty"`

	// namespaceLabels are set on the Namespaces of tenants that are in the build, beside
	// those that they have. Omitted: none.
	// +optional
	// +kubebuilder:validation:MinProperties=1
	NamespaceLabels map[string]string `json:"namespaceLabels,omitempty"`
}

// AllowedPath binds names of Tenants to the files that may hold these Tenants. A file
// is known where tenantfence build, render or verify read it, or where kpt did. Under
// kustomize build, and where tenantfence build lets kustomize run the function, it is
// unknown. Annotations of the Tenant never count. A Tenant must arrive as its file
// declares it: where a layer changes its name or spec, its file counts as unknown.
// Tenants in spec.tenants of a TenantFence are not bound, since the platform wrote them.
type AllowedPath struct {
	// names are Tenants' names, or patterns in which * stands for any characters.
	// +kubebuilder:validation:MinItems=1
	Names []string `json:"names"`
	// paths are files, or patterns of files, relative to the folder that is built or
	// verified, or to the kpt package whose pipeline runs the function. Symbolic links are
	// followed first. A file outside that folder matches no pattern. * stands for any
	// characters but the slash. ** stands alone between slashes, for any number of
	// folders; at the end it stands for every file in the folder and below it. Upper and
	// lower case differ.
	// +kubebuilder:validation:MinItems=1
	Paths []string `json:"paths"`
}

// ExcludedNamespace is a namespace that is never fenced.
type ExcludedNamespace struct {
	// name of the namespace.
	Name string `json:"name"`
	// reason is reported to a Tenant that requests the namespace.
	Reason string `json:"reason"`
}
