package resolve

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
)

// multiTenantPeers are the peers that represent several tenants, with the result for each tenant.
type multiTenantPeers struct {
	*resolver
	// at finds a peer by its resource and field, order has them as they first appear. A flow
	// of allTenants is one of each tenant, and its peer is listed once.
	at    map[string]*multiTenantPeer
	order []*multiTenantPeer
}

// multiTenantPeer is one peer of that kind.
type multiTenantPeer struct {
	flow  *flow
	path  *field.Path
	group tenantGroup
	// pairs are the source and destination tenants, each with whether the peer allows the flow
	// between them. allowed are the other tenants of the pairs that it allows.
	pairs   map[[2]string]bool
	allowed []string
	// partial are the allowed tenants that declare a part of the flow.
	partial []string
	// others reports whether the peer also allows pods of no other tenant.
	others bool
	// consentUnknown reports that one side was refused, so that consent is unknown.
	consentUnknown  bool
	missingConsents []missingConsent
}

// missingConsent is a tenant that does not declare its side: what it lacks, and the fix.
type missingConsent struct {
	tenant, text, fix string
	// shares reports whether its namespaces are shared, so that the peer may select its pods.
	shares bool
}

// oppositeSide is the side of a flow that the other tenant has to declare.
func oppositeSide(f *flow) string {
	return "the " + string(f.direction.Opposite()) + " side of this flow"
}

// isCounted reports whether findings count the tenants of a group instead of naming them.
func (f *flow) isCounted(group tenantGroup) bool {
	return group == anyTenant || group == childTenants || f.fromProfile && group.includesAllTenants()
}

// expect adds the peers of a flow that represent all tenants, also if none has the pods. Nodes need
// no consent: for them, existing pods are enough.
func (c *multiTenantPeers) expect(f *flow) {
	for i, p := range f.peers {
		at := f.peersPath().Index(i)
		switch {
		case f.broken || !p.AnyTenant && !p.Children:
		case p.Children:
			c.peer(f, resolvedPeer{group: childTenants, path: at})
		case f.node == "":
			c.peer(f, resolvedPeer{group: anyTenant, path: at})
		case !slices.ContainsFunc(f.resolvedPeers, func(e resolvedPeer) bool { return e.path.String() == at.String() }):
			c.warnNoPods(f, at)
		}
	}
}

func (c *multiTenantPeers) warnNoPods(f *flow, at *field.Path) {
	c.warn(report.AnyTenantUnused, f.ref, at, "no other Tenant has such pods in the build, so this peer is in no policy: correct the labels, remove the peer, or declare the pods as external resources "+externalKind)
}

// peer is the multi-tenant peer of a resolved peer, nil if that is not about several tenants.
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
		// For counted tenants, one is the example.
		return
	}
	l := missingConsent{tenant: e.tenant.Name, shares: e.tenant.SharesNamespaces(), text: text, fix: fmt.Sprintf("add to its spec.%s: %s", f.direction.Opposite(), requiredFlowYAML(f, e))}
	if mistaken, m := c.mistakenFlow(f, e); mistaken != nil {
		l.fix = fmt.Sprintf("in %s, write the port of the pods, %s, instead of that of Service %s, %s", mistaken.reason, m.target, m.service, m.port)
	}
	if !slices.Contains(p.missingConsents, l) {
		p.missingConsents = append(p.missingConsents, l)
	}
}

// addPair adds a source and a destination tenant.
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

// reportPeers reports, for each peer, the tenants that it excludes, or the number of pairs that it allows.
func (c *multiTenantPeers) reportPeers() {
	for _, p := range c.order {
		switch f := p.flow; {
		case f.fromProfile && (f.mesh || !p.group.includesAllTenants()):
			c.reportWithoutConsent(p)
		case !f.isCounted(p.group):
			c.reportMissingConsents(p)
		case len(p.allowed) == 0 && !p.consentUnknown:
			c.reportUnused(p)
		default:
			c.reportConsents(p)
		}
	}
}

// reportWithoutConsent counts the pairs that a flow of the profile allows without consent.
func (c *multiTenantPeers) reportWithoutConsent(p *multiTenantPeer) {
	switch f := p.flow; {
	case len(p.allowed) > 0 || f.mesh:
		c.report(report.Info, report.FlowsWithoutConsent, f.ref, p.path, "allows the flow for %s without consent of the other Tenant: check that this is intended", pairs(len(p.allowed)))
	case p.group == childTenants:
		c.reportNoChildren(p)
	}
}

// reportConsents counts the tenants that consent.
func (c *multiTenantPeers) reportConsents(p *multiTenantPeer) {
	f, check, members := p.flow, report.AnyTenantConsents, "other Tenants"
	if f.fromProfile {
		c.report(report.Info, report.AnyTenantConsents, f.ref, p.path, "allows the flow for %s (of %d) in which the other Tenant declares %s%s", pairs(len(p.allowed)), len(p.pairs), oppositeSide(f), p.partialText())
		return
	}
	if p.group == childTenants {
		check, members = report.ChildrenConsents, "children"
	}
	c.report(report.Info, check, f.ref, p.path, "%d of %d %s with such pods declare %s: %s%s", len(p.allowed), len(p.pairs), members, oppositeSide(f), strings.Join(p.allowed, ", "), p.partialText())
}

// partialText names the tenants that declare a part.
func (p *multiTenantPeer) partialText() string {
	if len(p.partial) == 0 {
		return ""
	}
	return "; only a part of it: " + strings.Join(p.partial, ", ")
}

func pairs(n int) string {
	if n == 1 {
		return "1 pair of Tenants"
	}
	return fmt.Sprintf("%d pairs of Tenants", n)
}

// reportUnused reports that no tenant takes part.
func (c *multiTenantPeers) reportUnused(p *multiTenantPeer) {
	if p.group == childTenants && len(p.pairs) == 0 {
		c.reportNoChildren(p)
		return
	}
	policies := "so this peer is in no policy"
	if p.others {
		policies = "so the flow excludes all of them"
	}
	mesh := ""
	if p.flow.fromProfile {
		mesh = "; to allow it for all Tenants without their consent, set fullMesh: true"
	}
	if len(p.pairs) == 0 {
		if !p.others {
			c.warnNoPods(p.flow, p.path)
		}
		return
	}
	l, check, who := p.missingConsents[0], report.AnyTenantUnused, "other Tenant"
	if p.group == childTenants {
		check, who = report.ChildrenUnused, "child"
	}
	c.warn(check, p.flow.ref, p.path, "no %s declares %s, %s: for Tenant %q, for instance, %s%s", who, oppositeSide(p.flow), policies, l.tenant, l.fix, mesh)
}

// reportMissingConsents names the tenants that the peer excludes, together if they lack the same. If
// it excludes all, that is an error.
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

// desc is the message for all tenants that lack the same.
func (l missingConsent) desc(names []string, group tenantGroup, severity report.Severity) string {
	who, has, not, them := "Tenant", "has", "does not", "it"
	if len(names) > 1 {
		who, has, not, them = "Tenants", "have", "do not", "them"
	}
	out := who + " " + quoteSome(names) + " "
	if have := map[tenantGroup]string{sharedNamespace: "some of these pods", namespacesByLabel: "namespaces with these labels"}[group]; have != "" {
		out += has + " " + have + " and "
	}
	out += not + " " + l.text
	switch {
	case severity == report.Error:
	case l.shares:
		out += ", so its policies deny the flow"
	default:
		out += ", so the flow excludes " + them
	}
	fix := l.fix
	if len(names) > 1 {
		fix = strings.Replace(fix, "add to its ", "add to each ", 1)
	}
	return out + ": " + fix
}

// missingText is what a tenant lacks: worded for one tenant, and for several.
type missingText struct{ single, group string }

// reportMissingConsent reports what the other tenant of a flow must declare, or the port of a
// Service that keeps the flows of the two from matching.
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
	r.refuse(report.ConsentMissing, f.ref, e.path, "Tenant %q %s: add to its spec.%s: %s", e.tenant.Name, text.single, f.direction.Opposite(), requiredFlowYAML(f, e))
}
