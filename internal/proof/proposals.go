package proof

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/generate"
	"github.com/tenantfence/tenantfence/internal/merge"
	"github.com/tenantfence/tenantfence/internal/propose"
	"github.com/tenantfence/tenantfence/internal/reach"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// maxProposals is the number of pairs of endpoints for which entries are proposed.
const maxProposals = 5

// Propose returns what to add to the Tenants and to the limits of the profile, so that denied flows are
// allowed. Each proposal is applied, generated and decided: the flows pass, and no other connection changes.
// The test makes the endpoints of the flows known. A later proposal includes the earlier ones.
func (s Subject) Propose(test resource.FlowTest, denied []flow.Flow) ([]report.Proposal, error) {
	var out []report.Proposal
	trial := trial{test: test, Subject: s, regenerated: len(s.Desired.Fence.Tenants()) == 0}
	for _, flows := range s.byPair(denied) {
		if len(out) == maxProposals {
			out = append(out, report.Proposal{From: flows[0].From.Name, To: flows[0].To.Name, Ports: portsOf(flows), Problem: fmt.Sprintf("only %d pairs of endpoints are answered at once: ask about this pair alone", maxProposals)})
			break
		}
		p, err := trial.propose(flows)
		if err != nil {
			return out, fmt.Errorf("propose entries: %w", err)
		}
		if p.Problem == "" && len(p.Entries) == 0 {
			continue // An earlier proposal allows these flows.
		}
		p.From, p.To, p.Ports = flows[0].From.Name, flows[0].To.Name, portsOf(flows)
		out = append(out, p)
	}
	return out, nil
}

// byPair groups flows by source and destination. It omits pods that the build does not have, unless all
// flows have one.
func (s Subject) byPair(flows []flow.Flow) [][]flow.Flow {
	var out, missing [][]flow.Flow
	for _, f := range flows {
		list := &out
		if !propose.IsInBuild(s.index, f.From) || !propose.IsInBuild(s.index, f.To) {
			list = &missing
		}
		same := func(o []flow.Flow) bool { return o[0].From.Name == f.From.Name && o[0].To.Name == f.To.Name }
		if i := slices.IndexFunc(*list, same); i >= 0 {
			(*list)[i] = append((*list)[i], f)
			continue
		}
		*list = append(*list, []flow.Flow{f})
	}
	if len(out) == 0 {
		return missing
	}
	return out
}

func portsOf(flows []flow.Flow) []string {
	var out []string
	for _, f := range flows {
		if text := f.PortText(); !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	return out
}

// trial has the policies with the proposals so far.
type trial struct {
	Subject
	test resource.FlowTest
	// regenerated reports that the policies are those that the Tenants declare, and changed that a proposal
	// is part of them.
	regenerated, changed bool
}

// regenerate replaces policies that differ from the generated ones, so that proposals are compared with what
// the Tenants declare. It returns the problem of flows that are allowed then.
func (t *trial) regenerate(flows []flow.Flow) (string, error) {
	if t.regenerated {
		return "", nil
	}
	t.regenerated = true
	counts, _, err := compare(generate.MergeOptions(t.Inputs, t.Desired.Fence), report.Slice{}, t.before.items, t.Desired.Policies)
	if err != nil {
		return "", err
	}
	if counts.Matching == counts.Desired && counts.Unexpected == 0 {
		return "", nil
	}
	next, problem, err := t.with(t.Inputs)
	if err != nil || problem != "" {
		return problem, err
	}
	t.Subject = next
	if denied, err := t.denied(next, flows); err != nil || denied != "" {
		return "", err
	}
	return "the Tenants declare this flow already, and the policies are not as generated: run the function again", nil
}

// propose returns the first candidate that holds, and makes it part of the trial.
func (t *trial) propose(flows []flow.Flow) (report.Proposal, error) {
	if problem, err := t.regenerate(flows); err != nil || problem != "" {
		return report.Proposal{Problem: problem}, err
	}
	if t.changed {
		if denied, err := t.denied(t.Subject, flows); err != nil || denied == "" {
			return report.Proposal{}, err
		}
	}
	wanted := propose.NewWanted(t.Inputs, t.Desired.Fence, t.Desired.NetworkPolicyForm, t.index, flows)
	candidates, problem := propose.Candidates(t.Inputs, wanted)
	var why rejection
	for _, c := range candidates {
		next, rejected, err := t.try(c, wanted)
		if err != nil {
			return report.Proposal{}, err
		}
		if rejected.text == "" {
			t.Subject, t.changed = next.Subject, true
			p, err := c.Proposal(wanted)
			p.Contradicts = next.contradicts
			return p, err
		}
		if rejected.rank >= why.rank {
			why = rejected
		}
	}
	return report.Proposal{Problem: cmp.Or(problem, why.text)}, nil
}

// rejection is why a candidate does not hold. The one with the highest rank came closest.
type rejection struct {
	rank int
	text string
}

// accepted has the policies with a candidate, and the FlowTest cases and forbidden paths that it contradicts.
type accepted struct {
	Subject
	contradicts []string
}

// try applies a candidate, generates the policies and decides them.
func (t *trial) try(c propose.Candidate, w propose.Wanted) (accepted, rejection, error) {
	in, err := c.Apply(t.Inputs)
	if err != nil {
		return accepted{}, rejection{1, err.Error()}, nil //nolint:nilerr // An invalid candidate is rejected.
	}
	next, problem, err := t.with(in)
	out := accepted{Subject: next}
	if err != nil || problem != "" {
		return out, rejection{2, problem}, err
	}
	p := t.proof()
	asked := slices.Concat([]resource.FlowTest{t.test}, in.FlowTests, endpointsOfPaths(in.Profile.Spec.ForbiddenPaths))
	views, err := p.Compile(asked, reach.WithRepresentatives, t.policies.Program, next.policies.Program)
	if err != nil {
		return out, rejection{}, fmt.Errorf("compile the policies: %w", err)
	}
	if denied, err := deniedBy(views[1], w.Flows); err != nil || denied != "" {
		return out, rejection{3, denied}, err
	}
	p.View = views[0]
	other, err := p.OtherChange(views[1], w.Includes)
	if err != nil || other != "" {
		return out, rejection{4, "an entry for this flow changes other connections: " + other}, err
	}
	is, err := next.violated(views[1])
	if err != nil || len(is) == 0 {
		return out, rejection{}, err
	}
	was, err := t.violated(views[0])
	out.contradicts = slices.DeleteFunc(is, func(text string) bool { return slices.Contains(was, text) })
	return out, rejection{}, err
}

// violated returns the FlowTest cases that fail, and the paths of the profile's forbiddenPaths that exist.
func (s Subject) violated(view *flow.View) ([]string, error) {
	p := s.proof()
	p.View = view
	p.Endpoints.OutsideAddresses = p.OutsideAddresses(s.Inputs.FlowTests)
	var out []string
	for _, test := range s.Inputs.FlowTests {
		for _, c := range reach.Run(view, p.Endpoints, test).Cases {
			if !c.Passed {
				out = append(out, fmt.Sprintf("%s case %q", test.Ref, c.Case.Name))
			}
		}
	}
	found, err := forbiddenPaths(s.Inputs.Profile, p)
	for _, f := range found {
		out = append(out, fmt.Sprintf("%s %s", f.Resource, f.Field))
	}
	return out, err
}

// with returns the policies of other inputs, or the error of the inputs.
func (t *trial) with(in *resource.Inputs) (Subject, string, error) {
	desired, found := generate.Policies(in, t.index, nil)
	if found.HasError() {
		return Subject{}, firstError(found), nil
	}
	desired.Fence = desired.Fence.WithAgent(t.Desired.Fence.Agent)
	merged, found := merge.Merge(generate.MergeOptions(in, desired.Fence), t.before.items, desired.Policies)
	if found.HasError() {
		return Subject{}, firstError(found), nil
	}
	items, err := merged.Items()
	if err != nil {
		return Subject{}, "", err
	}
	p := t.before
	p.in, p.Desired, p.items = in, desired, items
	next, err := p.subjectOf(t.as, nil)
	if problem := firstError(next.Findings); problem != "" {
		return next, problem, nil
	}
	return next, "", err
}

func firstError(found report.Findings) string {
	for _, f := range found.Sort() {
		if f.Severity == report.Error {
			return "the build refuses such an entry: " + f.Message
		}
	}
	return ""
}

// denied returns why one of some flows is not allowed. It is empty if all are.
func (t *trial) denied(s Subject, flows []flow.Flow) (string, error) {
	views, err := s.proof().Compile([]resource.FlowTest{t.test}, reach.WithoutRepresentatives, s.policies.Program)
	if err != nil {
		return "", fmt.Errorf("compile the policies: %w", err)
	}
	return deniedBy(views[0], flows)
}

func deniedBy(view *flow.View, flows []flow.Flow) (string, error) {
	for _, f := range flows {
		v, err := view.Decide(f)
		if err != nil {
			return "", err
		}
		if v.Decision() != flow.Allowed {
			return fmt.Sprintf("no entry of a Tenant allows it: with an entry, the egress is %s, and the ingress %s", v.Egress, v.Ingress), nil
		}
	}
	return "", nil
}
