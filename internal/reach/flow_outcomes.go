package reach

import (
	"slices"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
)

// flowOutcomes records what was decided of each declared flow.
type flowOutcomes struct {
	outcomes map[report.Reason]*outcome
	order    []report.Reason
}

// outcome is what was decided of the parts of one declared flow. What is leftOut is in no policy:
// hostNetwork pods, and tenants' pods that an entity has and that do not declare their side.
type outcome struct{ allowed, denied, undecided, excluded bool }

// outcomesOf returns the outcomes of the flows that an expected one is declared in.
func (a *flowOutcomes) outcomesOf(w Expected) []*outcome {
	reasons := w.Declarations
	if len(reasons) == 0 {
		reasons = []report.Reason{w.Reason}
	}
	var out []*outcome
	for _, r := range reasons {
		out = append(out, a.outcomeFor(r))
	}
	return out
}

func (a *flowOutcomes) outcomeFor(r report.Reason) *outcome {
	if a.outcomes[r] == nil {
		if a.outcomes == nil {
			a.outcomes = map[report.Reason]*outcome{}
		}
		a.outcomes[r] = &outcome{}
		a.order = append(a.order, r)
	}
	return a.outcomes[r]
}

// count puts every declared flow of a slice where it belongs. A flow of the profile is in each slice that
// has a part of it.
func (a *flowOutcomes) count(f *policy.Fence, slice report.Slice) report.DeclaredFlows {
	a.order = slices.DeleteFunc(a.order, func(r report.Reason) bool { return r.Kind == v1alpha1.KindTenant && !slice.Includes(r.Name) })
	flows := map[report.Reason]policy.DeclaredFlow{}
	for _, flow := range f.Flows {
		tenant := ""
		if flow.Reason.Kind == v1alpha1.KindTenant {
			tenant = flow.Reason.Name
		}
		if !slice.Includes(tenant) && (tenant != "" || a.outcomes[flow.Reason] == nil) {
			continue
		}
		flows[flow.Reason] = flow
		a.inheritOutcome(flow)
	}
	slices.SortFunc(a.order, compareReasons)
	var out report.DeclaredFlows
	for _, r := range a.order {
		if o := a.outcomes[r]; !slice.IsWhole() && *o == (outcome{}) && !flows[r].NotGenerated && !flows[r].PartlyGenerated {
			out.Elsewhere = append(out.Elsewhere, r)
			continue
		}
		a.outcomes[r].addTo(&out, r, flows[r])
	}
	return out
}

// inheritOutcome gives a flow that was not decided itself the outcome of the flows that agree to it.
func (a *flowOutcomes) inheritOutcome(flow policy.DeclaredFlow) {
	o := a.outcomeFor(flow.Reason)
	if o.allowed || o.denied || o.undecided {
		return
	}
	for _, other := range flow.ConsentingFlows {
		otherOutcome := a.outcomeFor(other)
		*o = outcome{o.allowed || otherOutcome.allowed, o.denied || otherOutcome.denied, o.undecided || otherOutcome.undecided, o.excluded || otherOutcome.excluded}
	}
}

// addTo puts the flow that has the outcome where it belongs.
func (o outcome) addTo(out *report.DeclaredFlows, r report.Reason, flow policy.DeclaredFlow) {
	switch {
	case o.undecided:
		out.Undecided = append(out.Undecided, r)
	case o.denied && o.allowed:
		out.PartlyAllowed = append(out.PartlyAllowed, r)
	case o.denied:
		out.Denied = append(out.Denied, r)
	case o.allowed && (flow.PartlyGenerated || o.excluded):
		out.PartlyAllowed = append(out.PartlyAllowed, r)
	case o.allowed:
		out.Allowed++
	case flow.NotGenerated || flow.PartlyGenerated:
		out.WithoutEffect = append(out.WithoutEffect, r)
	default:
		out.Undecided = append(out.Undecided, r)
	}
}
