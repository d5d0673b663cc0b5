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
type outcome struct {
	Allowed, Denied, Undecided, Excluded bool `json:",omitempty"`
}

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
	if o.Allowed || o.Denied || o.Undecided {
		return
	}
	for _, other := range flow.ConsentingFlows {
		otherOutcome := a.outcomeFor(other)
		o.add(*otherOutcome)
	}
}

// add joins what was decided of other parts.
func (o *outcome) add(other outcome) {
	*o = outcome{o.Allowed || other.Allowed, o.Denied || other.Denied, o.Undecided || other.Undecided, o.Excluded || other.Excluded}
}

// list returns the outcomes in order.
func (a *flowOutcomes) list() []FlowOutcome {
	slices.SortFunc(a.order, compareReasons)
	var out []FlowOutcome
	for _, r := range a.order {
		out = append(out, FlowOutcome{r, *a.outcomes[r]})
	}
	return out
}

// add joins outcomes of other parts.
func (a *flowOutcomes) add(all []FlowOutcome) {
	for _, f := range all {
		a.outcomeFor(f.Reason).add(f.outcome)
	}
}

// addTo puts the flow that has the outcome where it belongs.
func (o outcome) addTo(out *report.DeclaredFlows, r report.Reason, flow policy.DeclaredFlow) {
	switch {
	case o.Undecided:
		out.Undecided = append(out.Undecided, r)
	case o.Denied && o.Allowed:
		out.PartlyAllowed = append(out.PartlyAllowed, r)
	case o.Denied:
		out.Denied = append(out.Denied, r)
	case o.Allowed && (flow.PartlyGenerated || o.Excluded):
		out.PartlyAllowed = append(out.PartlyAllowed, r)
	case o.Allowed:
		out.Allowed++
	case flow.NotGenerated || flow.PartlyGenerated:
		out.WithoutEffect = append(out.WithoutEffect, r)
	default:
		out.Undecided = append(out.Undecided, r)
	}
}
