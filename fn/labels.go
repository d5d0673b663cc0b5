package fn

import (
	"errors"
	"maps"
	"slices"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/engine"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/reach"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// proveByLabels proves isolation where only the labels of policies tell what was meant:
// which namespaces are whose, which are closed, and which policies may open something.
func proveByLabels(name string, index *resource.Index, items []*yaml.RNode, progress policy.Progress) (policy.Report, error) {
	fence := labelledFence(name, items)
	e, err := newEngine(fence, index, items, audited(fence))
	var rejected engine.RejectedError
	if errors.As(err, &rejected) {
		return policy.Report{Findings: rejections(fence.Cluster, rejected, items)}, nil
	}
	if err != nil {
		return policy.Report{}, err
	}
	trusted := map[string]bool{}
	for _, n := range labelled(name, items) {
		trusted[resource.PolicyName(resource.RefOf(n))] = true
	}
	p := reach.Proof{
		Engine: e, Fence: fence, Endpoints: reach.Endpoints{Index: index, Fence: fence},
		Policies: policiesByName(fence, items), Trusted: trusted, Progress: progress,
	}
	isolation, findings, err := p.Isolation()
	isolation.Audited = names(audited(fence))
	return policy.Report{Isolation: &isolation, Findings: findings}, err
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
