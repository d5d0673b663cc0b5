package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// FlowTest says which flows must work and which must not.
//
// +kubebuilder:object:root=true
type FlowTest struct {
	metav1.TypeMeta `json:",inline"`
	// metadata.name names the FlowTest in what is reported.
	metav1.ObjectMeta `json:"metadata"`

	Spec FlowTestSpec `json:"spec"`
}

// FlowTestSpec is the body of a FlowTest.
type FlowTestSpec struct {
	// cases are decided one by one.
	// +kubebuilder:validation:MinItems=1
	Cases []FlowCase `json:"cases"`
}

// FlowCase is one flow and what must become of it.
type FlowCase struct {
	// name says what the flow is for, unique in the FlowTest.
	Name string `json:"name"`

	// from is the endpoint that connects: a workload ("tenant-acme/Deployment/adapter",
	// or "tenant-acme/adapter" where one kind bears the name; a tenant's name
	// stands for its namespaces), an entity ("world"), or an address.
	From string `json:"from"`

	// to is the endpoint that is reached: as from, or a name outside the cluster
	// ("api.openai.com").
	To string `json:"to"`

	// port at the endpoint that is reached: a pod's own port, not a Service's.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	Port int32 `json:"port"`

	// protocol is TCP, UDP or SCTP. Omitted: TCP.
	// +optional
	Protocol Protocol `json:"protocol,omitempty"`

	// expect is Allow (every end that policies judge allows it) or Deny (an end
	// does not).
	Expect Expectation `json:"expect"`
}

// Expectation is what must become of a flow.
// +kubebuilder:validation:Enum=Allow;Deny
type Expectation string

// The expectations.
const (
	ExpectAllow Expectation = "Allow"
	ExpectDeny  Expectation = "Deny"
)
