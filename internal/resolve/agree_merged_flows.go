package resolve

import (
	"slices"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
)

// refuseTLSConflict refuses flows of a tenant with http rules for the same port and peer and with
// different interception of TLS: Cilium merges them.
func (r *agreePass) refuseTLSConflict(t *tenant) {
	for i, f := range t.flows {
		for _, other := range t.flows[:i] {
			if len(f.l7.HTTP) > 0 && len(other.l7.HTTP) > 0 && endpoints.JSONKey(f.l7.Interception) != endpoints.JSONKey(other.l7.Interception) && areMerged(f, other) {
				r.refuse(report.TLSSettingsConflict, f.ref, f.path, "shares a port and a peer with %s, but not the Secrets in tls: Cilium merges the two flows, so write the same Secrets in both, or different ports or peers",
					other.reason)
			}
		}
	}
}

// areMerged reports whether Cilium merges rules of two flows of a tenant, for some pods.
func areMerged(f, g *declaredFlow) bool {
	shareSubjects := slices.ContainsFunc(f.own, func(a policy.Peer) bool {
		return slices.ContainsFunc(g.own, func(b policy.Peer) bool {
			_, both := endpoints.Intersect(a.Pods, b.Pods)
			return both && a.Namespace == b.Namespace
		})
	})
	return shareSubjects && f.direction == g.direction && slices.ContainsFunc(f.resolvedPeers, func(e resolvedPeer) bool {
		return slices.ContainsFunc(g.resolvedPeers, func(other resolvedPeer) bool {
			return intersects(peerKeys(e.peer), peerKeys(other.peer)) && intersects(f.portsOf(e), g.portsOf(other))
		})
	})
}

// peerKeys are a peer in the parts that Cilium merges: each name and network is one.
func peerKeys(p policy.Peer) []string {
	switch p.Kind {
	case policy.FQDNs:
		return p.FQDNs
	case policy.CIDRs:
		return p.CIDRs
	default:
		return []string{endpoints.JSONKey(p)}
	}
}

func intersects[T comparable](a, b []T) bool {
	return slices.ContainsFunc(a, func(v T) bool { return slices.Contains(b, v) })
}

// refuseShadowedDNS refuses dns rules without effect: another flow of the same pods allows some of
// the same servers on the same port without dns, and Cilium then allows every name.
func (r *agreePass) refuseShadowedDNS() {
	if r.usesNetworkPolicies() {
		return
	}
	for _, f := range r.flows {
		if len(f.l7.DNS) == 0 || f.outcome == refused {
			continue
		}
		i := slices.IndexFunc(r.flows, func(other *declaredFlow) bool {
			return other.l7.Unrestricted() && shareSubject(f, other) && shareDestination(f, other)
		})
		if i >= 0 {
			r.refuse(report.L7RuleShadowed, f.ref, f.path.Child("dns"),
				"has no effect: flow %q (%s) allows the same servers on the same port without dns, and so every name: set dns there too, or narrow its peer or ports",
				r.flows[i].name, r.flows[i].reason)
		}
	}
}

// shareDestination reports whether two flows allow some destination on the same port. Cilium evaluates
// rules for another port range, or for every port, separately.
func shareDestination(a, b *declaredFlow) bool {
	return slices.ContainsFunc(a.resolvedPeers, func(e resolvedPeer) bool {
		return slices.ContainsFunc(b.resolvedPeers, func(o resolvedPeer) bool { return overlap(e.peer, o.peer) && sharePort(a.portsOf(e), b.portsOf(o)) })
	})
}

func sharePort(a, b []flow.Port) bool {
	return slices.ContainsFunc(a, func(p flow.Port) bool { return slices.Contains(b, p) })
}

// overlap reports whether two peers may have an endpoint in common.
func overlap(a, b policy.Peer) bool {
	switch {
	case a.Kind == policy.Entities:
		return entitiesOverlap(a, b)
	case b.Kind == policy.Entities:
		return entitiesOverlap(b, a)
	case a.Kind != b.Kind:
		return false
	case a.Kind == policy.CIDRs:
		return setOf(a.CIDRs, a.Except).Overlaps(setOf(b.CIDRs, b.Except))
	}
	_, both := endpoints.Intersect(a.Pods, b.Pods)
	return both && namespacesOverlap(a, b)
}

// entitiesOverlap reports whether a peer of entities may have an endpoint of another peer.
func entitiesOverlap(entities, other policy.Peer) bool {
	if hasEntity(entities, v1alpha1.EntityAll) {
		return true
	}
	switch other.Kind {
	case policy.Entities:
		return hasEntity(other, v1alpha1.EntityAll) || slices.ContainsFunc(entities.Entities, func(e v1alpha1.Entity) bool { return hasEntity(other, e) })
	case policy.Pods:
		return hasEntity(entities, v1alpha1.EntityCluster)
	}
	return hasEntity(entities, v1alpha1.EntityWorld)
}

// namespacesOverlap reports whether two peers have a namespace in common. A peer without a namespace
// includes all that it does not exclude.
func namespacesOverlap(a, b policy.Peer) bool {
	return a.Namespace == b.Namespace || a.Namespace == "" && !slices.Contains(a.ExcludedNamespaces, b.Namespace) ||
		b.Namespace == "" && !slices.Contains(b.ExcludedNamespaces, a.Namespace)
}

func hasEntity(p policy.Peer, e v1alpha1.Entity) bool { return slices.Contains(p.Entities, e) }
