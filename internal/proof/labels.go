package proof

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/block"
	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/lint"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/reach"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// reportByLabels reports which namespaces have a default-deny according to the labels of policies, and
// what all policies there allow.
func reportByLabels(name string, index *resource.Index, items []*yaml.RNode, progress report.Progress) (report.Report, error) {
	fence := fenceFromLabels(name, items)
	var found report.Findings
	fence.Agent, _, found = index.AgentOf(fence.Cluster, report.Ref{}, nil)
	if len(fence.Nodes()) > 0 {
		// The report assumes that agents enforce host policies.
		fence = fence.WithAgent(fence.Agent.With(cilium.EnableHostFirewall, "true", ""))
	}
	result := report.Report{Unproved: []string{labelSummary(fence)}}
	e, reported, err := readEnforced(fence, index, items, allowOnly(fence))
	distinct, _ := resource.Deduplicate(items)
	covered, _ := lint.Coverage(fence, index, distinct)
	reported = slices.Concat(covered, reported, found)
	if result.Findings = reported; err != nil || reported.HasError() {
		return result, err
	}
	subject := reach.Proof{
		Fence: fence, Endpoints: reach.Endpoints{Index: index, Fence: fence},
		Policies: policiesOfBuild(fence, items, func(n *yaml.RNode) bool { return resource.FenceOf(n) == name }), IntentUnknown: true, Progress: progress,
	}
	findings, err := isolationFindings(subject, e.Program)
	exceeded, err := budgetFinding(fence, items, err)
	result.Findings = slices.Concat(reported, findings, exceeded, subject.HostNetworkFindings(), withoutDefaultDeny(fence))
	return result, err
}

// isolationFindings proves isolation under a program, and returns the findings.
func isolationFindings(subject reach.Proof, program flow.Program) (report.Findings, error) {
	views, err := subject.Compile(nil, reach.WithRepresentatives, program)
	if err != nil {
		return nil, err
	}
	subject.View = views[0]
	isolated, err := subject.Isolation()
	return isolated.Findings, err
}

// labelSummary states why labels do not verify isolation, and what they show.
func labelSummary(fence *policy.Fence) string {
	with, without := map[string]bool{}, map[string]bool{}
	for _, t := range fence.Tenants() {
		of := with
		if t.Enforcement != v1alpha1.Enforce {
			of = without
		}
		for _, ns := range t.Namespaces {
			of[ns] = true
		}
	}
	return fmt.Sprintf("no Tenant and no FlowTest is known, and labels prove nothing, because the author of a policy also writes its labels: add --inputs DIR with the Tenants; by label %s with a default-deny, %s without",
		report.Count(len(with), "namespace"), report.Count(len(without), "namespace"))
}

// withoutDefaultDeny reports namespaces of tenants without a default-deny: they are in AllowOnly, or the
// policy is missing.
func withoutDefaultDeny(fence *policy.Fence) report.Findings {
	var out report.Findings
	for _, t := range allowOnly(fence) {
		if t.IsNodes() {
			continue
		}
		out = append(out, report.New(report.DefaultDenyMissing, report.Warning, report.Ref{APIVersion: "v1", Kind: "Namespace", Name: t.Namespaces[0]}, "", "has no default-deny by label: Tenant %q is in AllowOnly, or the policy is missing: add --inputs DIR with the Tenants to decide it", t.Name))
	}
	return out
}

// policiesOfFence are the policies with the label of one fence.
func policiesOfFence(name string, items []*yaml.RNode) []resource.Object {
	return slices.DeleteFunc(resource.ObjectsOf(fencePolicies(items)), func(o resource.Object) bool { return o.Fence != name })
}

// fenceFromLabels is the fence that labels of policies describe: a tenant is in Enforce in namespaces
// with a default-deny of their own or a cluster-wide one, for the pods that it selects.
func fenceFromLabels(name string, items []*yaml.RNode) *policy.Fence {
	fence := &policy.Fence{Name: name, Cluster: assumedCluster(items)}
	if fence.Cluster.CNI == v1alpha1.CNIKubernetes {
		fence.Policies = v1alpha1.PoliciesKubernetes
	}
	policies := policiesOfFence(name, items)
	owners, clusterwideDeny := ownersOf(policies)
	if clusterwideDeny != nil && len(clusterwideDeny.Only) == 0 {
		fence.Clusterwide = &policy.Clusterwide{Enforcement: v1alpha1.Enforce, Excluded: clusterwideDeny.Except}
	}
	var tenants []*policy.Owner
	for _, key := range slices.SortedFunc(maps.Keys(owners), func(a, b [2]string) int { return slices.Compare(a[:], b[:]) }) {
		t := owners[key]
		if fence.InClusterScope(key[0]) || clusterwideDeny != nil && slices.Contains(clusterwideDeny.Only, key[0]) {
			t.Enforcement = v1alpha1.Enforce
		}
		if t.SharesNamespaces() || !owners.isShared(key[0]) {
			tenants = append(tenants, t)
		}
	}
	return fence.WithOwners(slices.Concat(tenants, nodesFromLabels(policies))...)
}

// ownersOf are the tenants in the labels of policies, and the namespaces of a cluster-wide default-deny
// among them, nil without one.
func ownersOf(policies []resource.Object) (owners, *policy.NamespaceScope) {
	all := owners{}
	var clusterwideDeny *policy.NamespaceScope
	for _, o := range policies {
		switch {
		case o.GetKind() != resource.KindClusterwide:
			all.add(o)
		case o.Node != "":
			// It isolates nodes.
		case o.Family == policy.DefaultDeny:
			namespaceScope := namespaceScopeOf(o)
			clusterwideDeny = &namespaceScope
		}
	}
	return all, clusterwideDeny
}

// owners are the tenants in the labels of policies, by namespace and name.
type owners map[[2]string]*policy.Owner

func (o owners) add(n resource.Object) {
	key := [2]string{n.GetNamespace(), n.Tenant}
	if o[key] == nil {
		o[key] = &policy.Owner{Name: key[1], Namespaces: []string{key[0]}, Enforcement: v1alpha1.AllowOnly}
	}
	if n.Family == policy.DefaultDeny {
		o[key].Enforcement, o[key].Selector = v1alpha1.Enforce, n.Subject()
	}
}

// isShared reports whether a default-deny selects only a part of a namespace. Labels do not identify the
// pods of its other tenants in AllowOnly.
func (o owners) isShared(namespace string) bool {
	for key, t := range o {
		if key[0] == namespace && t.SharesNamespaces() {
			return true
		}
	}
	return false
}

// namespaceScopeOf are the namespaces that a generated cluster-wide policy selects.
func namespaceScopeOf(o resource.Object) policy.NamespaceScope {
	var out policy.NamespaceScope
	for _, e := range o.Subject().MatchExpressions {
		switch e.Operator {
		case metav1.LabelSelectorOpIn:
			out.Only = e.Values
		case metav1.LabelSelectorOpNotIn:
			out.Except = e.Values
		}
	}
	return out
}

// nodesFromLabels are the nodes that host policies with labels describe. They are in Enforce if a
// default-deny selects them, in its directions. Otherwise the directions with rules count.
func nodesFromLabels(policies []resource.Object) []*policy.Owner {
	nodes := map[string]*policy.Owner{}
	for _, o := range policies {
		if o.Node == "" || o.GetKind() != resource.KindClusterwide {
			continue
		}
		found := hostPolicyOf(o.RNode)
		found.Name, found.Enforcement = o.Node, v1alpha1.AllowOnly
		if o.Family == policy.DefaultDeny {
			found.Enforcement = v1alpha1.Enforce
		}
		if have, ok := nodes[o.Node]; !ok || have.Enforcement != v1alpha1.Enforce {
			nodes[o.Node] = found
		}
	}
	var out []*policy.Owner
	for _, name := range slices.Sorted(maps.Keys(nodes)) {
		out = append(out, nodes[name])
	}
	return out
}

// hostPolicyOf reads the nodes that a host policy selects, and the directions in which it has rules.
func hostPolicyOf(n *yaml.RNode) *policy.Owner {
	var read struct {
		Spec struct {
			NodeSelector endpoints.Selector `json:"nodeSelector"`
			Ingress      []any              `json:"ingress"`
			Egress       []any              `json:"egress"`
		} `json:"spec"`
	}
	out := &policy.Owner{Kind: policy.Nodes, Reason: report.Reason{Kind: resource.KindClusterwide, Name: n.GetName(), Field: "spec"}}
	if data, err := block.JSON(n); err != nil || json.Unmarshal(data, &read) != nil {
		return out
	}
	out.Selector = read.Spec.NodeSelector
	if len(read.Spec.Ingress) > 0 {
		out.DefaultDeny = append(out.DefaultDeny, flow.Ingress)
	}
	if len(read.Spec.Egress) > 0 {
		out.DefaultDeny = append(out.DefaultDeny, flow.Egress)
	}
	return out
}
