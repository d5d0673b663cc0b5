package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TenantFence configures the function. It is the functionConfig of a kustomize transformer or
// generator, and of a kpt pipeline step. Its metadata.name is the name of the fence, which
// every generated policy has as a label.
//
// +kubebuilder:object:root=true
type TenantFence struct {
	metav1.TypeMeta `json:",inline"`
	// metadata.name is the name of the fence: a DNS label of at most 63 characters.
	metav1.ObjectMeta `json:"metadata"`

	Spec TenantFenceSpec `json:"spec,omitempty"`
}

// TenantFenceSpec is the body of a TenantFence.
type TenantFenceSpec struct {
	// stages are the stages that this run generates, replaces and removes. Policies of other
	// stages stay as they are. Omitted: [Baseline, Allow, DefaultDeny].
	// +optional
	// +kubebuilder:validation:MinItems=1
	Stages []Stage `json:"stages,omitempty"`

	// formerNames are earlier names of this fence. Policies with one of them belong to this
	// fence, and get its name. Omitted: none.
	// +optional
	// +kubebuilder:validation:MinItems=1
	FormerNames []string `json:"formerNames,omitempty"`

	// adopt are hand-written policies that generated policies of other names replace. Each is
	// removed from the output, and the traffic that this allows or denies is reported. An entry
	// has no effect where its policy does not exist, so it can stay. Omitted: none. A
	// hand-written policy with the kind and name of a generated one can be adopted by the
	// annotation tenantfence.dev/adopt, too.
	// +optional
	// +kubebuilder:validation:MinItems=1
	Adopt []Adoption `json:"adopt,omitempty"`

	// profile is the spec of a FenceProfile, inline. It is an error if the items contain a
	// FenceProfile, too. Omitted: the FenceProfile among the items.
	// +optional
	Profile *FenceProfileSpec `json:"profile,omitempty"`

	// profileName selects one of several FenceProfiles among the items by its name. It is an
	// error with profile. Omitted: the only FenceProfile.
	// +optional
	ProfileName string `json:"profileName,omitempty"`

	// tenants are Tenants inline, for a generator, which receives no other resources. They are
	// added to the Tenants among the items. Omitted: none.
	// +optional
	Tenants []InlineTenant `json:"tenants,omitempty"`

	// emit are the names of Tenants, and of the profile's nodes, whose policies are written:
	// all policies in their namespaces, for whichever resource declares the flow. Each folder
	// of a repository can thus contain its own policies. All Tenants are still read, consent
	// is decided and all policies are proved. Policies of other tenants in the build stay as
	// they are, and must equal what the function generates. Any other policy with this fence's
	// label is an error, and so is a name that does not exist. Policies that belong to no
	// Tenant, such as cluster-wide policies on pods, are an error with emit. Omitted: all
	// policies are written.
	// +optional
	// +kubebuilder:validation:MinItems=1
	Emit []string `json:"emit,omitempty"`

	// variables are the values of ${NAME}, by name. A name consists of letters, digits and _,
	// and does not begin with a digit.
	//
	// The function replaces ${NAME} in spec and metadata.name of Tenants, FenceProfiles and
	// FlowTests, and in spec of this TenantFence. The rest of metadata stays as it is. A value
	// is text, never YAML structure; it is a number or boolean where the field requires one.
	// A ${NAME} without a value is an error, and so is one in a key.
	//
	// Other resources that Flux substitutes, such as hand-written policies and workloads, are
	// read with these values and written unchanged. A default, as in ${NAME:=value}, is not a
	// value.
	//
	// Omitted: none.
	// +optional
	// +kubebuilder:validation:MinProperties=1
	Variables map[string]string `json:"variables,omitempty"`

	// proof is Isolation or None. With Isolation, the function proves that no undeclared
	// access is allowed, and fails the build otherwise. It does so in every build with all
	// stages. With None, it does not prove this, and reports that. FlowTests, and the access
	// that a build adds and removes, are decided with both. Omitted: Isolation.
	// +optional
	Proof Proof `json:"proof,omitempty"`
}

// Adoption replaces a hand-written policy by a generated one.
type Adoption struct {
	// name is the name of the hand-written policy. It is an error if a fence generates this
	// policy, or if the policy has the annotation tenantfence.dev/patch or is an external
	// resource.
	Name string `json:"name"`

	// as is the name of the generated policy. It is an error if none of this name is generated
	// in the namespace of the hand-written policy. If this run does not write it, because of
	// stages or emit, the hand-written policy stays.
	As string `json:"as"`

	// namespaces are those of the hand-written policies. It is an error with kind
	// CiliumClusterwideNetworkPolicy, which has no namespace. Omitted: all namespaces of the
	// Tenants, and policies without a namespace.
	// +optional
	// +kubebuilder:validation:MinItems=1
	Namespaces []string `json:"namespaces,omitempty"`

	// kind is the kind of the hand-written policy. The generated policy may have another.
	// Omitted: each of these kinds.
	// +optional
	Kind PolicyKind `json:"kind,omitempty"`
}

// PolicyKind is a kind of policy that a fence can adopt.
// +kubebuilder:validation:Enum=NetworkPolicy;CiliumNetworkPolicy;CiliumClusterwideNetworkPolicy
type PolicyKind string

// The kinds of policy.
const (
	// KindNetworkPolicy is a policy of Kubernetes.
	KindNetworkPolicy PolicyKind = "NetworkPolicy"
	// KindCiliumPolicy is a policy of Cilium for one namespace.
	KindCiliumPolicy PolicyKind = "CiliumNetworkPolicy"
	// KindClusterwidePolicy is a policy of Cilium for all namespaces.
	KindClusterwidePolicy PolicyKind = "CiliumClusterwideNetworkPolicy"
)

// InlineTenant is a Tenant in a TenantFence.
type InlineTenant struct {
	// name is the tenant's name: a DNS label of at most 63 characters, unique in the build.
	Name string `json:"name"`
	// spec is the spec of a Tenant. Omitted: the defaults of each field.
	// +optional
	Spec TenantSpec `json:"spec,omitempty"`
}

// Stages returns all stages, in the order in which they may be applied.
func Stages() []Stage { return []Stage{StageBaseline, StageAllow, StageDefaultDeny} }

// Stage is a step of a rollout. The stages before DefaultDeny only add allows.
// +kubebuilder:validation:Enum=Baseline;Allow;DefaultDeny
type Stage string

// The stages, in the order in which they may be applied.
const (
	// StageBaseline is the allows for DNS, intra-namespace flows, apiserver and monitoring.
	StageBaseline Stage = "Baseline"
	// StageAllow is the allows for the flows of tenants and profile.
	StageAllow Stage = "Allow"
	// StageDefaultDeny is the policies that deny all other traffic.
	StageDefaultDeny Stage = "DefaultDeny"
)

// Proof is what the function proves of a build.
// +kubebuilder:validation:Enum=Isolation;None
type Proof string

// The proofs.
const (
	// ProofIsolation: no undeclared access is allowed.
	ProofIsolation Proof = "Isolation"
	// ProofNone: isolation is not proved.
	ProofNone Proof = "None"
)
