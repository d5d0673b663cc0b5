package v1alpha1

// ProofBudget bounds the size of the proof, so that a selector that needs too many pods is
// an error and not a build that never ends.
type ProofBudget struct {
	// representatives is the most representative pods, and the most representative nodes,
	// that the proof adds to those of the build. It adds one of each class that the
	// selectors of policies and Tenants distinguish, in each namespace in which they select.
	// A build that needs more is an error, which names the policy that needs the most. The
	// unit is the number of pods or nodes. Omitted: 20000.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=60000
	Representatives int32 `json:"representatives,omitempty"`
}

// DefaultRepresentatives is the budget of representatives where a profile sets none.
// MaxRepresentatives is the most that it may set: Cilium has 65,279 identities for all pods
// of a cluster.
const (
	DefaultRepresentatives = 20_000
	MaxRepresentatives     = 60_000
)
