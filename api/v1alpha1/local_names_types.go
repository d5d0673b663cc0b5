package v1alpha1

// LocalName says of public names that they end at pods of this cluster.
type LocalName struct {
	// fqdns are names and patterns, as a peer's fqdns. A name of the cluster's own DNS is
	// none.
	// +kubebuilder:validation:MinItems=1
	FQDNs []string `json:"fqdns"`

	// service is "namespace/name" of the Service, in the build or its inventory, at whose
	// address the names end. It must select pods.
	Service string `json:"service"`
}
