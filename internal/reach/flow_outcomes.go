package reach

import (
	"slices"

	"github.com/tenantfence/tenantfence/internal/policy"
)

// account records what was decided of each declared flow.
type account struct {
	outcomes map[policy.Reason]*outcome
	order    []policy.Reason
}

// outcome is what was decided of the parts of one declared flow. What is leftOut is in no policy:
// hostNetwork pods, and tenants' pods that an entity has and that do not declare their side.
type outcome struct{ allowed, denied, undecided, leftOut bool }

// of are the outcomes of the flows that an expected one is declared in.
func (a *account) of(w Wanted) []*outcome {
	reasons := w.Declared
	if len(reasons) == 0 {
		reasons = []policy.Reason{w.Reason}
	}
	var out []*outcome
	for _, r := range reasons {
		out = append(out, a.at(r))
	}
	return out
}

func (a *account) at(r policy.Reason) *outcome {
	if a.outcomes[r] == nil {
		if a.outcomes == nil {
			a.outcomes = map[policy.Reason]*outcome{}
		}
		a.outcomes[r] = &outcome{}
		a.order = append(a.order, r)
	}
	return a.outcomes[r]
}

// count puts every declared flow where it belongs.
func (a *account) count(f *policy.Fence) policy.DeclaredFlows {
	flows := map[policy.Reason]policy.DeclaredFlow{}
	for _, flow := range f.Flows {
		flows[flow.Reason] = flow
		a.decideByOthers(flow)
	}
	slices.SortFunc(a.order, compareReasons)
	var out policy.DeclaredFlows
	for _, r := range a.order {
		a.outcomes[r].countIn(&out, r, flows[r])
	}
	return out
}

// decideByOthers gives a flow of which nothing was decided itself the outcome of the flows that
// agree to it.
func (a *account) decideByOthers(flow policy.DeclaredFlow) {
	o := a.at(flow.Reason)
	if o.allowed || o.denied || o.undecided {
		return
	}
	for _, other := range flow.With {
		with := a.at(other)
		*o = outcome{o.allowed || with.allowed, o.denied || with.denied, o.undecided || with.undecided, o.leftOut || with.leftOut}
	}
}

// countIn puts the flow that has the outcome where it belongs.
func (o outcome) countIn(out *policy.DeclaredFlows, r policy.Reason, flow policy.DeclaredFlow) {
	switch {
	case o.undecided:
		out.Undecided = append(out.Undecided, r)
	case o.denied && o.allowed:
		out.Partly = append(out.Partly, r)
	case o.denied:
		out.Denied = append(out.Denied, r)
	case o.allowed && (flow.Partly || o.leftOut):
		out.Partly = append(out.Partly, r)
	case o.allowed:
		out.Allowed++
	case flow.Off || flow.Partly:
		out.WithoutEffect = append(out.WithoutEffect, r)
	default:
		out.Undecided = append(out.Undecided, r)
	}
}
