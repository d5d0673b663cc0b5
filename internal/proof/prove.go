// Package proof decides finished policies: what they allow, and whether they are as generated.
package proof

import (
	"errors"
	"maps"
	"slices"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/generate"
	"github.com/tenantfence/tenantfence/internal/lint"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/reach"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// proof is the input of a proof: the intent and the finished items.
type proof struct {
	in    *resource.Inputs
	index *resource.Index
	generate.Desired
	items []*yaml.RNode
	// slice is the part of the fence to decide.
	slice report.Slice
	// listAccess requests a list of what policies allow.
	listAccess bool
	progress   report.Progress
	debug      generate.Debug
	// own are the items that are as generated. The labels of other items have no meaning. local are those that never reach
	// the cluster, such as external resources.
	own   map[*yaml.RNode]bool
	local []*yaml.RNode
	// alternativeAgent reports that this repeats a proof with other agent settings, without comparing
	// the forms again.
	alternativeAgent bool
	// known are findings about the items from before the engine starts. leftOut are resources that make
	// flows in their namespaces undecided.
	known   report.Findings
	leftOut []report.Ref
	// within are the namespaces whose pods and rules are compiled. Omitted: all.
	within endpoints.NamespaceSet
	// started has the policies that were read before. Omitted: they are read.
	started *started
	// asked is the slice that the report is about. slice has less of it if the rest is recalled from a cache.
	asked    report.Slice
	cache    Cache
	recalled *recalled
	// unreduced reads all, for comparisons in tests.
	unreduced bool
}

// run decides the policies among the items with every tenant in Enforce: the FlowTests and, depending on
// the level, isolation. A proof that exceeds its budget ends with a finding.
func (p proof) run(level v1alpha1.Proof) (report.Report, error) {
	if err := p.checkOtherResources(); err != nil {
		return report.Report{}, err
	}
	p.local = slices.DeleteFunc(slices.Clone(p.items), func(n *yaml.RNode) bool { return !resource.IsLocalConfig(n) })
	if err := p.enforce(); err != nil {
		return report.Report{}, err
	}
	p.in, p.asked = p.inputsInSlice(), p.slice
	if p.Fence.Cluster.CNI == v1alpha1.CNIKubernetes {
		return p.decideWithinBudget(level)
	}
	assumed := p.assumedSettings()
	assumptions := p.Fence.Agent.Assumptions()
	agent, disabled := p.effectiveAgent(p.Fence.Agent, p.in.Profile.Ref, p.ciliumConfig())
	p.Fence = p.Fence.WithAgent(agent)
	settings := p.otherSettings()
	if err := p.recall(level, settings); err != nil {
		return report.Report{}, err
	}
	result, err := p.decideWithinBudget(level)
	var others report.Findings
	if err == nil && result.Passed() {
		others, err = p.tryAlternatives(level, settings, result)
		if err == nil && p.recalled != nil {
			err = p.recalled.keep(others)
		}
	}
	result.Assumptions, result.Findings = assumptions, slices.Concat(result.Findings, assumed, disabled, others)
	return result, err
}

// decideWithinBudget decides with the agents of the fence. An exceeded budget is a finding.
func (p proof) decideWithinBudget(level v1alpha1.Proof) (report.Report, error) {
	var result report.Report
	result.Slice = p.asked
	err := p.decide(level, &result)
	p.debug.Report(p.debugStep(), decideResult(result))
	found, err := budgetFinding(p.Fence, p.items, err)
	result.Findings = append(result.Findings, found...)
	return result, err
}

// debugStep names the decision for a Debug.
func (p proof) debugStep() string {
	if p.alternativeAgent {
		return "decide with other agent settings"
	}
	return "decide"
}

func (p proof) decide(level v1alpha1.Proof, result *report.Report) error {
	e, findings, err := p.startSlice()
	if result.Findings = findings; err != nil || e.Program == nil {
		return err
	}
	subject := reach.Proof{
		Fence: p.Fence.Within(p.within), NetworkPolicyForm: p.NetworkPolicyForm, Slice: p.slice, Whole: p.Fence, Known: p.recalled.parts(),
		Endpoints: reach.Endpoints{Index: p.index, Fence: p.Fence, Reasons: resource.Reasons(p.items), Undecided: e.undecided, Within: p.within},
		Policies:  policiesOfBuild(p.Fence, p.items, func(n *yaml.RNode) bool { return p.own[n] }), Sources: declaringRefs(p.in), ListAccess: p.listAccess, Progress: p.progress,
	}
	isolation := level != v1alpha1.ProofNone
	asked := slices.Concat(p.in.FlowTests, endpointsOfPaths(p.in.Profile.Spec.ForbiddenPaths))
	views, err := subject.Compile(asked, reach.Representatives(isolation || reach.MentionsOutside(p.in.FlowTests)), e.Program)
	if err != nil {
		return err
	}
	subject.View = views[0]
	if p.flowTests(subject, result); !isolation {
		return nil
	}
	var paths report.Findings
	largest, err := p.isolation(subject, result)
	if err == nil {
		paths, err = forbiddenPaths(p.in.Profile, subject)
	}
	result.Findings = append(result.Findings, paths...)
	if err != nil {
		return err
	}
	identities, err := p.identities(subject.View)
	result.Findings = append(result.Findings, slices.Concat(p.policyMapFindings(largest), p.identityFindings(identities))...)
	if err != nil || p.alternativeAgent {
		return err
	}
	if result.Agents, err = p.agentLoad(largest, identities, len(e.Selections().Names)); err != nil || p.NetworkPolicyForm == nil {
		return err
	}
	return p.addNetworkPolicyForm(result)
}

// addNetworkPolicyForm compares the forms of policies. A policy that both enforcers reject is reported once.
func (p proof) addNetworkPolicyForm(result *report.Report) error {
	findings, err := p.compareNetworkPolicyForm()
	for _, f := range findings {
		reported := slices.ContainsFunc(result.Findings, func(o report.Finding) bool { return o.Check == f.Check && o.Resource == f.Resource })
		if f.Check != report.PolicyRejected || !reported {
			result.Findings = append(result.Findings, f)
		}
	}
	return err
}

// startSlice is start for what the slice needs.
func (p *proof) startSlice() (readPolicies, report.Findings, error) {
	e, findings, err := p.start()
	if err != nil || e.Program == nil {
		return e, findings, err
	}
	if err := p.reduce(&e); err != nil {
		return readPolicies{}, findings, err
	}
	if findings = p.withinSlice(findings); slices.ContainsFunc(findings, stops) {
		return readPolicies{}, findings, nil
	}
	return e, findings, nil
}

// started has policies that were read, and the findings about them.
type started struct {
	readPolicies
	findings report.Findings
}

// start reads the policies among the items. The program is nil if policies are rejected, or if another resource
// affects traffic and is not decided.
func (p proof) start() (readPolicies, report.Findings, error) {
	if p.started != nil && p.started.Program != nil && !p.alternativeAgent {
		// They are used once, so that the memory is free for the next ones.
		s := *p.started
		*p.started = started{}
		return s.readPolicies, s.findings, nil
	}
	e, findings, err := readEnforced(p.Fence, p.index, p.items, nil)
	if budget := new(endpoints.BudgetError); err != nil && !errors.As(err, budget) && p.known.HasError() {
		// A known error, such as a port with a variable, may be the cause.
		return readPolicies{}, p.known, nil
	}
	// Of a slice, an error may be about policies that it does not need.
	if findings = slices.Concat(p.known, findings); err != nil || p.known.HasError() || findings.HasError() && p.asked.IsWhole() {
		return readPolicies{}, findings, err
	}
	e.undecided = append(e.undecided, p.leftOut...)
	schemaFindings, err := p.schemaFindings(findings)
	e.undecided = append(e.undecided, misinterpreted(p.Fence, schemaFindings)...)
	return e, append(findings, schemaFindings...), err
}

// checkOtherResources reports resources that affect traffic and that the engine does not decide. It leaves
// out undecidable policies in namespaces without a tenant.
func (p *proof) checkOtherResources() error {
	items, unknown, err := generate.WithVariables(slices.Concat(p.items, p.index.External.Items), p.in.Fence.Spec.Variables)
	if err != nil {
		return err
	}
	items, _ = resource.Deduplicate(items)
	covered, undecided := lint.Coverage(p.Fence, p.index, items)
	embedded, embeddedUndecided := lint.EmbeddedPolicies(p.Fence, items)
	found, leftOut := p.undefinedVariables(unknown)
	p.items = slices.DeleteFunc(items, func(n *yaml.RNode) bool { return leftOut[n] })
	p.known = slices.Concat(lint.ReservedLabels(p.Fence, p.index), covered, found, embedded, lint.NonPolicyFields(p.Fence, p.index, p.items),
		lint.OperatorPolicies(p.Fence, p.index), lint.SourceSpoofing(p.Fence, p.index, p.items), lint.MultiClusterServices(p.Fence, p.items), lint.AgentsConfiguredElsewhere(p.Fence, p.items))
	p.leftOut = slices.Concat(undecided, warnedResources(found), embeddedUndecided)
	return nil
}

// enforce replaces the items by those with every tenant in Enforce.
func (p *proof) enforce() (err error) {
	p.items, p.own, err = p.itemsAsEnforced()
	return err
}

// flowTests decides the FlowTests.
func (p proof) flowTests(subject reach.Proof, result *report.Report) {
	subject.Endpoints.OutsideAddresses = subject.OutsideAddresses(p.in.FlowTests)
	for i, t := range p.in.FlowTests {
		p.progress.Report("deciding FlowTests", i, len(p.in.FlowTests))
		decided := reach.Run(subject.View, subject.Endpoints, t)
		result.FlowTests = append(result.FlowTests, decided)
		result.Findings = slices.Concat(result.Findings, subject.Endpoints.UnknownEndpoints(t), subject.Endpoints.ExclusionFindings(subject.View, decided), subject.Endpoints.TranslationFindings(subject.View, decided))
	}
}

// budgetFinding turns a BudgetError into a finding about the policy that needs the most. It returns other
// errors.
func budgetFinding(fence *policy.Fence, items []*yaml.RNode, err error) (report.Findings, error) {
	var budget endpoints.BudgetError
	if !errors.As(err, &budget) {
		return nil, err
	}
	f := report.New(report.ProofBudgetExceeded, report.Error, report.Ref{Kind: "policy", Name: budget.Policy}, "", "%s", "nothing is proved: "+budget.Error())
	byID := policiesOfBuild(fence, items, func(n *yaml.RNode) bool { return resource.FenceOf(n) == fence.Name })
	for _, id := range slices.SortedFunc(maps.Keys(byID), flow.PolicyID.Compare) {
		// If two policies have the name, the hand-written one is the more likely cause.
		if p := byID[id]; id.String() == budget.Policy && (f.Resource.APIVersion == "" || p.Fence != fence.Name) {
			f.Resource = p.Ref
		}
	}
	return report.Findings{f}, nil
}

// policiesOfBuild finds the policies of the build.
func policiesOfBuild(fence *policy.Fence, items []*yaml.RNode, own func(*yaml.RNode) bool) map[flow.PolicyID]*resource.Policy {
	out := map[flow.PolicyID]*resource.Policy{}
	for _, n := range items {
		if !resource.IsPolicy(n) && resource.Group(n) != resource.AdministratorGroup {
			continue
		}
		p := &resource.Policy{Ref: resource.RefOf(n)}
		if own(n) {
			p.Fence = fence.Name
		}
		out[resource.PolicyID(p.Ref)] = p
	}
	return out
}

// declaringRefs are the resources that declare flows.
func declaringRefs(in *resource.Inputs) map[string]report.Ref {
	out := map[string]report.Ref{in.Profile.Ref.Kind + "/" + in.Profile.Ref.Name: in.Profile.Ref}
	for _, t := range in.Tenants {
		out[t.Ref.Kind+"/"+t.Ref.Name] = t.Ref
		out[v1alpha1.KindTenant+"/"+t.Name] = t.Ref
	}
	return out
}

// containsAll reports whether the items contain all desired policies, of every stage.
func containsAll(desired []*resource.Generated, items []*yaml.RNode) bool {
	present := appliedIDs(items)
	return !slices.ContainsFunc(desired, func(g *resource.Generated) bool { return !present[g.ID()] })
}

// appliedIDs are the items that reach the cluster.
func appliedIDs(items []*yaml.RNode) map[report.Ref]bool {
	present := map[report.Ref]bool{}
	for _, n := range items {
		if !resource.IsLocalConfig(n) {
			present[resource.ID(n)] = true
		}
	}
	return present
}
