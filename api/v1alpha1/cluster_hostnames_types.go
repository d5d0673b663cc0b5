package v1alpha1

// ClusterHostname lists public names that resolve to addresses of this cluster: those of a
// Service, or of Cilium's own Gateway. Exactly one of service and entity is set.
type ClusterHostname struct {
	// fqdns are names and patterns, as in the fqdns of a peer. Names of the cluster's own DNS
	// are an error.
	// +kubebuilder:validation:MinItems=1
	FQDNs []string `json:"fqdns"`

	// service is "namespace/name" of the Service that the names resolve to. It must be in the
	// build or among its external resources, and must select pods. Omitted: entity is set.
	// +optional
	Service string `json:"service,omitempty"`

	// tenant is the Tenant whose pods the Service selects. All of the pods must belong to it,
	// and their containers must declare the target ports of the Service. It is required if the
	// Service is in one of sharedNamespaces, where any tenant of the namespace may write the
	// Service. Elsewhere it may only be the tenant of the namespace. Omitted: that tenant, if
	// the namespace has one.
	// +optional
	Tenant string `json:"tenant,omitempty"`

	// entity is ingress if the names resolve to Cilium's own Gateway or Ingress, whose Service
	// selects no pods. A flow to the names becomes a flow to this entity, on the flow's ports.
	// Cilium's proxy then enforces policies again for the pods behind the routes, on their own
	// ports: a Tenant declares flows to these pods as well. Only with cni: Cilium. Omitted:
	// service is set.
	// +optional
	Entity Entity `json:"entity,omitempty"`
}
