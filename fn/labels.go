package fn

import (
	"fmt"
	"maps"
	"slices"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/reach"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// proveByLabels proves isolation where only the labels of policies tell what was meant:
// which namespaces are whose, which are closed, and which policies may open something.
func proveByLabels(name string, index *resource.Index, items []*yaml.RNode, progress policy.Progress) (policy.Report, error) {
	fence := labelledFence(name, items)
	p := proof{index: index, fence: fence, items: items, progress: progress}
	e, said, err := p.engine()
	if err != nil || said.HasError() {
		return policy.Report{Findings: said}, err
	}
	trusted := map[string]bool{}
	for _, n := range labelled(name, items) {
		trusted[resource.PolicyName(resource.RefOf(n))] = true
	}
	subject := reach.Proof{
		Engine: e, Fence: fence, Endpoints: reach.Endpoints{Index: index, Fence: fence},
		Policies: policiesByName(fence, items), Trusted: trusted, Progress: progress,
	}
	isolation, findings, err := subject.Isolation()
	isolation.Audited = names(audited(fence))
	return policy.Report{Isolation: &isolation, Findings: slices.Concat(said, findings, notClosed(fence))}, err
}

// notClosed are namespaces of tenants without a default-deny: in Audit, or without what
// once closed them.
func notClosed(fence *policy.Fence) policy.Findings {
	var out policy.Findings
	for _, t := range audited(fence) {
		out = append(out, policy.Finding{
			Check: "not-closed", Severity: policy.Warning, Resource: policy.Ref{APIVersion: "v1", Kind: "Namespace", Name: t.Namespaces[0]},
			Message: fmt.Sprintf("has no default-deny, so nothing is closed there: Tenant %q is in Audit, or the policy is missing, which only Tenants tell (--inputs)", t.Name),
		})
	}
	return out
}

// labelled are the policies that bear the label of one fence.
func labelled(name string, items []*yaml.RNode) []*yaml.RNode {
	return slices.DeleteFunc(fenced(items), func(n *yaml.RNode) bool { return n.GetLabels()[resource.LabelFence] != name })
}

// labelledFence is what the labels of policies tell of a fence: a tenant is enforced in
// the namespaces that have a default-deny.
func labelledFence(name string, items []*yaml.RNode) *policy.Fence {
	closed, owners := map[string]bool{}, map[string]string{}
	for _, n := range labelled(name, items) {
		owners[n.GetNamespace()] = n.GetLabels()[resource.LabelTenant]
		closed[n.GetNamespace()] = closed[n.GetNamespace()] || n.GetLabels()[resource.LabelFamily] == string(policy.DefaultDeny)
	}
	fence := &policy.Fence{Name: name, Cluster: v1alpha1.Cluster{CNI: v1alpha1.CNICilium, CiliumVersion: newest}}
	if !slices.ContainsFunc(items, isCilium) {
		fence.Cluster, fence.Policies = v1alpha1.Cluster{CNI: v1alpha1.CNIKubernetes}, v1alpha1.PoliciesKubernetes
	}
	for _, ns := range slices.Sorted(maps.Keys(owners)) {
		t := policy.Tenant{Name: owners[ns], Namespaces: []string{ns}, Enforcement: v1alpha1.Audit}
		if closed[ns] {
			t.Enforcement = v1alpha1.Enforce
		}
		fence.Tenants = append(fence.Tenants, t)
	}
	return fence
}

// isCilium says whether a policy is one that Cilium alone knows. Where none is, another
// enforcer is taken to be there, which matches more.
func isCilium(n *yaml.RNode) bool {
	return resource.Group(n) == "cilium.io" && resource.IsPolicy(n)
}

// newest is the version of Cilium whose engine decides.
const newest = "1.20"

func names(tenants []policy.Tenant) []string {
	var out []string
	for _, t := range tenants {
		out = append(out, t.Name)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
