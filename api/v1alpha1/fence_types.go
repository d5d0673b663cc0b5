package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TenantFence configures the function: the functionConfig of a kustomize
// transformer or generator and of a kpt pipeline step. Its metadata.name is the
// fence's name, which every generated policy carries.
//
// +kubebuilder:object:root=true
type TenantFence struct {
	metav1.TypeMeta `json:",inline"`
	// metadata.name is the fence's name: a DNS label of at most 63 characters.
	metav1.ObjectMeta `json:"metadata"`

	Spec TenantFenceSpec `json:"spec,omitempty"`
}

// TenantFenceSpec is the body of a TenantFence.
type TenantFenceSpec struct {
	// stages that this run generates, replaces and removes; policies of other
	// stages are left alone. Omitted: [Baseline, Allow, DefaultDeny].
	// +optional
	// +kubebuilder:validation:MinItems=1
	Stages []Stage `json:"stages,omitempty"`

	// formerNames are names that this fence had before: policies that bear one of them
	// are this fence's, and get its name. Omitted: none.
	// +optional
	// +kubebuilder:validation:MinItems=1
	FormerNames []string `json:"formerNames,omitempty"`

	// profile is the FenceProfile's spec, inline. Omitted: the FenceProfile among
	// the items. Inline and among the items is an error.
	// +optional
	Profile *FenceProfileSpec `json:"profile,omitempty"`

	// profileName says which FenceProfile among the items, where there are several.
	// Omitted: the only one.
	// +optional
	ProfileName string `json:"profileName,omitempty"`

	// tenants are Tenants inline, for a generator, which sees no other resource.
	// They are added to the Tenants among the items. Omitted: none.
	// +optional
	Tenants []InlineTenant `json:"tenants,omitempty"`

	// emit are the names of the Tenants, and of the profile's nodes, whose policies are
	// written: those in their namespaces, whichever resource declares the flow. All Tenants
	// are read and all policies proved, so each folder of a repository can hold its own, and
	// consent is still decided. Policies of others that are in the build stay as they are, and
	// must be what the function generates: any other policy with this fence's label is an
	// error. A name that is neither is an error. Policies that belong to no Tenant, such as
	// cluster-wide ones about pods, are an error together with emit. Omitted: all are written.
	// +optional
	// +kubebuilder:validation:MinItems=1
	Emit []string `json:"emit,omitempty"`

	// variables are values for ${NAME} in the text of Tenants, FenceProfile, FlowTests and
	// of this TenantFence, by name: letters, digits and _. They stand in spec and, but for
	// a TenantFence's own, in metadata.name; the rest of metadata stays as it is. A value
	// stands for text, never for more YAML, and for a number or boolean where one is
	// expected. A ${NAME} without a value is an error, and so is one in a key. Other
	// resources that Flux substitutes, as hand-written policies and workloads, are read with
	// these values, and written as they are; a default, as in ${NAME:=value}, is no value. Omitted: none.
	// +optional
	// +kubebuilder:validation:MinProperties=1
	Variables map[string]string `json:"variables,omitempty"`

	// proof says whether the build is proved. Isolation: in every build in which all
	// stages are seen, the function proves that nothing is open that nobody declared,
	// and fails the build otherwise. None: it does not, and reports that. FlowTests, and
	// what the build opens and closes, are decided all the same. Omitted: Isolation.
	// +optional
	Proof Proof `json:"proof,omitempty"`
}

// InlineTenant is a Tenant within a TenantFence.
type InlineTenant struct {
	// name is the tenant's name, as metadata.name of a Tenant.
	Name string `json:"name"`
	// spec is a Tenant's spec.
	// +optional
	Spec TenantSpec `json:"spec,omitempty"`
}

// Stages are all of them, in the order in which they may be applied.
func Stages() []Stage { return []Stage{StageBaseline, StageAllow, StageDefaultDeny} }

// Stage is a step of a rollout. Everything before DefaultDeny is additive.
// +kubebuilder:validation:Enum=Baseline;Allow;DefaultDeny
type Stage string

// The stages, in the order in which they may be applied.
const (
	// StageBaseline holds DNS, intra-namespace, apiserver and monitoring allows.
	StageBaseline Stage = "Baseline"
	// StageAllow holds the flows of tenants and profile.
	StageAllow Stage = "Allow"
	// StageDefaultDeny holds what closes the rest.
	StageDefaultDeny Stage = "DefaultDeny"
)

// Proof says what a build is held against.
// +kubebuilder:validation:Enum=Isolation;None
type Proof string

// The proofs.
const (
	// ProofIsolation: nothing is open that nobody declared.
	ProofIsolation Proof = "Isolation"
	// ProofNone: nothing is proved.
	ProofNone Proof = "None"
)
