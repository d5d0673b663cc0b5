package resolve

import (
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// grantFlows grants flows that need no consent, and flows that two tenants declare.
func (r *resolver) grantFlows() {
	c := multiTenantPeers{resolver: r, at: map[string]*multiTenantPeer{}}
	for _, f := range r.flows {
		c.expect(f)
		for _, e := range f.resolvedPeers {
			switch {
			case e.tenant == nil:
				e = r.withoutUndeclared(f, e)
				r.grant(f, e)
				c.recordGranted(f, e)
				f.granted = append(f.granted, e)
			case r.grantByConsent(f, e, &c):
				f.granted = append(f.granted, e)
			case !f.isCounted(e.group):
				f.partial = true
			}
		}
		r.recordGrants(f)
	}
	c.reportPeers()
}

// grant grants a flow with one of its peers, in the form of the policies.
func (r *resolver) grant(f *declaredFlow, e resolvedPeer) {
	if r.networkPolicyForm && f.broken {
		return
	}
	if e.peer.Kind == policy.FQDNs && r.usesNetworkPolicies() {
		r.grantThroughEgressProxy(f, e)
		return
	}
	for _, e := range r.toPolicyForm(f, e) {
		for _, own := range f.own {
			r.addGrants(f, newGrant(f, own, e))
		}
	}
}

func newGrant(f *declaredFlow, own policy.Peer, e resolvedPeer) policy.Grant {
	g := policy.Grant{Family: policy.EastWest, Ports: f.portsOf(e), L7: f.l7, DNSNames: e.hostnames}
	if e.peer.Kind == policy.FQDNs || len(e.hostnames) > 0 {
		g.Family = policy.FQDNEgress
	}
	if f.direction == flow.Egress {
		g.From, g.To, g.Source = own, e.peer, f.declaration()
	} else {
		g.From, g.To, g.Destination = e.peer, own, f.declaration()
	}
	return g
}

// addGrants adds grants to the fence, each with the ports of its egress side.
func (r *resolver) addGrants(f *declaredFlow, grants ...policy.Grant) {
	for _, g := range grants {
		g.SourcePorts = r.sourcePorts(f, g)
		r.fence.Grants = append(r.fence.Grants, g)
	}
}

// grantByConsent grants what both tenants of a flow declare. Each pair of flows is granted once, by
// the egress side. It reports whether they agree on anything.
func (r *resolver) grantByConsent(f *declaredFlow, e resolvedPeer, c *multiTenantPeers) bool {
	if r.networkPolicyForm && f.broken || f.tls != nil {
		// Two tenants cannot agree on TLS, which is refused already.
		return false
	}
	agreed, differ := r.agreements(f, e)
	if len(agreed) == 0 {
		missing := missingText{"does not declare " + oppositeSide(f), "declare " + oppositeSide(f), differ}
		if differ {
			missing = missingText{"declares " + oppositeSide(f) + ", but none of its http or dns rules equals one here", "declare an equal rule in http or dns", differ}
		}
		r.reportMissingConsent(f, e, missing, c)
		return false
	}
	if f.direction == flow.Egress {
		r.addGrants(f, agreed...)
	} else {
		r.recordConsent(f, agreed)
	}
	c.agreed(f, e, agreed)
	r.reportPartialConsent(f, e, agreed)
	return true
}

// reportPartialConsent reports that two tenants agree on a part of a flow. For peers of all tenants,
// these tenants are counted instead.
func (r *resolver) reportPartialConsent(f *declaredFlow, e resolvedPeer, agreed []policy.Grant) {
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

// l7Summary lists the L7 rules of grants.
func l7Summary(grants []policy.Grant) string {
	var out []string
	for _, g := range grants {
		if summary := g.L7.String(); summary != "" && !slices.Contains(out, summary) {
			out = append(out, summary)
		}
	}
	return strings.Join(out, "; ")
}

// agreements are the grants that the other tenant of a flow declares too. differ reports whether a
// flow of that tenant differs in its L7 rules alone.
func (r *resolver) agreements(f *declaredFlow, e resolvedPeer) (agreed []policy.Grant, differ bool) {
	for _, other := range e.tenant.flows {
		if other.direction == f.direction || other.via != "" {
			continue
		}
		l7, ok := commonL7(f.l7, other.l7)
		for _, reverse := range other.resolvedPeers {
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

// oppositeFlowBroken reports whether a flow with an error may be the opposite side of a flow, or the
// flow itself has no pods. The missing consent follows from that error then.
func (r *resolver) oppositeFlowBroken(f *declaredFlow, e resolvedPeer) bool {
	return len(f.own) == 0 || slices.ContainsFunc(e.tenant.flows, func(other *declaredFlow) bool {
		return other.broken && other.direction != f.direction && slices.ContainsFunc(other.peers, func(p v1alpha1.Peer) bool {
			return p.AnyTenant || p.Tenant == f.tenant.Name || p.NamespaceLabels != nil ||
				p.Children && f.tenant.parent == e.tenant.Name || p.Parent && e.tenant.parent == f.tenant.Name ||
				slices.Contains(f.tenant.Namespaces, p.Namespace) || strings.Contains(p.Service, "/")
		})
	})
}

// commonGrants returns the grants that peer e of flow f and peer reverse of flow other share,
// without L7 rules.
func (r *resolver) commonGrants(f *declaredFlow, e resolvedPeer, other *declaredFlow, reverse resolvedPeer) []policy.Grant {
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
func (r *resolver) commonPods(a, b policy.Peer) (policy.Peer, bool) {
	pods, ok := endpoints.Intersect(a.Pods, b.Pods)
	if !ok {
		return policy.Peer{}, false
	}
	ok = r.index.WithoutResources || endpoints.SelectsAll(pods) || len(r.index.WorkloadsIn(a.Namespace, pods)) > 0
	return policy.Peer{Kind: policy.Pods, Namespace: a.Namespace, Pods: pods, Owner: a.Owner}, ok
}

// commonPorts are the ports at the destination that both lists allow; an empty list
// allows every port.
func (r *resolver) commonPorts(a, b []flow.Port, to policy.Peer) ([]flow.Port, bool) {
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

// covered reports whether the grants allow all of a flow with a peer.
func (r *resolver) covered(f *declaredFlow, e resolvedPeer, agreed []policy.Grant) bool {
	return coversL7(f.l7, agreed, func(agreed []policy.Grant) bool { return r.coveredPods(f, e, agreed) })
}

func (r *resolver) coveredPods(f *declaredFlow, e resolvedPeer, agreed []policy.Grant) bool {
	for _, own := range f.own {
		source, destination := own, e.peer
		if f.direction == flow.Ingress {
			source, destination = e.peer, own
		}
		for _, s := range r.pods(source) {
			for _, d := range r.pods(destination) {
				if !r.coveredPair(s, d, source, destination, f.portsOf(e), agreed) {
					return false
				}
			}
		}
	}
	return true
}

// pods are the pods of a peer in the build, or an example that the peer selects.
func (r *resolver) pods(p policy.Peer) []*resource.Workload {
	if in := r.index.WorkloadsIn(p.Namespace, p.Pods); len(in) > 0 {
		return in
	}
	return []*resource.Workload{{Labels: endpoints.ExampleLabels(p.Pods)}}
}

func (r *resolver) coveredPair(s, d *resource.Workload, from, to policy.Peer, ports []flow.Port, agreed []policy.Grant) bool {
	var have []flow.Port
	for _, g := range agreed {
		if g.From.Namespace != from.Namespace || g.To.Namespace != to.Namespace || !endpoints.Selects(g.From.Pods, s.Labels) || !endpoints.Selects(g.To.Pods, d.Labels) {
			continue
		}
		if len(g.Ports) == 0 {
			return true
		}
		have = append(have, r.resolvePortNames(g.Ports, to)...)
	}
	ports = r.resolvePortNames(ports, to)
	return len(ports) > 0 && !slices.ContainsFunc(ports, func(p flow.Port) bool { return !p.CoveredBy(have) })
}
