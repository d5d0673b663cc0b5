package plan

import (
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
)

// hosts plans the host policies of each kind of nodes: one that allows its flows and, in Enforce,
// one that default-denies the directions with flows. The second repeats the allows. So an agent
// that rejects them, or does not have them yet, does not deny either.
func hosts(f *policy.Fence) []policy.Policy {
	var out []policy.Policy
	for _, n := range f.Nodes() {
		if !f.GeneratesPolicies(n.Enforcement) {
			continue
		}
		name := clusterwideName(f, "node-"+n.Name)
		p := hostPolicy(f, n, name)
		if len(p.Rules) > 0 {
			out = append(out, p)
		}
		if n.Enforcement == v1alpha1.Enforce {
			out = append(out, policy.Policy{
				Name: name + ".default-deny", Owner: n, Family: policy.DefaultDeny, DefaultDeny: n.DefaultDeny, Rules: p.Rules, Reasons: []report.Reason{n.EnforcementReason},
			})
		}
	}
	return out
}

func hostPolicy(f *policy.Fence, n *policy.Owner, name string) policy.Policy {
	a := newAssembly(f)
	p := policy.Policy{Name: name, Owner: n, Family: policy.Host}
	for _, g := range f.Grants {
		declared := g.Source
		d, peer := flow.Egress, g.To
		if f.OwnerOf(g.To) == n {
			d, peer, declared = flow.Ingress, g.From, g.Destination
		} else if f.OwnerOf(g.From) != n {
			continue
		}
		rule := policy.Rule{Direction: d, Peers: []policy.Peer{peer}, Ports: g.Ports, L7: l7At(f, n.NodesPeer(), d, g.L7)}
		if d == flow.Egress && len(g.SourcePorts) > 0 {
			rule.Ports = g.SourcePorts
		}
		a.put(&p, name, rule, []report.Reason{declared.Reason})
		if names := slices.Concat(peer.FQDNs, g.DNSNames); d == flow.Egress && len(names) > 0 {
			a.put(&p, name, dnsRule(f, namesAt(n, names)), nil)
		}
	}
	slices.SortFunc(p.Reasons, func(x, y report.Reason) int { return strings.Compare(x.String(), y.String()) })
	return p
}

// fencedDNS allows nodes, or pods without the baseline's DNS, to resolve the names of a flow, if the
// cluster's DNS is fenced.
func fencedDNS(f *policy.Fence, g policy.Grant) []sideRule {
	rule := dnsRule(f, nil)
	dnsGrant := policy.Grant{Family: policy.EastWest, From: g.From, Ports: rule.Ports, Source: g.Source}
	var out []sideRule
	for _, server := range ownedParts(f, rule.Peers) {
		out = append(out, side(f, dnsGrant, flow.Ingress, server, g.From))
	}
	return out
}

// namesAt returns the names that nodes may resolve at the cluster's DNS: any name in AllowOnly.
func namesAt(n *policy.Owner, names []string) []string {
	if n.Enforcement != v1alpha1.Enforce {
		return []string{"*"}
	}
	return names
}
