package fn

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/tenantfence/tenantfence/internal/report"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/lint"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/reach"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// reportByLabels reports what the labels of policies show: which namespaces have a
// default-deny, and what every policy there allows, those with labels too.
func reportByLabels(name string, index *resource.Index, items []*yaml.RNode, progress policy.Progress) (policy.Report, error) {
	fence := fenceFromLabels(name, items)
	var found report.Findings
	fence.Agent, _, found = index.AgentOf(fence.Cluster, report.Ref{}, nil)
	if len(fence.Nodes) > 0 {
		// What they do is shown as if agents enforced them.
		fence.Agent = fence.Agent.With(policy.EnableHostFirewall, "true", "")
	}
	result := policy.Report{Unproved: []string{labelSummary(fence)}}
	e, reported, err := startEngine(fence, index, items, allowOnly(fence))
	covered, _ := lint.Coverage(fence, index, items)
	reported = slices.Concat(covered, reported, found)
	if result.Findings = reported; err != nil || reported.HasError() {
		return result, err
	}
	subject := reach.Proof{
		Engine: e.Engine, Fence: fence, Endpoints: reach.Endpoints{Index: index, Fence: fence},
		Policies: policiesByName(fence, items, func(n *yaml.RNode) bool { return resource.FenceOf(n) == name }), IntentUnknown: true, Progress: progress,
	}
	_, findings, err := subject.Isolation()
	exceeded, err := budgetFinding(fence, items, err)
	result.Findings = slices.Concat(reported, findings, exceeded, subject.HostNetworkFindings(), withoutDefaultDeny(fence))
	return result, err
}

// labelSummary is why labels verify nothing, and what they show.
func labelSummary(fence *policy.Fence) string {
	with, without := map[string]bool{}, map[string]bool{}
	for _, t := range fence.Tenants {
		of := with
		if t.Enforcement != v1alpha1.Enforce {
			of = without
		}
		for _, ns := range t.Namespaces {
			of[ns] = true
		}
	}
	return fmt.Sprintf("no Tenant and no FlowTest is known, and labels prove nothing, since everyone who writes a policy writes its labels: add --inputs DIR where the Tenants are; by label %s with a default-deny, %s without",
		policy.Count(len(with), "namespace"), policy.Count(len(without), "namespace"))
}

// withoutDefaultDeny are namespaces of tenants without a default-deny: in AllowOnly, or without what
// once closed them.
func withoutDefaultDeny(fence *policy.Fence) report.Findings {
	var out report.Findings
	for _, t := range allowOnly(fence).tenants {
		out = append(out, report.New(report.DefaultDenyMissing, report.Warning, report.Ref{APIVersion: "v1", Kind: "Namespace", Name: t.Namespaces[0]}, "", "has no default-deny by label: Tenant %q is in AllowOnly, or the policy is missing: add --inputs DIR to know", t.Name))
	}
	return out
}

// policiesOfFence are the policies that bear the label of one fence.
func policiesOfFence(name string, items []*yaml.RNode) []*yaml.RNode {
	return slices.DeleteFunc(fencePolicies(items), func(n *yaml.RNode) bool { return resource.FenceOf(n) != name })
}

// fenceFromLabels is what the labels of policies tell of a fence: a tenant is enforced in
// the namespaces that have a default-deny, around the pods that this selects, or that a
// cluster-wide one selects.
func fenceFromLabels(name string, items []*yaml.RNode) *policy.Fence {
	fence := &policy.Fence{Name: name, Cluster: assumedCluster(items)}
	if fence.Cluster.CNI == v1alpha1.CNIKubernetes {
		fence.Policies = v1alpha1.PoliciesKubernetes
	}
	owners, clusterwideDeny := ownersOf(policiesOfFence(name, items))
	fence.Nodes = nodesFromLabels(policiesOfFence(name, items))
	if clusterwideDeny != nil && len(clusterwideDeny.Only) == 0 {
		fence.Clusterwide = &policy.Clusterwide{Enforcement: v1alpha1.Enforce, Excluded: clusterwideDeny.Except}
	}
	for _, key := range slices.SortedFunc(maps.Keys(owners), func(a, b [2]string) int { return slices.Compare(a[:], b[:]) }) {
		t := *owners[key]
		if fence.InClusterScope(key[0]) || clusterwideDeny != nil && slices.Contains(clusterwideDeny.Only, key[0]) {
			t.Enforcement = v1alpha1.Enforce
		}
		if t.SharesNamespaces() || !owners.isShared(key[0]) {
			fence.Tenants = append(fence.Tenants, t)
		}
	}
	return fence
}

// ownersOf are the tenants that policies name, and what a cluster-wide default-deny among
// them closes, nil where there is none.
func ownersOf(policies []*yaml.RNode) (owners, *policy.NamespaceScope) {
	all := owners{}
	var clusterwideDeny *policy.NamespaceScope
	for _, n := range policies {
		switch {
		case n.GetKind() != resource.KindClusterwide:
			all.add(n)
		case n.GetLabels()[resource.LabelNode] != "":
			// It closes nodes.
		case n.GetLabels()[resource.LabelFamily] == string(policy.DefaultDeny):
			namespaceScope := namespaceScopeOf(n)
			clusterwideDeny = &namespaceScope
		}
	}
	return all, clusterwideDeny
}

// owners are the tenants that policies name, by namespace and name.
type owners map[[2]string]*policy.Tenant

func (o owners) add(n *yaml.RNode) {
	labels := n.GetLabels()
	key := [2]string{n.GetNamespace(), labels[resource.LabelTenant]}
	if o[key] == nil {
		o[key] = &policy.Tenant{Name: key[1], Namespaces: []string{key[0]}, Enforcement: v1alpha1.AllowOnly}
	}
	if labels[resource.LabelFamily] == string(policy.DefaultDeny) {
		o[key].Enforcement, o[key].Pods = v1alpha1.Enforce, subjectSelector(n)
	}
}

// isShared says whether a default-deny closes a part of a namespace only. Of who shares it
// in AllowOnly the labels do not tell the pods.
func (o owners) isShared(namespace string) bool {
	for key, t := range o {
		if key[0] == namespace && t.SharesNamespaces() {
			return true
		}
	}
	return false
}

// subjectSelector are the pods that a generated policy selects.
func subjectSelector(n *yaml.RNode) policy.Selector {
	var read struct {
		Spec struct {
			EndpointSelector policy.Selector `json:"endpointSelector"`
			PodSelector      policy.Selector `json:"podSelector"`
		} `json:"spec"`
	}
	data, err := n.MarshalJSON()
	if err != nil || json.Unmarshal(data, &read) != nil {
		return policy.Selector{}
	}
	if n.GetKind() == resource.KindKubernetes {
		return read.Spec.PodSelector
	}
	return read.Spec.EndpointSelector
}

// namespaceScopeOf are the namespaces that a generated cluster-wide policy selects.
func namespaceScopeOf(n *yaml.RNode) policy.NamespaceScope {
	var out policy.NamespaceScope
	for _, e := range subjectSelector(n).MatchExpressions {
		switch e.Operator {
		case metav1.LabelSelectorOpIn:
			out.Only = e.Values
		case metav1.LabelSelectorOpNotIn:
			out.Except = e.Values
		}
	}
	return out
}

// engineVersion is the version of Cilium whose engine decides.
const engineVersion = "1.20"
