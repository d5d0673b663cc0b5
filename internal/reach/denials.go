package reach

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/report"
)

// denial is a part of a declared flow that is denied, between endpoints for which the
// policies decide alike.
type denial struct {
	flowSide
	ports flow.PortRange
	part  flow.L7
	// why is the rest of the message: the decision of both sides, and the fix.
	why      string
	from, to orderedSet
	// networks are the networks of endpoints without a name.
	networks []netip.Prefix
}

// denials groups denied parts that differ only in their endpoints. It keeps the order in which they
// were found.
type denials struct {
	list []*denial
	at   map[string]*denial
}

func (all *denials) add(one denial, from, to endpoints.Endpoint) {
	key := endpoints.JSONKey([]any{one.Reason, one.enforcement, one.direction, one.ports.String(), one.part, one.why})
	if all.at == nil {
		all.at = map[string]*denial{}
	}
	have := all.at[key]
	if have == nil {
		have = &one
		all.at[key] = have
		all.list = append(all.list, have)
	}
	for _, endpoint := range []struct {
		names *orderedSet
		ep    endpoints.Endpoint
	}{{&have.from, from}, {&have.to, to}} {
		if endpoint.ep.Network.IsValid() {
			if !slices.Contains(have.networks, endpoint.ep.Network) {
				have.networks = append(have.networks, endpoint.ep.Network)
			}
			continue
		}
		endpoint.names.add(endpoint.ep.Name)
	}
}

// findings reports each denial once. If both sides declare the flow, the finding is about the
// first.
func (all *denials) findings(d *declaredFlows) report.Findings {
	var out report.Findings
	reported := map[string]bool{}
	for _, one := range all.list {
		what := fmt.Sprintf("%s -> %s:%s", one.endpointNames(&one.from, d), one.endpointNames(&one.to, d), one.at())
		key := endpoints.JSONKey([]any{what, one.why})
		if reported[key] {
			continue
		}
		reported[key] = true
		out = append(out, d.finding(one.flowSide, report.DeclaredFlowDenied, what+" "+one.why))
	}
	return out
}

// endpointNames returns the endpoints at one side: by name, or by network.
func (one *denial) endpointNames(n *orderedSet, d *declaredFlows) string {
	if len(n.list) == 0 {
		return report.Brief(d.endpoints.formatNetworks(one.networks))
	}
	return n.list[0] + n.moreSuffix()
}

// at returns the ports in the notation of flows: "443/TCP".
func (one *denial) at() string {
	p := one.ports
	if t := icmpType(p); t != "" {
		return "ICMP " + string(t)
	}
	switch {
	case p.Protocol == "":
		return "*"
	case p.IsAllPorts():
		return "*/" + string(p.Protocol)
	case p.First == p.Last:
		return fmt.Sprintf("%d/%s", p.First, p.Protocol)
	}
	return fmt.Sprintf("%d-%d/%s", p.First, p.Last, p.Protocol)
}

// why is what denies a part of a flow, or what is allowed instead.
func (c flowSide) why(part flow.L7, v flow.Verdict) string {
	if v.Decision() != flow.Allowed {
		return fmt.Sprintf("is declared and not allowed: egress %s; ingress %s%s: change these policies, or the declaration", v.Egress, v.Ingress, noteSuffix(v))
	}
	as, own := "without tls", c.narrowerSide(part, v)
	if !c.L7.Unrestricted() {
		as = "as " + part.String()
	}
	fix := "change these policies, or the declaration"
	if len(own.L7.Servers()) > 0 {
		fix = "write the same tls in every flow to these peers and ports, or in none"
	}
	return fmt.Sprintf("is declared %s, and only %s is allowed (by %s): %s", as, own.L7, report.Brief(own.Policies.Names()), fix)
}

func noteSuffix(v flow.Verdict) string {
	if v.Note == "" {
		return ""
	}
	return "; " + v.Note
}
