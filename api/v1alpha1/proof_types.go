package v1alpha1

// ProofBudget bounds the size of the proof. Without a bound, one selector could need so many
// representative pods that the build never finishes; beyond the bound, it is an error.
type ProofBudget struct {
	// representatives is the largest number of representative pods, and of representative nodes,
	// that the proof adds to those of the build. It adds one for each set of pods that some
	// selector of a policy or Tenant distinguishes, in each namespace that the selector applies to.
	// A build that needs more is an error, which names the policy that needs the most. Omitted:
	// 20000.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=60000
	Representatives int32 `json:"representatives,omitempty"`
}

// DefaultRepresentatives is the budget of a profile that sets none. MaxRepresentatives is the
// largest budget: Cilium has 65,279 identities for all pods of a cluster.
const (
	DefaultRepresentatives = 20_000
	MaxRepresentatives     = 60_000
)

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
