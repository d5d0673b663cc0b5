package resolve

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/internal/report"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/internal/policy"
)

// multiTenantPeers are the peers that stand for several tenants, with what became of each tenant.
type multiTenantPeers struct {
	*resolver
	// at finds a peer by its resource and field, order has them as they first appear. A flow
	// of the profile's allTenants is one of each tenant, and its peer is one.
	at    map[string]*multiTenantPeer
	order []*multiTenantPeer
}

// multiTenantPeer is one peer of that kind.
type multiTenantPeer struct {
	flow  *flow
	path  *field.Path
	group tenantGroup
	// pairs are the tenants at the two sides of the peer, each with whether the peer allows
	// the flow between them. open are those at the other side of pairs that it allows.
	pairs   map[[2]string]bool
	allowed []string
	// partial are those of open that declare a part of the flow.
	partial []string
	// others reports whether the peer also allows pods of no other tenant.
	others bool
	// consentUnknown reports that one side was refused, so that consent is unknown.
	consentUnknown  bool
	missingConsents []missingConsent
}

// missingConsent is a tenant that does not declare its side: what it does not do, and what it needs.
type missingConsent struct {
	tenant, text, fix string
	// shares reports whether its namespaces are shared: the peer may select its pods there.
	shares bool
}

// oppositeSide is what the tenant at the other side of a flow has to declare.
func oppositeSide(f *flow) string {
	return "the " + string(f.direction.Opposite()) + " side of this flow"
}

// isCounted reports whether the tenants of a class are counted, and not named one by one.
func (f *flow) isCounted(group tenantGroup) bool {
	return group == anyTenant || f.fromProfile && group.includesAllTenants()
}

// expect adds the peers of a flow that stand for all tenants, also where none has the pods.
// Nodes need no consent: for them it is enough that there are pods.
func (c *multiTenantPeers) expect(f *flow) {
	for i, p := range f.peers {
		at := f.peersPath().Index(i)
		switch {
		case !p.AnyTenant || f.broken:
		case f.node == "":
			c.peer(f, resolvedPeer{group: anyTenant, path: at})
		case !slices.ContainsFunc(f.resolvedPeers, func(e resolvedPeer) bool { return e.path.String() == at.String() }):
			c.warnNoPods(f, at)
		}
	}
}

func (c *multiTenantPeers) warnNoPods(f *flow, at *field.Path) {
	c.warn(report.AnyTenantUnused, f.ref, at, "no other tenant has such pods in the build, so this peer is in no policy: correct pods, declare the pods as inventory, or remove the peer")
}

// peer is the one that an end is of. Nil: it stands for no class of tenants.
func (c *multiTenantPeers) peer(f *flow, e resolvedPeer) *multiTenantPeer {
	if f.node != "" {
		return nil
	}
	key := policy.JSONKey([]any{f.ref, e.path.String()})
	p := c.at[key]
	if p == nil && e.group != singleTenant {
		p = &multiTenantPeer{flow: f, path: e.path, group: e.group, pairs: map[[2]string]bool{}}
		c.at[key] = p
		c.order = append(c.order, p)
	}
	return p
}

func (c *multiTenantPeers) recordGranted(f *flow, e resolvedPeer) {
	p := c.peer(f, e)
	switch other := c.ownerOf(e.peer); {
	case p == nil:
	case other == nil || other == f.tenant || e.group == singleTenant:
		p.others = true
	default:
		p.allowPair(f, other)
	}
}

func (c *multiTenantPeers) agreed(f *flow, e resolvedPeer, agreed []policy.Grant) {
	p := c.peer(f, e)
	if p == nil {
		return
	}
	p.allowPair(f, e.tenant)
	if f.isCounted(e.group) && !slices.Contains(p.partial, e.tenant.Name) && !c.covered(f, e, agreed) {
		p.partial = append(p.partial, e.tenant.Name)
	}
}

func (c *multiTenantPeers) recordBroken(f *flow, e resolvedPeer) {
	if p := c.peer(f, e); p != nil {
		p.consentUnknown = true
	}
}

func (c *multiTenantPeers) recordMissing(f *flow, e resolvedPeer, text string) {
	p := c.peer(f, e)
	p.addPair(f, e.tenant)
	if f.isCounted(e.group) && len(p.missingConsents) > 0 {
		// Of those that are counted, one is the example.
		return
	}
	l := missingConsent{tenant: e.tenant.Name, shares: e.tenant.SharesNamespaces(), text: text, fix: fmt.Sprintf("needs %s in its spec.%s", requiredFlowYAML(f, e), f.direction.Opposite())}
	if mistaken, m := c.mistakenFlow(f, e); mistaken != nil {
		l.fix = fmt.Sprintf("in %s, write the port of the pods, %s, instead of that of Service %s, %s", mistaken.reason, m.target, m.service, m.port)
	}
	if !slices.Contains(p.missingConsents, l) {
		p.missingConsents = append(p.missingConsents, l)
	}
}

// addPair adds two tenants at the two sides of the peer.
func (p *multiTenantPeer) addPair(f *flow, other *tenant) {
	pair := [2]string{f.tenant.Name, other.Name}
	if _, known := p.pairs[pair]; !known {
		p.pairs[pair] = false
	}
}

// allowPair adds two tenants between which the peer allows the flow.
func (p *multiTenantPeer) allowPair(f *flow, other *tenant) {
	pair := [2]string{f.tenant.Name, other.Name}
	if !p.pairs[pair] {
		p.pairs[pair] = true
		p.allowed = append(p.allowed, other.Name)
	}
}

// reportPeers names, for each peer, the tenants that it leaves out, or how many pairs it opens.
func (c *multiTenantPeers) reportPeers() {
	for _, p := range c.order {
		switch f := p.flow; {
		case f.fromProfile && (f.mesh || !p.group.includesAllTenants()):
			if len(p.allowed) > 0 || f.mesh {
				c.report(report.Info, report.FlowsWithoutConsent, f.ref, p.path, "opens %s without the other tenant's consent", pairs(len(p.allowed)))
			}
		case !f.isCounted(p.group):
			c.reportMissingConsents(p)
		case len(p.allowed) == 0 && !p.consentUnknown:
			c.reportUnused(p)
		case f.fromProfile:
			c.report(report.Info, report.AnyTenantConsents, f.ref, p.path, "opens %s of %d: in each, the other tenant declares %s%s", pairs(len(p.allowed)), len(p.pairs), oppositeSide(f), p.partialText())
		default:
			c.report(report.Info, report.AnyTenantConsents, f.ref, p.path, "%d of %d other tenants with such pods declare %s: %s%s", len(p.allowed), len(p.pairs), oppositeSide(f), strings.Join(p.allowed, ", "), p.partialText())
		}
	}
}

// partialText names the tenants that declare a part.
func (p *multiTenantPeer) partialText() string {
	if len(p.partial) == 0 {
		return ""
	}
	return "; of these, a part of it: " + strings.Join(p.partial, ", ")
}

func pairs(n int) string {
	if n == 1 {
		return "1 pair of tenants"
	}
	return fmt.Sprintf("%d pairs of tenants", n)
}

// reportUnused reports that no tenant takes part.
func (c *multiTenantPeers) reportUnused(p *multiTenantPeer) {
	policies := "so this peer is in no policy"
	if p.others {
		policies = "so the flow leaves all of them out"
	}
	mesh := ""
	if p.flow.fromProfile {
		mesh = "; if it is for all tenants, whether they declare it or not, set fullMesh: true"
	}
	if len(p.pairs) == 0 {
		if !p.others {
			c.warnNoPods(p.flow, p.path)
		}
		return
	}
	l := p.missingConsents[0]
	c.warn(report.AnyTenantUnused, p.flow.ref, p.path, "no other tenant declares %s, %s: Tenant %q, for instance, %s%s", oppositeSide(p.flow), policies, l.tenant, l.fix, mesh)
}

// reportMissingConsents names the tenants that the peer leaves out, those together that lack the
// same. Where none is left, that is an error.
func (c *multiTenantPeers) reportMissingConsents(p *multiTenantPeer) {
	severity := report.Warning
	if !p.others && len(p.allowed) == 0 && !p.consentUnknown {
		severity = report.Error
	}
	for len(p.missingConsents) > 0 {
		first := p.missingConsents[0]
		same := func(l missingConsent) bool {
			return l.text == first.text && l.fix == first.fix && l.shares == first.shares
		}
		var names []string
		for _, l := range p.missingConsents {
			if same(l) {
				names = append(names, l.tenant)
			}
		}
		p.missingConsents = slices.DeleteFunc(p.missingConsents, same)
		c.report(severity, report.ConsentMissing, p.flow.ref, p.path, "%s", first.desc(names, p.group, severity))
	}
}

// desc reports it for all tenants that lack the same.
func (l missingConsent) desc(names []string, group tenantGroup, severity report.Severity) string {
	who, has, not, it, them := "Tenant", "has", "does not", "it", "it"
	if len(names) > 1 {
		who, has, not, it, them = "Tenants", "have", "do not", "each", "them"
	}
	out := who + " " + quoteAll(names) + " "
	if have := map[tenantGroup]string{sharedNamespace: "some of these pods", namespacesByLabel: "namespaces with these labels"}[group]; have != "" {
		out += has + " " + have + " and "
	}
	out += not + " " + l.text
	switch {
	case severity == report.Error:
	case l.shares:
		out += ", so its own policies do not allow the flow"
	default:
		out += ", so the flow leaves " + them + " out"
	}
	return out + ": " + it + " " + l.fix
}

// missingText is what a tenant does not do: worded for it alone, and for one of several.
type missingText struct{ single, group string }

// reportMissingConsent reports what the tenant at one side of a flow must declare, and what it
// declares instead.
func (r *resolver) reportMissingConsent(f *flow, e resolvedPeer, text missingText, c *multiTenantPeers) {
	if r.index.Partial || r.oppositeFlowBroken(f, e) {
		c.recordBroken(f, e)
		return
	}
	if e.group != singleTenant {
		c.recordMissing(f, e, text.group)
		return
	}
	if mistaken, m := r.mistakenFlow(f, e); mistaken != nil {
		r.reportServicePort(report.Error, mistaken, m)
		return
	}
	r.refuse(report.ConsentMissing, f.ref, e.path, "Tenant %q %s: it needs %s in its spec.%s", e.tenant.Name, text.single, requiredFlowYAML(f, e), f.direction.Opposite())
}
