package v1alpha1

// Limits says how far a Tenant may reach. An omitted limit allows none of its
// kind, except ports.
type Limits struct {
	// fqdns are the names and patterns that cover every name a Tenant may ask for, as a
	// peer or in dns. Omitted: none.
	// +optional
	FQDNs []string `json:"fqdns,omitempty"`

	// cidrs are the networks that cover the union of all a Tenant asks for.
	// Omitted: none.
	// +optional
	CIDRs []string `json:"cidrs,omitempty"`

	// entities that a Tenant may name. Omitted: none.
	// +optional
	Entities []Entity `json:"entities,omitempty"`

	// ports that a Tenant's flows may use. Omitted: any.
	// +optional
	// +kubebuilder:validation:MinItems=1
	Ports []Port `json:"ports,omitempty"`

	// icmp are the types of ICMP message that a Tenant's flows may use. Where it is set, a
	// flow must list its ports or icmp, since every port of every protocol includes ICMP.
	// []: none. Omitted: any type, or none where limits.ports is set.
	// +optional
	ICMP []ICMPType `json:"icmp,omitzero"`

	// egressPoints that a Tenant's via may name. Omitted: none.
	// +optional
	EgressPoints []string `json:"egressPoints,omitempty"`

	// namespaces that a Tenant's namespace and service peers may name besides its
	// own and those of consenting tenants. Omitted: none.
	// +optional
	Namespaces []string `json:"namespaces,omitempty"`

	// namespaceLabels: true lets a Tenant name namespaces by their labels. Omitted:
	// false.
	// +optional
	NamespaceLabels *bool `json:"namespaceLabels,omitempty"`

	// anyTenant: true lets a Tenant name every tenant at once. Omitted: false.
	// +optional
	AnyTenant *bool `json:"anyTenant,omitempty"`

	// hostNetwork: true lets a tenant have hostNetwork pods, which no policy
	// selects. Omitted: false, such a pod is an error.
	// +optional
	HostNetwork *bool `json:"hostNetwork,omitempty"`

	// l7 are the kinds of rule about what is spoken on a port that a Tenant's flows may
	// hold: HTTP for http, DNS for dns, TLS for tls. Omitted: none.
	// +optional
	L7 []L7Kind `json:"l7,omitempty"`

	// secrets that a Tenant's tls may name, as "namespace/name" in which * stands for any
	// characters but the slash: whoever names one has Cilium's proxy speak with it.
	// Omitted: none.
	// +optional
	Secrets []string `json:"secrets,omitempty"`

	// enforcement lists how much looser than the profile a Tenant may be: [AllowOnly]
	// lets it stay in AllowOnly. Enforce is always allowed. Omitted: none.
	// +optional
	Enforcement []Enforcement `json:"enforcement,omitempty"`
}

// Override changes limits and enforcement for some tenants.
type Override struct {
	// tenants are names, or patterns in which * stands for any characters.
	// +kubebuilder:validation:MinItems=1
	Tenants []string `json:"tenants"`
	// limits replace those of the profile, field by field: a field that is omitted
	// here stays as it is.
	// +optional
	Limits *Limits `json:"limits,omitempty"`
	// enforcement replaces the profile's. Omitted: the profile's.
	// +optional
	Enforcement Enforcement `json:"enforcement,omitempty"`
}
