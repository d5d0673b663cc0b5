package fn

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/engine"
	"github.com/tenantfence/tenantfence/internal/lint"
	"github.com/tenantfence/tenantfence/internal/netpol"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/reach"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// proof is what a proof is about: what was meant, and the finished items.
type proof struct {
	in    *resource.Inputs
	index *resource.Index
	wanted
	items    []*yaml.RNode
	progress policy.Progress
	// own are the items that are as the function generates them. The others are nothing but
	// what they are, whatever their labels.
	own map[*yaml.RNode]bool
}

// run decides what the policies among the items do, as if every tenant were enforced:
// the FlowTests and, unless it is not asked for, isolation.
func (p proof) run(level v1alpha1.Proof) (policy.Report, error) {
	var report policy.Report
	e, rejected, err := p.start()
	if report.Findings = rejected; err != nil || e == nil {
		return report, err
	}
	subject := reach.Proof{
		Engine: e, Fence: p.fence, Twin: p.twin, Endpoints: reach.Endpoints{Index: p.index, Fence: p.fence, Reasons: resource.Reasons(p.items)},
		Policies: policiesByName(p.fence, p.items, func(n *yaml.RNode) bool { return p.own[n] }), Sources: sourcesOf(p.in), Progress: p.progress,
	}
	if err := subject.ImagineFor(p.in.FlowTests); err != nil {
		return report, err
	}
	for i, t := range p.in.FlowTests {
		p.progress.Tell("deciding FlowTests", i, len(p.in.FlowTests))
		result := reach.Run(e, subject.Endpoints, t)
		report.FlowTests = append(report.FlowTests, result)
		report.Findings = slices.Concat(report.Findings, subject.Endpoints.ImaginedEnds(t), subject.Endpoints.LeftOut(e, result))
	}
	if level == v1alpha1.ProofNone {
		return report, nil
	}
	if err := p.isolation(subject, &report); err != nil || p.twin == nil {
		return report, err
	}
	said, err := p.compareTwin()
	for _, f := range said {
		// A policy that both enforcers reject is told once.
		told := slices.ContainsFunc(report.Findings, func(o policy.Finding) bool { return o.Check == f.Check && o.Resource == f.Resource })
		if f.Check != "policy-rejected" || !told {
			report.Findings = append(report.Findings, f)
		}
	}
	return report, err
}

// start has an engine enforce the items as they will be once all are enforced. There is
// none where policies are rejected.
func (p *proof) start() (policy.Engine, policy.Findings, error) {
	items, own, err := p.asEnforced()
	if err != nil {
		return nil, nil, err
	}
	p.items, p.own = items, own
	e, rejected, err := enforce(p.fence, p.index, p.items, closing{})
	if err != nil {
		return nil, rejected, err
	}
	said, err := p.unread(rejected)
	return e, said, err
}

// enforce starts an engine on policies. What it cannot decide where nothing is fenced is left out,
// and said; anything else stops the proof.
func enforce(fence *policy.Fence, index *resource.Index, items []*yaml.RNode, closed closing) (policy.Engine, policy.Findings, error) {
	said := lint.Requirements(fence, items)
	for {
		items = leaveOut(items, said)
		e, err := newEngine(fence, index, items, closed)
		var rejected policy.RejectedError
		switch {
		case errors.As(err, &rejected):
			said = append(said, rejections(fence, rejected, items)...)
		case err != nil:
			return nil, said, err
		}
		switch {
		case said.HasError():
			return nil, said, nil
		case err == nil:
			return e, append(said, unknownKinds(fence.Cluster, items)...), nil
		}
	}
}

// leaveOut drops the items that findings are about.
func leaveOut(items []*yaml.RNode, said policy.Findings) []*yaml.RNode {
	out := map[policy.Ref]bool{}
	for _, f := range said {
		out[resource.IDOf(f.Resource)] = true
	}
	return slices.DeleteFunc(slices.Clone(items), func(n *yaml.RNode) bool { return out[resource.ID(n)] })
}

// unknownKinds are policies of kinds that Cilium may be told to enforce as well, and that
// are not decided here: one of theirs may open what everything else closes.
func unknownKinds(c v1alpha1.Cluster, items []*yaml.RNode) policy.Findings {
	var out policy.Findings
	for _, n := range items {
		if c.CNI != v1alpha1.CNIKubernetes && resource.Group(n) == "policy.networking.k8s.io" && !resource.Local(n) {
			out = append(out, policy.Finding{
				Check: "policy-not-decided", Severity: policy.Error, Resource: resource.RefOf(n),
				Message: fmt.Sprintf("a %s comes before all other policies where it is enforced, and is not decided here, so that nothing is proved: remove it, or say proof: None", n.GetKind()),
			})
		}
	}
	return out
}

// isolation proves isolation, but for tenants and nodes for which nothing is generated.
func (p proof) isolation(subject reach.Proof, report *policy.Report) error {
	without := inEnforcement(p.fence, func(e v1alpha1.Enforcement) bool { return !p.fence.Generated(e) })
	if names := without.names(); len(names) > 0 {
		report.Findings = append(report.Findings, policy.Finding{
			Check: "not-proved", Severity: policy.Warning, Resource: p.in.FenceRef,
			Message: "nothing is generated in Audit here, so nothing is proved of these: " + strings.Join(names, ", "),
		})
	}
	if !fences(p.fence) {
		return nil
	}
	if !without.empty() && len(without.tenants)+len(without.nodes) == len(p.fence.Tenants)+len(p.fence.Nodes) {
		report.Unproved = append(report.Unproved, "nothing is generated in Audit here (NetworkPolicies, or Cilium below 1.16), so isolation is not proved until a tenant is in Enforce")
		return nil
	}
	isolation, findings, err := subject.Isolation()
	var budget policy.BudgetError
	if errors.As(err, &budget) {
		report.Findings = append(report.Findings, overBudget(subject, budget))
		return nil
	}
	if err != nil {
		return err
	}
	report.Findings = append(report.Findings, findings...)
	isolation.Declared, findings = subject.Declared()
	report.Findings = slices.Concat(report.Findings, findings, subject.HostNetwork())
	isolation.Audited = audited(p.fence).names()
	report.Isolation = &isolation
	return nil
}

// overBudget reports that nothing is proved, since the proof would be too large.
func overBudget(subject reach.Proof, e policy.BudgetError) policy.Finding {
	f := policy.Finding{Check: "proof-budget-exceeded", Severity: policy.Error, Resource: policy.Ref{Kind: "policy", Name: e.Policy}, Message: "nothing is proved: " + e.Error()}
	if p := subject.Policies[e.Policy]; p != nil {
		f.Resource = p.Ref
	}
	return f
}

// newEngine has the cluster's enforcer enforce the policies among the items and, beside
// them, a default-deny for some tenants and nodes. A policy.RejectedError says which policies it
// cannot.
func newEngine(fence *policy.Fence, index *resource.Index, items []*yaml.RNode, closed closing) (policy.Engine, error) {
	docs, err := closed.policies()
	if err != nil {
		return nil, err
	}
	distinct, _ := resource.Distinct(items)
	for _, n := range distinct {
		// What is only inventory never reaches the cluster: a deny there hides nothing.
		if !enforced(n) && !besidePolicies(fence.Cluster, n) || resource.Local(n) {
			continue
		}
		data, err := n.MarshalJSON()
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", resource.RefOf(n), err)
		}
		docs = append(docs, data)
	}
	e, err := engineOf(fence.Cluster, docs, reach.Endpoints{Index: index, Fence: fence}.Pods())
	if err != nil {
		return nil, fmt.Errorf("start the policy engine: %w", err)
	}
	return e, nil
}

// engineOf is the enforcer of a cluster.
func engineOf(c v1alpha1.Cluster, policies []json.RawMessage, pods []policy.Endpoint) (policy.Engine, error) {
	if c.CNI != v1alpha1.CNIKubernetes {
		return engine.New(engine.Options{ClusterName: c.Name}, policies, pods)
	}
	options := netpol.Options{PodCIDRs: c.PodCIDRs, ServiceCIDRs: c.ServiceCIDRs, NodeCIDRs: c.NodeCIDRs}
	if c.APIServer != nil {
		options.APIServer = c.APIServer.CIDRs
	}
	return netpol.New(options, policies, pods)
}

// enforced says whether an item is for the enforcer: a policy, or what policies refer to.
func enforced(n *yaml.RNode) bool {
	return resource.IsPolicy(n) || resource.Group(n) == "cilium.io" && n.GetKind() == resource.KindCIDRGroup
}

// besidePolicies says whether another enforcer than Cilium decides with a policy that is
// of none of the kinds known here: Calico's own, or those of the cluster's administrator.
func besidePolicies(c v1alpha1.Cluster, n *yaml.RNode) bool {
	switch resource.Group(n) {
	case "projectcalico.org", "crd.projectcalico.org", "policy.networking.k8s.io":
		return c.CNI == v1alpha1.CNIKubernetes && strings.HasSuffix(n.GetKind(), resource.KindKubernetes)
	}
	return false
}

// rejections are policies that cannot be decided: the enforcer does not take them, so that
// they would exist and do nothing, or they refer to what is not known. Where they select
// none of a tenant's pods, they stop nothing.
func rejections(fence *policy.Fence, rejected policy.RejectedError, items []*yaml.RNode) policy.Findings {
	by := "Cilium"
	if fence.Cluster.CNI == v1alpha1.CNIKubernetes {
		by = "Kubernetes"
	}
	refs := map[string]policy.Ref{}
	for _, n := range items {
		refs[policy.FullName(n.GetKind(), n.GetNamespace(), n.GetName())] = resource.RefOf(n)
	}
	var out policy.Findings
	for _, r := range rejected {
		f := policy.Finding{
			Check: "policy-rejected", Severity: policy.Error, Resource: refs[r.Name],
			Message: fmt.Sprintf("is rejected by %s, or refers to what is not known here, so that nothing is proved: %v", by, r.Err),
		}
		if !fence.Concerns(f.Resource.Namespace) {
			f.Severity = policy.Warning
			f.Message = fmt.Sprintf("is rejected by %s, or refers to what is not known here, and is left out: %v", by, r.Err)
		}
		out = append(out, f)
	}
	return out
}

// policiesByName finds policies by the names that an engine gives them: where two have
// the same, the one that is not the fence's own.
func policiesByName(fence *policy.Fence, items []*yaml.RNode, own func(*yaml.RNode) bool) map[string]*resource.Policy {
	out := map[string]*resource.Policy{}
	for _, n := range items {
		if !resource.IsPolicy(n) {
			continue
		}
		name := resource.PolicyName(resource.RefOf(n))
		if have := out[name]; have != nil && have.Fence != fence.Name {
			continue
		}
		out[name] = &resource.Policy{Ref: resource.RefOf(n)}
		if own(n) {
			out[name].Fence = fence.Name
		}
	}
	return out
}

// sourcesOf are the resources that declare flows.
func sourcesOf(in *resource.Inputs) map[string]policy.Ref {
	out := map[string]policy.Ref{in.Profile.Ref.Kind + "/" + in.Profile.Ref.Name: in.Profile.Ref}
	for _, t := range in.Tenants {
		out[t.Ref.Kind+"/"+t.Ref.Name] = t.Ref
		out[v1alpha1.KindTenant+"/"+t.Name] = t.Ref
	}
	return out
}

// complete says whether every policy that would be generated, of whichever stage, is
// among the items.
func complete(desired, items []*yaml.RNode) bool {
	there := shipped(items)
	return !slices.ContainsFunc(desired, func(n *yaml.RNode) bool { return !there[resource.ID(n)] })
}

// shipped are the items that reach the cluster.
func shipped(items []*yaml.RNode) map[policy.Ref]bool {
	there := map[policy.Ref]bool{}
	for _, n := range items {
		if !resource.Local(n) {
			there[resource.ID(n)] = true
		}
	}
	return there
}
