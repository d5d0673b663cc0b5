package fn

import (
	"fmt"
	"slices"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/reach"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// compareTwin decides the two forms of policies apart, each by its own enforcer, and says
// where another enforcer than Cilium would let more or less pass. What NetworkPolicies
// alone open that nothing declares is an error, as it is under Cilium.
func (p proof) compareTwin() (policy.Findings, error) {
	kubernetes := func(n *yaml.RNode) bool { return n.GetKind() == resource.KindKubernetes }
	cilium := func(n *yaml.RNode) bool { return !kubernetes(n) }
	// What agents do not handle must not hide a difference between the forms.
	fence := *p.fence
	fence.Agent = policy.EveryFeature()
	one, _, err := enforce(&fence, p.index, slices.DeleteFunc(slices.Clone(p.items), kubernetes), closing{})
	if err != nil {
		return nil, err
	}
	other, said, err := enforce(p.twin, p.index, slices.DeleteFunc(slices.Clone(p.items), cilium), closing{})
	if err != nil || said.HasError() {
		return said, err
	}
	subject := reach.Proof{
		Engine: other.Engine, Fence: p.twin, Endpoints: reach.Endpoints{Index: p.index, Fence: p.twin},
		Policies: policiesByName(p.twin, p.items, func(n *yaml.RNode) bool { return p.own[n] }), Sources: sourcesOf(p.in), Progress: p.progress,
	}
	_, findings, err := subject.Isolation()
	if err != nil {
		return nil, err
	}
	subject.Engine, subject.Twin = one.Engine, p.twin
	differences, err := subject.Parity(other.Engine)
	if err != nil {
		return nil, fmt.Errorf("compare both forms: %w", err)
	}
	return slices.Concat(said, findings, differences), nil
}
