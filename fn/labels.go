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
// the namespaces that have a default-deny, around the pods that this selects, or that a
// cluster-wide one selects.
func labelledFence(items []*yaml.RNode) *policy.Fence {
	owners := owners{}
	fence := &policy.Fence{Cluster: v1alpha1.Cluster{CiliumVersion: newest}}
	var closed *policy.Span
	for _, n := range fenced(items) {
		fence.Name = n.GetLabels()[resource.LabelFence]
		switch {
		case n.GetKind() != resource.KindClusterwide:
			owners.add(n)
		case n.GetLabels()[resource.LabelFamily] == string(policy.DefaultDeny):
			span := spanOf(n)
			closed = &span
		}
	}
	if closed != nil && len(closed.Only) == 0 {
		fence.Clusterwide = &policy.Clusterwide{Enforcement: v1alpha1.Enforce, Apart: closed.Except}
	}
	for _, key := range slices.SortedFunc(maps.Keys(owners), func(a, b [2]string) int { return slices.Compare(a[:], b[:]) }) {
		t := *owners[key]
		if fence.Spanned(key[0]) || closed != nil && slices.Contains(closed.Only, key[0]) {
			t.Enforcement = v1alpha1.Enforce
		}
		if t.Shares() || !owners.shared(key[0]) {
			fence.Tenants = append(fence.Tenants, t)
		}
	}
	return fence
}

// owners are the tenants that policies name, by namespace and name.
type owners map[[2]string]*policy.Tenant

func (o owners) add(n *yaml.RNode) {
	labels := n.GetLabels()
	key := [2]string{n.GetNamespace(), labels[resource.LabelTenant]}
	if o[key] == nil {
		o[key] = &policy.Tenant{Name: key[1], Namespaces: []string{key[0]}, Enforcement: v1alpha1.Audit}
	}
	if labels[resource.LabelFamily] == string(policy.DefaultDeny) {
		o[key].Enforcement, o[key].Pods = v1alpha1.Enforce, subjectOf(n)
	}
}

// shared says whether a default-deny closes a part of a namespace only. Of who shares it
// in Audit the labels do not tell the pods.
func (o owners) shared(namespace string) bool {
	for key, t := range o {
		if key[0] == namespace && t.Shares() {
			return true
		}
	}
	return false
}

// subjectOf are the pods that a generated policy selects.
func subjectOf(n *yaml.RNode) policy.Selector {
	var read struct {
		Spec struct {
			EndpointSelector policy.Selector `json:"endpointSelector"`
		} `json:"spec"`
	}
	data, err := n.MarshalJSON()
	if err != nil || json.Unmarshal(data, &read) != nil {
		return policy.Selector{}
	}
	return read.Spec.EndpointSelector
}

// spanOf are the namespaces that a generated cluster-wide policy selects.
func spanOf(n *yaml.RNode) policy.Span {
	var out policy.Span
	for _, e := range subjectOf(n).MatchExpressions {
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
