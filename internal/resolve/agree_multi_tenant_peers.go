package resolve

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
)

// multiTenantPeer is a peer that represents several tenants, with the result for each of them.
type multiTenantPeer struct {
	flow  *declaredFlow
	path  *field.Path
	group tenantGroup
	// pairs are the source and destination tenants, each with whether the peer allows the flow
	// between them. allowed are the other tenants of the pairs that it allows.
	pairs   map[[2]string]bool
	allowed []string
	// partial are pairs between which the peer does not allow all of the flow. byProfile are those for
	// which the profile alone declares the other side.
	partial, byProfile map[[2]string]bool
	// others reports whether the peer also allows pods of no other tenant.
	others bool
	// consentUnknown reports that one side was refused, or is unclear, so that consent is unknown.
	consentUnknown  bool
	missingConsents []missingConsent
}

// missingConsent is a tenant that does not declare its side: what it lacks, and the fix.
type missingConsent struct {
	tenant, text, fix string
	// denies reports whether its namespace is shared, and its own policies deny the flow. partial
	// reports whether the peer excludes other pods of its namespace, too.
	denies, partial bool
	// included are its pods that the peer would allow without consent.
	included string
	// mistaken is the flow of either side that declares the port of a Service, nil if none does.
	mistaken *declaredFlow
}

// expect adds the peers of a flow that represent all tenants, also if none has the pods. Nodes need
// no consent: for them, existing pods are enough.
func (r *agreePass) expect(f *declaredFlow) {
	for i, p := range f.peers {
		at := f.peersPath().Index(i)
		switch {
		case f.outcome == refused || !p.AnyTenant && !p.Children || !r.appliesTo(f, p):
		case p.Children:
			r.multiTenantPeer(f, resolvedPeer{group: childTenants, path: at})
		case !f.tenant.IsNodes():
			r.multiTenantPeer(f, resolvedPeer{group: anyTenant, path: at})
		case !slices.ContainsFunc(f.resolvedPeers, func(e resolvedPeer) bool { return e.path.String() == at.String() }):
			r.warnNoPods(f, at)
		}
	}
}

func (r *agreePass) warnNoPods(f *declaredFlow, at *field.Path) {
	r.warn(report.AnyTenantUnused, f.ref, at, "no other Tenant has such pods in the build, so this peer is in no policy: correct the labels, remove the peer, or declare the pods as external resources "+externalKind)
}

// multiTenantPeer is the multi-tenant peer of a resolved peer, nil if that is not about several tenants.
func (r *agreePass) multiTenantPeer(f *declaredFlow, e resolvedPeer) *multiTenantPeer {
	if f.tenant.IsNodes() {
		return nil
	}
	key := endpoints.JSONKey([]any{f.ref, e.path.String()})
	p := r.multiTenantPeers[key]
	if p == nil && e.group != singleTenant {
		p = &multiTenantPeer{flow: f, path: e.path, group: e.group, pairs: map[[2]string]bool{}, partial: map[[2]string]bool{}, byProfile: map[[2]string]bool{}}
		r.multiTenantPeers[key] = p
		r.order = append(r.order, p)
	}
	return p
}

func (r *agreePass) recordGranted(f *declaredFlow, e resolvedPeer) {
	p := r.multiTenantPeer(f, e)
	switch other := r.ownerOf(e.peer); {
	case p == nil:
	case other == nil || other == f.tenant || e.group == singleTenant:
		p.others = true
	default:
		p.allowPair(f, other)
	}
}

func (r *agreePass) recordAgreed(f *declaredFlow, e resolvedPeer, agreed []policy.Grant) {
	p := r.multiTenantPeer(f, e)
	if p == nil {
		return
	}
	p.allowPair(f, e.tenant)
	if pair := pairOf(f, e.tenant); f.isCounted(e.group) {
		p.partial[pair] = p.partial[pair] || !r.covered(f, e, agreed)
		declared := slices.ContainsFunc(agreed, func(g policy.Grant) bool {
			return !g.Source.AllTenants && g.Source.IsOf(&e.tenant.Owner) || !g.Destination.AllTenants && g.Destination.IsOf(&e.tenant.Owner)
		})
		before, known := p.byProfile[pair]
		p.byProfile[pair] = !declared && (before || !known)
	}
}

func (r *agreePass) recordUnknown(f *declaredFlow, e resolvedPeer) {
	if p := r.multiTenantPeer(f, e); p != nil {
		p.consentUnknown = true
	}
}

func (r *agreePass) recordMissing(f *declaredFlow, e resolvedPeer, text string) {
	p := r.multiTenantPeer(f, e)
	p.addPair(f, e.tenant)
	if f.isCounted(e.group) {
		// Another namespace of the tenant may have consent, or the error of the flow is the cause.
		p.partial[pairOf(f, e.tenant)] = true
		p.consentUnknown = p.consentUnknown || f.outcome == refused
		if len(p.missingConsents) > 0 {
			// For counted tenants, one is the example.
			return
		}
	}
	l := missingConsent{tenant: e.tenant.Name, denies: r.deniesItself(e), partial: r.isPartial(e.peer.Namespace), text: text, fix: fmt.Sprintf("add to its spec.%s: %s", f.direction.Opposite(), requiredFlowYAML(f, e))}
	if mistaken, m := r.mistakenFlow(f, e); mistaken != nil {
		l.mistaken = mistaken
		l.fix = fmt.Sprintf("in %s, write the port of the pods, %s, instead of that of Service %s, %s", mistaken.reason, m.target, m.service, m.port)
	}
	if r.isIncluded(f, e) {
		l.included = r.describePods(e)
	}
	if !slices.Contains(p.missingConsents, l) {
		p.missingConsents = append(p.missingConsents, l)
	}
}

func pairOf(f *declaredFlow, other *tenant) [2]string { return [2]string{f.tenant.Name, other.Name} }

// addPair adds a source and a destination tenant.
func (p *multiTenantPeer) addPair(f *declaredFlow, other *tenant) {
	pair := pairOf(f, other)
	if _, known := p.pairs[pair]; !known {
		p.pairs[pair] = false
	}
}

// allowPair adds two tenants between which the peer allows the flow.
func (p *multiTenantPeer) allowPair(f *declaredFlow, other *tenant) {
	pair := pairOf(f, other)
	if !p.pairs[pair] {
		p.pairs[pair] = true
		p.allowed = append(p.allowed, other.Name)
	}
}

// missingText is what a tenant lacks: worded for one tenant, and for several. differ reports that a
// flow differs in its L7 rules alone.
type missingText struct {
	single, group string
	differ        bool
}

// reportMissingConsent reports what the other tenant of a flow must declare, or the port of a
// Service that keeps the flows of the two from matching.
func (r *agreePass) reportMissingConsent(f *declaredFlow, e resolvedPeer, text missingText) {
	if r.index.Partial || r.relation.isUnclear(f.tenant.Name, e.tenant.Name) || r.oppositeFlowRefused(f, e) {
		r.recordUnknown(f, e)
		return
	}
	if e.group != singleTenant {
		r.recordMissing(f, e, text.group)
		return
	}
	if mistaken, m := r.mistakenFlow(f, e); mistaken != nil {
		r.reportServicePort(report.Error, mistaken, m)
		return
	}
	if text.differ || !r.reportDifferentPorts(f, e) {
		r.refuseConsent(f, e, text.single+": add")
	}
}

// refuseConsent ends a message about another tenant with the flow that it must declare.
func (r *agreePass) refuseConsent(f *declaredFlow, e resolvedPeer, text string) {
	r.refuse(report.ConsentMissing, f.ref, e.path, "Tenant %q %s to its spec.%s: %s", e.tenant.Name, text, f.direction.Opposite(), requiredFlowYAML(f, e))
}
