package resolve

import (
	"slices"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
)

// refuseShadowedDNS refuses dns rules without effect: another flow of the same pods allows some of
// the same servers on the same port without dns, and Cilium then allows every name.
func (r *resolver) refuseShadowedDNS() {
	if r.usesNetworkPolicies() {
		return
	}
	for _, f := range r.flows {
		if len(f.l7.DNS) == 0 || f.broken {
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
