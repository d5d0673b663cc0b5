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
func proveByLabels(index *resource.Index, items []*yaml.RNode, progress policy.Progress) (policy.Report, error) {
	fence := labelledFence(items)
	e, err := newEngine(fence, index, items, audited(fence))
	var rejected engine.RejectedError
	if errors.As(err, &rejected) {
		return policy.Report{Findings: rejections(rejected, items)}, nil
	}
	if err != nil {
		return policy.Report{}, err
	}
	trusted := map[string]bool{}
	for _, n := range fenced(items) {
		trusted[nameOf(resource.RefOf(n))] = true
	}
	p := reach.Proof{
		Engine: e, Fence: fence, Endpoints: reach.Endpoints{Index: index, Fence: fence},
		Policies: policiesByName(fence, items), Trusted: trusted, Progress: progress,
	}
	isolation, findings, err := p.Isolation()
	isolation.Audited = names(audited(fence))
	return policy.Report{Isolation: &isolation, Findings: findings}, err
}

// labelledFence is what the labels of policies tell of a fence: a tenant is enforced in
// the namespaces that have a default-deny.
func labelledFence(items []*yaml.RNode) *policy.Fence {
	type owner struct {
		tenant      string
		enforcement v1alpha1.Enforcement
	}
	owners := map[string]owner{}
	fence := &policy.Fence{Cluster: v1alpha1.Cluster{CNI: v1alpha1.CNICilium, CiliumVersion: newest}}
	if !slices.ContainsFunc(items, isCilium) {
		fence.Cluster, fence.Policies = v1alpha1.Cluster{CNI: v1alpha1.CNIKubernetes}, v1alpha1.PoliciesKubernetes
	}
	for _, n := range fenced(items) {
		labels := n.GetLabels()
		fence.Name = labels[resource.LabelFence]
		o := owner{labels[resource.LabelTenant], v1alpha1.Audit}
		if have := owners[n.GetNamespace()]; labels[resource.LabelFamily] == string(policy.DefaultDeny) || have.enforcement == v1alpha1.Enforce {
			o.enforcement = v1alpha1.Enforce
		}
		owners[n.GetNamespace()] = o
	}
	for _, ns := range slices.Sorted(maps.Keys(owners)) {
		fence.Tenants = append(fence.Tenants, policy.Tenant{Name: owners[ns].tenant, Namespaces: []string{ns}, Enforcement: owners[ns].enforcement})
	}
	return fence
}

// isCilium says whether a policy is one that Cilium alone knows. Where none is, another
// enforcer is taken to be there, which matches more.
func isCilium(n *yaml.RNode) bool {
	return resource.Group(n) == "cilium.io" && isNetworkPolicy(n)
}

// newest is the version of Cilium whose engine decides.
const newest = "1.20"

func names(tenants []policy.Tenant) []string {
	var out []string
	for _, t := range tenants {
		out = append(out, t.Name)
	}
	return slices.Compact(out)
}
