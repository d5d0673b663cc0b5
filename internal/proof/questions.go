package proof

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/generate"
	"github.com/tenantfence/tenantfence/internal/merge"
	"github.com/tenantfence/tenantfence/internal/reach"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// Enforcement states how a question treats tenants in AllowOnly.
type Enforcement bool

// The values of Enforcement.
const (
	// AsApplied decides the policies as they are.
	AsApplied Enforcement = false
	// AsEnforced decides as if every tenant and node were in Enforce.
	AsEnforced Enforcement = true
)

// ErrNoAnswer reports that findings are errors, so that no question about the policies is answered.
var ErrNoAnswer = errors.New("the policies cannot be decided")

// Subject is what questions are about: the policies and endpoints of a build.
type Subject struct {
	// Inputs has what the kinds of this project declare.
	Inputs *resource.Inputs
	// Findings are about the policies, and about what is not decided. With ErrNoAnswer, one is an error.
	Findings report.Findings
	// Desired has the fence, and the policies that it generates. Without Tenants, the fence has only the
	// cluster.
	Desired generate.Desired
	// policies are those that were read.
	policies readPolicies
	index    *resource.Index
	items    []*yaml.RNode
	progress report.Progress
	// before has the items as they are applied, and as is how they are decided.
	before proof
	as     Enforcement
}

// Questions reads finished policies for questions. Tenants add the fields behind policies, and are not needed.
// It compares nothing with the Tenants, and proves nothing: Verify does.
func (v Verification) Questions(as Enforcement) (Subject, error) {
	if found := v.malformed(); len(found) > 0 {
		return Subject{Findings: found.Sort()}, ErrNoAnswer
	}
	runs, err := runsOf(v.Fence, v.Runs)
	if err != nil {
		return Subject{}, err
	}
	items := v.Items
	if len(runs) > 0 {
		items = mergeInputs(v.Items, runs)
	} else if runs, err = runsOf(v.Fence, Runs(v.Items)); err != nil {
		return Subject{}, err
	}
	p, found, err := v.questioned(runs, items)
	if err != nil || found.HasError() {
		return Subject{Findings: found.Sort()}, errors.Join(err, noAnswer(found))
	}
	// Findings about what is declared are those of verify.
	found = slices.DeleteFunc(found, func(f report.Finding) bool { return f.Check != report.ClusterAssumed })
	if p.Fence.Cluster.CNI != v1alpha1.CNIKubernetes {
		agent, disabled := p.effectiveAgent(p.Fence.Agent, p.in.Profile.Ref, p.ciliumConfig())
		p.Fence, found = p.Fence.WithAgent(agent), append(found, disabled...)
	}
	if err := p.checkOtherResources(); err != nil {
		return Subject{}, err
	}
	return p.subjectOf(as, found)
}

// subjectOf reads the policies among the items.
func (p proof) subjectOf(as Enforcement, found report.Findings) (Subject, error) {
	before := p
	if as == AsEnforced {
		if names := ungenerated(p.Fence).names(); len(names) > 0 {
			return Subject{}, fmt.Errorf("no policies are generated in AllowOnly here, so nothing can be decided as enforced for %s: set enforcement: Enforce, and compare this build with the earlier one by tenantfence diff", strings.Join(names, ", "))
		}
		if err := p.enforce(); err != nil {
			return Subject{}, err
		}
	}
	read, more, err := p.start()
	found = p.index.External.Locate(append(found, more...)).Sort()
	if err != nil {
		return Subject{Findings: found}, fmt.Errorf("read the policies: %w", err)
	}
	return Subject{Inputs: p.in, Findings: found, Desired: p.Desired, policies: read, index: p.index, items: p.items, progress: p.progress, before: before, as: as}, noAnswer(found)
}

// AllowOnly names the tenants and nodes in AllowOnly. As enforced, none is.
func (s Subject) AllowOnly() []string {
	if s.as == AsEnforced {
		return nil
	}
	return withEnforcement(s.Desired.Fence, func(e v1alpha1.Enforcement) bool { return e != v1alpha1.Enforce }).names()
}

func noAnswer(found report.Findings) error {
	if found.HasError() {
		return ErrNoAnswer
	}
	return nil
}

// questioned returns what questions are about: the fence of the Tenants or, without them, the cluster.
func (v Verification) questioned(runs []Run, items []*yaml.RNode) (proof, report.Findings, error) {
	v.Progress.Report("resolving Tenants", 0, 0)
	if len(runs) == 0 {
		in, index, rest, found := generate.ReadWithoutFence(items)
		fence := v.assumedFence(in, rest)
		var agents report.Findings
		fence.Agent, fence.Overrides, agents = index.AgentOf(fence.Cluster, report.Ref{}, nil)
		return proof{in: in, index: index, Desired: generate.Desired{Fence: fence}, items: rest, progress: v.Progress, debug: v.Debug}, slices.Concat(found, agents, clusterAssumedFinding(fence)), nil
	}
	in, index, found := generate.Read(runs[0].Config, items)
	if in == nil || found.HasError() {
		return proof{}, found, nil
	}
	in.Fence.Spec.Stages, in.Fence.Spec.Emit, in.Fence.Spec.Adopt = stagesOf(runs), emitOf(runs), adoptOf(runs)
	index.WithoutResources = index.WithoutResources || runs[0].Blind
	desired, more := generate.Policies(in, index, v.Debug)
	if found = append(found, more...); found.HasError() {
		return proof{}, found, nil
	}
	counts, _, err := compare(generate.MergeOptions(in, desired.Fence), v.Slice, withoutOwnKinds(v.Items), desired.Policies)
	if err != nil {
		return proof{}, found, err
	}
	if counts.AllMissing() {
		found = append(found, report.New(report.PolicyMissing, report.Error, in.FenceRef, "", "none of the %s that the Tenants need exists, so the answer would be about a build without them: %s", report.Count(counts.Desired, "policy"), notRunHint))
	}
	items = withoutOwnKinds(items)
	return proof{in: in, index: index, Desired: desired, items: items, own: upToDate(items, desired.Policies), progress: v.Progress, debug: v.Debug}, found, nil
}

// upToDate are the items that the function would leave as they are.
func upToDate(items []*yaml.RNode, desired []*resource.Generated) map[*yaml.RNode]bool {
	out, byID := map[*yaml.RNode]bool{}, resource.GeneratedByID(desired)
	for _, n := range items {
		if want := byID[resource.ID(n)]; want != nil && merge.IsUpToDate(n, want) {
			out[n] = true
		}
	}
	return out
}

// Ask compiles the policies for questions. The endpoints of the tests can be asked about, too.
func (s Subject) Ask(tests ...resource.FlowTest) (*reach.Questions, error) {
	p := s.proof()
	views, err := p.Compile(tests, reach.WithRepresentatives, s.policies.Program)
	if err != nil {
		return nil, fmt.Errorf("compile the policies: %w", err)
	}
	p.View = views[0]
	p.Endpoints.OutsideAddresses = p.OutsideAddresses(tests)
	return reach.NewQuestions(views[0], p.Endpoints), nil
}

// Named writes the name of a Tenant or namespace as an endpoint of FlowTests, and returns other endpoints as they are.
func (s Subject) Named(text string) (string, error) { return s.proof().Endpoints.Named(text) }

// proof returns the endpoints and policies for package reach.
func (s Subject) proof() reach.Proof {
	return reach.Proof{
		Fence: s.Desired.Fence, NetworkPolicyForm: s.Desired.NetworkPolicyForm,
		Endpoints: reach.Endpoints{Index: s.index, Fence: s.Desired.Fence, Reasons: resource.Reasons(s.items), Undecided: s.policies.undecided},
		Policies:  policiesOfBuild(s.Desired.Fence, s.items, func(n *yaml.RNode) bool { return resource.FenceOf(n) == s.Desired.Fence.Name }), Progress: s.progress,
	}
}
