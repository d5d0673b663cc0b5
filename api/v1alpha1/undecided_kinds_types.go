package v1alpha1

// UndecidedKind is a kind of resource that affects traffic and that the proof does not
// decide.
type UndecidedKind struct {
	// group is the API group of the kind, as in apiVersion but without the version:
	// security.istio.io. Omitted: the core group.
	// +optional
	Group string `json:"group,omitempty"`

	// kind is one kind of the group: AuthorizationPolicy.
	Kind string `json:"kind"`

	// reason states why resources of the kind do not change what is proved. Reports print it.
	Reason string `json:"reason"`
}
