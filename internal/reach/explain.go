package reach

import (
	"slices"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/report"
)

// Explain decides the flows of a case, and finds why each side of them decides as it does.
func (q *Questions) Explain(c v1alpha1.FlowCase) ([]report.ExplainedFlow, error) {
	decided, err := q.Endpoints.decide(q.View, c)
	if err != nil {
		return nil, err
	}
	out := make([]report.ExplainedFlow, 0, len(decided))
	for _, r := range decided {
		one := report.ExplainedFlow{Flow: r.Flow, Verdict: r.Verdict}
		for _, d := range flow.Directions() {
			if *one.Side(d), err = q.explainSide(r, d); err != nil {
				return nil, err
			}
		}
		out = append(out, one)
	}
	return out, nil
}

// explainSide explains what one side of a flow decides.
func (q *Questions) explainSide(r report.FlowResult, d flow.Direction) (report.ExplainedSide, error) {
	out := report.ExplainedSide{Side: r.Verdict.Egress}
	ep := r.Flow.From
	if d == flow.Ingress {
		ep, out.Side = r.Flow.To, r.Verdict.Ingress
	}
	if id, known := q.View.Set.Find(ep); known {
		ep.ID = id
	}
	var err error
	if out.Subject, err = q.subject(ep); err != nil || !ep.IsSelected() {
		return out, err
	}
	out.DeclaredBy = q.reasonsOf(out.Policies)
	if out.Decision != flow.Denied && out.Decision != flow.Depends {
		return out, nil
	}
	if out.DenyRule, err = q.deniedByRule(r.Flow, d); err == nil && !out.DenyRule {
		out.Nearest, err = q.nearMiss(ep, r.Flow, d)
	}
	return out, err
}

// deniedByRule reports whether a deny rule denies a flow, whatever its request is.
func (q *Questions) deniedByRule(f flow.Flow, d flow.Direction) (bool, error) {
	v, err := q.View.Decide(withoutRequest(f))
	side := sideOf(v, d)
	return side.Decision == flow.Denied && len(side.Policies) > 0, err
}

// withoutRequest returns a flow for any request.
func withoutRequest(f flow.Flow) flow.Flow {
	f.HTTP, f.DNS, f.ServerName = nil, "", ""
	return f
}

// reasonsOf returns the fields behind policies, each once, sorted.
func (q *Questions) reasonsOf(policies flow.Policies) []string {
	var out []string
	for _, id := range policies {
		out = append(out, q.Endpoints.Reasons[id]...)
	}
	return endpoints.SortedUnique(out)
}

// declaredBy returns the fields behind the policies of both sides of a connection.
func (q *Questions) declaredBy(c report.Connection) []string {
	return q.reasonsOf(slices.Concat(c.Egress.Policies, c.Ingress.Policies))
}

// peerOf returns the other endpoint of a flow, as one side sees it.
func peerOf(f flow.Flow, d flow.Direction) endpoints.Endpoint {
	if d == flow.Ingress {
		return f.From
	}
	return f.To
}

// hasAny reports whether a list has one of some policies.
func hasAny(all, some flow.Policies) bool {
	return slices.ContainsFunc(all, func(p flow.PolicyID) bool { return slices.Contains(some, p) })
}
