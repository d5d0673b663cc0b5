package resolve

import (
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/strict"
)

// grantByConsent grants what both tenants of a flow declare. Each pair of flows is granted once, by
// the egress side. It reports whether they agree on anything.
func (r *agreePass) grantByConsent(f *declaredFlow, e resolvedPeer) bool {
	if f.tls != nil {
		// Two tenants cannot agree on TLS, which is refused already.
		return false
	}
	agreed, differ := r.agreements(f, e)
	if len(agreed) == 0 {
		missing := missingText{"does not declare " + oppositeSide(f), "declare " + oppositeSide(f), differ}
		if differ {
			missing = missingText{"declares " + oppositeSide(f) + ", but none of its http or dns rules equals one here", "declare an equal rule in http or dns", differ}
		}
		r.reportMissingConsent(f, e, missing)
		return false
	}
	if f.direction == flow.Egress {
		r.grants = append(r.grants, neutralGrant{flow: f, agreed: agreed})
	} else {
		r.recordConsent(f, agreed)
	}
	r.recordAgreed(f, e, agreed)
	r.reportPartialConsent(f, e, agreed)
	return true
}

// reportPartialConsent reports that two tenants agree on a part of a flow. For peers of all tenants,
// these tenants are counted instead.
func (r *agreePass) reportPartialConsent(f *declaredFlow, e resolvedPeer, agreed []policy.Grant) {
	severity := report.Info
	if f.direction == flow.Egress {
		severity = report.Warning
	}
	switch {
	case f.isCounted(e.group) || r.relation.isUnclear(f.tenant.Name, e.tenant.Name) || r.covered(f, e, agreed):
		return
	case r.isIncluded(f, e):
		r.refuse(report.ConsentMissing, f.ref, e.path, "Tenant %q has some of these pods (%s) and declares only a part of %s, and the peer includes all of these pods: narrow pods of the peer, or add to its spec.%s: %s",
			e.tenant.Name, r.describePods(e), oppositeSide(f), f.direction.Opposite(), requiredFlowYAML(f, e))
	case f.l7.Unrestricted() && r.coveredPods(f, e, agreed):
		r.report(report.Info, report.ConsentPartial, f.ref, e.path, "Tenant %q restricts this flow by L7 rules, and only these are allowed: %s: to show them here too, write the same rules", e.tenant.Name, l7Summary(agreed))
	default:
		r.report(severity, report.ConsentPartial, f.ref, e.path, "Tenant %q declares only a part of %s, so only this part is allowed: for the rest, add to its spec.%s: %s", e.tenant.Name, oppositeSide(f), f.direction.Opposite(), requiredFlowYAML(f, e))
	}
	f.partial = true
}

// agreements are the grants that the other tenant of a flow declares too. differ reports whether a
// flow of that tenant differs in its L7 rules alone.
func (r *agreePass) agreements(f *declaredFlow, e resolvedPeer) (agreed []policy.Grant, differ bool) {
	for _, other := range e.tenant.flows {
		if other.direction == f.direction || other.via != "" {
			continue
		}
		l7, ok := flow.CommonL7(f.l7, other.l7)
		for _, i := range other.peersIn(f.own) {
			reverse := other.resolvedPeers[i]
			if f.fromProfile && other.fromProfile && reverse.group.includesAllTenants() {
				// Both flows are the profile's, for all tenants: neither is the consent of a tenant.
				continue
			}
			grants := r.commonGrants(f, e, other, reverse)
			if !ok {
				differ = differ || len(grants) > 0
				continue
			}
			for i := range grants {
				grants[i].L7 = l7
			}
			agreed = append(agreed, grants...)
		}
	}
	return agreed, differ
}

// oppositeFlowRefused reports whether a flow with an error may be the opposite side of a flow, or the
// flow itself has no pods. The missing consent follows from that error then.
func (r *agreePass) oppositeFlowRefused(f *declaredFlow, e resolvedPeer) bool {
	return len(f.own) == 0 || slices.ContainsFunc(e.tenant.flows, func(other *declaredFlow) bool {
		return other.outcome == refused && other.direction != f.direction && slices.ContainsFunc(other.peers, func(p v1alpha1.Peer) bool {
			return p.AnyTenant || p.NamespaceLabels != nil ||
				p.Children && f.tenant.parent == e.tenant.Name || p.Parent && e.tenant.parent == f.tenant.Name ||
				strings.Contains(p.Service, "/") || r.mayName(p, f.tenant)
		})
	})
}

// mayName reports whether a peer with an error names a tenant or one of its namespaces, or has a
// name that is unknown and nearest to one of these.
func (r *agreePass) mayName(p v1alpha1.Peer, t *tenant) bool {
	return p.Tenant != "" && (p.Tenant == t.Name || r.byName[p.Tenant] == nil && strict.Nearest(p.Tenant, r.tenantNames()) == t.Name) ||
		p.Namespace != "" && (slices.Contains(t.Namespaces, p.Namespace) || r.index.Namespaces[p.Namespace] == nil && slices.Contains(t.Namespaces, strict.Nearest(p.Namespace, r.namespaceNames())))
}

// commonGrants returns the grants that peer e of flow f and peer reverse of flow other share,
// without L7 rules.
func (r *agreePass) commonGrants(f *declaredFlow, e resolvedPeer, other *declaredFlow, reverse resolvedPeer) []policy.Grant {
	var out []policy.Grant
	for _, mine := range f.own {
		if reverse.peer.Kind != policy.Pods || reverse.peer.Namespace != mine.Namespace {
			continue
		}
		for _, theirs := range other.own {
			if theirs.Namespace != e.peer.Namespace {
				continue
			}
			near, ok1 := r.commonPods(mine, reverse.peer)
			far, ok2 := r.commonPods(theirs, e.peer)
			to := far
			if f.direction == flow.Ingress {
				to = near
			}
			ports, ok3 := r.commonPorts(f.portsOf(e), other.portsOf(reverse), to)
			if !ok1 || !ok2 || !ok3 {
				continue
			}
			g := policy.Grant{Family: policy.EastWest, From: near, To: far, Ports: ports, Source: f.declaration(), Destination: other.declaration()}
			if f.direction == flow.Ingress {
				g.From, g.To, g.Source, g.Destination = far, near, g.Destination, g.Source
			}
			out = append(out, g)
		}
	}
	return out
}

// commonPods are the pods that two peers of one namespace have in common.
func (r *agreePass) commonPods(a, b policy.Peer) (policy.Peer, bool) {
	pods, ok := endpoints.Intersect(a.Pods, b.Pods)
	if !ok {
		return policy.Peer{}, false
	}
	ok = r.index.WithoutResources || endpoints.SelectsAll(pods) || len(r.index.WorkloadsIn(a.Namespace, pods)) > 0
	return policy.Peer{Kind: policy.Pods, Namespace: a.Namespace, Pods: pods, Owner: a.Owner}, ok
}

// commonPorts are the ports at the destination that both lists allow; an empty list
// allows every port.
func (r *agreePass) commonPorts(a, b []flow.Port, to policy.Peer) ([]flow.Port, bool) {
	if len(a) == 0 {
		return b, true
	}
	if len(b) == 0 {
		return a, true
	}
	var out []flow.Port
	for _, p := range a {
		for _, q := range b {
			if o, ok := r.portOverlap(p, q, to); ok && !slices.Contains(out, o) {
				out = append(out, o)
			}
		}
	}
	return out, len(out) > 0
}

// portOverlap is what two ports of the same pods have in common. A name and its number are the same
// port, and the name is more exact.
func (r *agreePass) portOverlap(p, q flow.Port, at policy.Peer) (flow.Port, bool) {
	if p.Name == "" && q.Name != "" {
		p, q = q, p
	}
	if p.Name == "" || q.Name != "" {
		return p.Overlap(q)
	}
	n, ok := r.portNumber(p, at)
	return p, ok && n.CoveredBy([]flow.Port{q})
}
