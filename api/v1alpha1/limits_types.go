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
