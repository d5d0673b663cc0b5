package v1alpha1

// ForbiddenPath is a path through pods that must not exist: connections in a row, from one
// endpoint to another.
type ForbiddenPath struct {
	// from is where the path begins, as in the cases of a FlowTest, or the name of a Tenant or
	// namespace. "external" and "world" are everything outside the cluster.
	From string `json:"from"`

	// to is where the path ends, as from.
	To string `json:"to"`

	// withinHops is the number of connections that are followed. 1 forbids only the connection
	// itself. Omitted: any number.
	// +optional
	// +kubebuilder:validation:Minimum=1
	WithinHops int `json:"withinHops,omitempty"`
}
