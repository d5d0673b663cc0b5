package fn

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
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
// the namespaces that have a default-deny, or that a cluster-wide one selects.
func labelledFence(items []*yaml.RNode) *policy.Fence {
	type owner struct {
		tenant      string
		enforcement v1alpha1.Enforcement
	}
	owners := map[string]owner{}
	fence := &policy.Fence{Cluster: v1alpha1.Cluster{CiliumVersion: newest}}
	var closed policy.Span
	for _, n := range fenced(items) {
		labels := n.GetLabels()
		fence.Name = labels[resource.LabelFence]
		closes := labels[resource.LabelFamily] == string(policy.DefaultDeny)
		switch {
		case n.GetKind() != resource.KindClusterwide:
			o := owner{labels[resource.LabelTenant], v1alpha1.Audit}
			if closes || owners[n.GetNamespace()].enforcement == v1alpha1.Enforce {
				o.enforcement = v1alpha1.Enforce
			}
			owners[n.GetNamespace()] = o
		case closes:
			closed = spanOf(n)
			fence.Clusterwide = &policy.Clusterwide{Enforcement: v1alpha1.Enforce, Apart: closed.Except}
		}
	}
	if len(closed.Only) > 0 {
		fence.Clusterwide = nil
	}
	for _, ns := range slices.Sorted(maps.Keys(owners)) {
		o := owners[ns]
		if fence.Spanned(ns) || slices.Contains(closed.Only, ns) {
			o.enforcement = v1alpha1.Enforce
		}
		fence.Tenants = append(fence.Tenants, policy.Tenant{Name: o.tenant, Namespaces: []string{ns}, Enforcement: o.enforcement})
	}
	return fence
}

// spanOf are the namespaces that a generated cluster-wide policy selects.
func spanOf(n *yaml.RNode) policy.Span {
	var read struct {
		Spec struct {
			EndpointSelector metav1.LabelSelector `json:"endpointSelector"`
		} `json:"spec"`
	}
	var out policy.Span
	data, err := n.MarshalJSON()
	if err != nil || json.Unmarshal(data, &read) != nil {
		return out
	}
	for _, e := range read.Spec.EndpointSelector.MatchExpressions {
		switch e.Operator {
		case metav1.LabelSelectorOpIn:
			out.Only = e.Values
		case metav1.LabelSelectorOpNotIn:
			out.Except = e.Values
		}
	}
	return out
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
