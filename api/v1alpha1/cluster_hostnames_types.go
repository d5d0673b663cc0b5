package v1alpha1

// ClusterHostname lists public names that resolve to addresses of this cluster: those of a
// Service, or of Cilium's own Gateway. Exactly one of service and entity is set.
type ClusterHostname struct {
	// fqdns are names and patterns, as a peer's fqdns. Names of the cluster's own DNS are an
	// error.
	// +kubebuilder:validation:MinItems=1
	FQDNs []string `json:"fqdns"`

	// service is "namespace/name" of the Service, in the build or its inventory, to whose
	// address the names resolve. It must select pods. Omitted: entity.
	// +optional
	Service string `json:"service,omitempty"`

	// tenant is the Tenant whose pods the Service selects: all of them must be its own, and
	// their containers must declare the ports that the Service sends to. Required where the
	// Service's namespace is one of sharedNamespaces, in which any of its tenants may write
	// the Service; else omitted.
	// +optional
	Tenant string `json:"tenant,omitempty"`

	// entity is ingress, where the names resolve to Cilium's own Gateway or Ingress, whose
	// Service selects no pods. A flow to the names becomes one to this entity, on
	// the flow's ports. Cilium decides such a flow once more at its proxy, by the pods
	// behind the routes and their own ports: a Tenant declares flows to these as well. Only
	// with cni: Cilium. Omitted: service.
	// +optional
	Entity Entity `json:"entity,omitempty"`
}
