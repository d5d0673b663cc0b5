package v1alpha1

// Limits bounds what a Tenant may declare. An omitted limit allows nothing of its kind, except
// ports and icmp.
type Limits struct {
	// fqdns are names and patterns. They must cover every name that a Tenant sets in the fqdns
	// of a peer or in dns. Omitted: none.
	// +optional
	FQDNs []string `json:"fqdns,omitempty"`

	// cidrs are networks. Together they must cover every network that a Tenant sets. Omitted:
	// none.
	// +optional
	CIDRs []string `json:"cidrs,omitempty"`

	// entities are the entities that a Tenant may set. Omitted: none.
	// +optional
	Entities []Entity `json:"entities,omitempty"`

	// ports are the ports that a Tenant's flows may use. Omitted: any.
	// +optional
	// +kubebuilder:validation:MinItems=1
	Ports []Port `json:"ports,omitempty"`

	// icmp are the types of ICMP message that a Tenant's flows may use. If it is set, each
	// flow must set ports or icmp, because every port of every protocol includes ICMP. []:
	// none. Omitted: any type, or none if limits.ports is set.
	// +optional
	ICMP []ICMPType `json:"icmp,omitzero"`

	// egressPoints are the names of egressPoints that a Tenant's via may use. Omitted: none.
	// +optional
	EgressPoints []string `json:"egressPoints,omitempty"`

	// namespaces are the namespaces that a Tenant's namespace and service peers may name, in
	// addition to its own and those of consenting tenants. Omitted: none.
	// +optional
	Namespaces []string `json:"namespaces,omitempty"`

	// namespaceLabels: true allows peers of a Tenant to select namespaces by label. Omitted:
	// false.
	// +optional
	NamespaceLabels *bool `json:"namespaceLabels,omitempty"`

	// anyTenant: true allows the peer anyTenant in a Tenant. Omitted: false.
	// +optional
	AnyTenant *bool `json:"anyTenant,omitempty"`

	// hostNetwork: true allows a tenant to have hostNetwork pods, which no policy selects.
	// Omitted: false, such a pod is an error.
	// +optional
	HostNetwork *bool `json:"hostNetwork,omitempty"`

	// l7 are the kinds of L7 rules that a Tenant's flows may have: HTTP for http, DNS for dns,
	// TLS for tls. Omitted: none.
	// +optional
	L7 []L7Kind `json:"l7,omitempty"`

	// secrets are the Secrets that a Tenant's tls may use, as "namespace/name". In it, * matches
	// any characters except the slash. Cilium's proxy presents the certificate in the Secret for
	// every Tenant that names it. Omitted: none.
	// +optional
	Secrets []string `json:"secrets,omitempty"`

	// enforcement lists the enforcements that a Tenant may set although they are looser than
	// the profile's. [AllowOnly] allows a Tenant to stay in AllowOnly, and to fence by spec.pods
	// only some pods of its own namespaces. Enforce is always allowed. Omitted: none.
	// +optional
	Enforcement []Enforcement `json:"enforcement,omitempty"`
}

// Override changes limits and enforcement for some tenants.
type Override struct {
	// tenants are names of Tenants, or patterns in which * matches any characters.
	// +kubebuilder:validation:MinItems=1
	Tenants []string `json:"tenants"`
	// limits replace those of the profile, field by field. A field that is omitted here keeps
	// its value. Omitted: the limits stay as they are.
	// +optional
	Limits *Limits `json:"limits,omitempty"`
	// enforcement replaces the profile's. Omitted: the profile's enforcement.
	// +optional
	Enforcement Enforcement `json:"enforcement,omitempty"`
}

// TenantRules declares which names and namespaces a Tenant may have.
type TenantRules struct {
	// namespacePattern is the name of a tenant's namespace. It contains {name} exactly once, which
	// is replaced by the tenant's name. It never gives a tenant the namespace default or a
	// namespace of Kubernetes (kube-…); only claims can. Omitted: "tenant-{name}".
	// +optional
	NamespacePattern string `json:"namespacePattern,omitempty"`

	// claims are further namespaces that a tenant may have, by the tenant's name. Omitted:
	// none.
	// +optional
	Claims map[string][]string `json:"claims,omitempty"`

	// allowedPaths bind names of Tenants to files. A Tenant must be in a file that every entry with
	// its name allows. If the file is unknown, the Tenant is refused. A name that no entry lists
	// may be used in any file. Omitted: any Tenant may take any name, and with it the namespaces,
	// claims and limits of that name.
	// +optional
	// +kubebuilder:validation:MinItems=1
	AllowedPaths []AllowedPath `json:"allowedPaths,omitempty"`

	// children declare which Tenants are children of another Tenant, by their names. The peers
	// children and parent refer to them. Omitted: no Tenant has children.
	// +optional
	// +kubebuilder:validation:MinItems=1
	Children []ChildTenants `json:"children,omitempty"`

	// namespaceLabels are added to the Namespaces of tenants that are in the build. Omitted:
	// none.
	// +optional
	// +kubebuilder:validation:MinProperties=1
	NamespaceLabels map[string]string `json:"namespaceLabels,omitempty"`
}

// AllowedPath binds names of Tenants to the files that may contain these Tenants. The file is known
// if tenantfence (build, render, verify) or kpt read it. It is unknown with kustomize build, and
// when tenantfence build falls back to running kustomize. Annotations of the Tenant are never used.
// If a layer changes the name or spec of a Tenant, its file is unknown. Tenants in spec.tenants of
// a TenantFence are not bound, because the platform team writes them.
type AllowedPath struct {
	// names are names of Tenants, or patterns in which * matches any characters.
	// +kubebuilder:validation:MinItems=1
	Names []string `json:"names"`
	// paths are files or patterns of files. They are relative to the folder that is built or
	// verified, or to the kpt package whose pipeline runs the function. Symbolic links are resolved
	// first. A file outside that folder matches no pattern. * matches any characters except the
	// slash. ** must be a whole segment. It matches any number of folders or, as the last segment,
	// every file below the folder. Patterns are case-sensitive.
	// +kubebuilder:validation:MinItems=1
	Paths []string `json:"paths"`
}

// ChildTenants makes Tenants the children of another Tenant. A Tenant has at most one parent: if
// entries give it several, or make it its own ancestor, that is an error. No Tenant is its own child, also if a pattern matches
// its name. Children of a child are not children of its parent, unless an entry of that parent lists
// them. A child gets neither the namespaces nor the limits of its parent. Bind the names to files
// with allowedPaths: a Tenant with a matching name is a child.
type ChildTenants struct {
	// parent is the name of the parent Tenant. If the build has children and not the parent, that is
	// a warning.
	Parent string `json:"parent"`
	// names are names of Tenants, or patterns in which * matches any characters. With * alone, every
	// other Tenant is a child, as with the peer anyTenant, and without its limit. A name without a
	// Tenant in the build is no error. A name in two entries of one parent is an error.
	// +kubebuilder:validation:MinItems=1
	Names []string `json:"names"`
}

// ExcludedNamespace is a namespace that is never fenced.
type ExcludedNamespace struct {
	// name is the name of the namespace.
	Name string `json:"name"`
	// reason is reported to a Tenant that claims the namespace.
	Reason string `json:"reason"`
}
