package proof

import (
	"fmt"
	"slices"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/reach"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// compareNetworkPolicyForm decides the two forms of policies separately, each by its own enforcer, and
// reports where another enforcer than Cilium allows more or less. Undeclared access under
// NetworkPolicies alone is an error, as under Cilium.
func (p proof) compareNetworkPolicyForm() (report.Findings, error) {
	kubernetes := func(n *yaml.RNode) bool { return n.GetKind() == resource.KindKubernetes }
	isCilium := func(n *yaml.RNode) bool { return !kubernetes(n) }
	// A feature that agents lack must not hide a difference between the forms.
	one, rejected, err := readEnforced(p.Fence.WithAgent(cilium.AllFeatures()), p.index, slices.DeleteFunc(slices.Clone(p.items), kubernetes), nil)
	if err != nil || rejected.HasError() {
		return rejected, err
	}
	other, found, err := readEnforced(p.NetworkPolicyForm, p.index, slices.DeleteFunc(slices.Clone(p.items), isCilium), nil)
	if err != nil || found.HasError() {
		return found, err
	}
	subject := reach.Proof{
		Fence: p.NetworkPolicyForm, Endpoints: reach.Endpoints{Index: p.index, Fence: p.NetworkPolicyForm},
		Policies: policiesOfBuild(p.NetworkPolicyForm, p.items, func(n *yaml.RNode) bool { return p.own[n] }), Slice: p.slice, Sources: declaringRefs(p.in), Progress: p.progress,
	}
	findings, err := isolationFindings(subject, other.Program)
	if err != nil {
		return nil, err
	}
	subject.NetworkPolicyForm = p.NetworkPolicyForm
	views, err := subject.Compile(nil, reach.WithRepresentatives, one.Program, other.Program)
	if err != nil {
		return nil, fmt.Errorf("compare both forms: %w", err)
	}
	subject.View = views[0]
	differences, err := subject.CompareForms(views[1])
	if err != nil {
		return nil, fmt.Errorf("compare both forms: %w", err)
	}
	return slices.Concat(found, findings, differences), nil
}
