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

// outcome is what was decided of the parts of one declared flow.
type outcome struct{ allowed, denied, undecided bool }

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
	partly, off := map[policy.Reason]bool{}, map[policy.Reason]bool{}
	for _, flow := range f.Flows {
		partly[flow.Reason], off[flow.Reason] = flow.Partly, flow.Off
		if o := a.at(flow.Reason); *o == (outcome{}) {
			for _, other := range flow.With {
				with := a.at(other)
				*o = outcome{o.allowed || with.allowed, o.denied || with.denied, o.undecided || with.undecided}
			}
		}
	}
	slices.SortFunc(a.order, compareReasons)
	var out policy.DeclaredFlows
	for _, r := range a.order {
		switch o := a.outcomes[r]; {
		case o.undecided:
			out.Undecided = append(out.Undecided, r)
		case o.denied && o.allowed:
			out.Partly = append(out.Partly, r)
		case o.denied:
			out.Denied = append(out.Denied, r)
		case o.allowed && partly[r]:
			out.Partly = append(out.Partly, r)
		case o.allowed:
			out.Allowed++
		case off[r] || partly[r]:
			out.WithoutEffect = append(out.WithoutEffect, r)
		default:
			out.Undecided = append(out.Undecided, r)
		}
	}
	return out
}
