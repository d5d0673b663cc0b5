package resolve

import (
	"fmt"
	"slices"
	"strings"

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
			if len(f.l7.HTTP()) > 0 && len(other.l7.HTTP()) > 0 && endpoints.JSONKey(f.l7.Interception) != endpoints.JSONKey(other.l7.Interception) && areMerged(f, other) {
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
		if len(f.l7.DNS()) == 0 || f.outcome == refused {
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

// reportDifferentPorts reports that two tenants declare a flow between the same pods on different
// ports. It reports the flow at its egress side, and returns false if the ports are not the cause.
func (r *agreePass) reportDifferentPorts(f *declaredFlow, e resolvedPeer) bool {
	other, reverse := r.flowOnOtherPorts(f, e)
	if other == nil {
		return false
	}
	if f.direction == flow.Ingress && reverse.tenant == f.tenant && reverse.group == singleTenant {
		agreed, _ := r.agreements(other, reverse)
		if same, _ := r.flowOnOtherPorts(other, reverse); len(agreed) == 0 && same == f {
			return true
		}
	}
	r.refuseConsent(f, e, fmt.Sprintf("does not declare %s: its flow %q has %s, and this flow has %s: write the same in both, or add", oppositeSide(f), other.name, portList(other.portsOf(reverse)), portList(f.portsOf(e))))
	return true
}

// flowOnOtherPorts is the first flow of the other tenant between the same pods, in the opposite
// direction. Unless a flow differs in its L7 rules, it differs in its ports.
func (r *agreePass) flowOnOtherPorts(f *declaredFlow, e resolvedPeer) (*declaredFlow, resolvedPeer) {
	for _, other := range e.tenant.flows {
		if other.direction == f.direction || other.via != "" || other.tls != nil || other.fromProfile {
			continue
		}
		for _, reverse := range other.resolvedPeers {
			if isICMP(f.portsOf(e)) != isICMP(other.portsOf(reverse)) {
				continue
			}
			if len(r.sharedDestinations(f, e, other, reverse)) > 0 && len(r.commonGrants(f, e, other, reverse)) == 0 {
				return other, reverse
			}
		}
	}
	return nil, resolvedPeer{}
}

func isICMP(ports []flow.Port) bool {
	return slices.ContainsFunc(ports, func(p flow.Port) bool { return p.Protocol == flow.ICMP })
}

// portList is "port 443/TCP" or "ports 443/TCP, 80/TCP".
func portList(ports []flow.Port) string {
	list := texts(flow.MergeProtocols(ports), flow.Port.String)
	what := "port "
	if isICMP(ports) {
		what = "type "
	}
	if len(list) > 1 {
		what = strings.TrimSpace(what) + "s "
	}
	return what + truncatedList(list)
}

// reportServicePort reports a port of a Service in a flow to its pods: agents decide on the port
// of the pods.
func (r *pass) reportServicePort(severity report.Severity, f *declaredFlow, m servicePortMistake) {
	port := strings.TrimSuffix(m.target.String(), "/"+string(m.target.Protocol))
	fix := "write port: " + port
	if f.direction == flow.Egress {
		fix += ", or the peer service: " + m.service
	}
	r.report(severity, report.ServicePortAsPodPort, f.ref, f.path.Child("ports"), "port %s is that of Service %s, and its pods listen on %s, on which policies decide: %s", m.port, m.service, port, fix)
}

// refusesServicePort reports whether the port of a Service in a flow is an error.
func refusesServicePort(all report.Findings, ref report.Ref, field string) bool {
	return slices.ContainsFunc(all, func(o report.Finding) bool {
		return o.Check == report.ServicePortAsPodPort && o.Severity == report.Error && o.Resource == ref && o.Field == field
	})
}

// mistakenFlow is the flow, of two that differ in their ports alone, that declares a port of a
// Service instead of its pods' port.
func (r *agreePass) mistakenFlow(f *declaredFlow, e resolvedPeer) (*declaredFlow, servicePortMistake) {
	for _, other := range e.tenant.flows {
		if other.direction == f.direction || other.via != "" {
			continue
		}
		for _, reverse := range other.resolvedPeers {
			for _, to := range r.sharedDestinations(f, e, other, reverse) {
				if m, ok := r.onlyMistake(f, e, other.portsOf(reverse), to); ok {
					return f, m
				}
				if m, ok := r.onlyMistake(other, reverse, f.portsOf(e), to); ok {
					return other, m
				}
			}
		}
	}
	return nil, servicePortMistake{}
}

// sharedDestinations are the destination pods that two flows have in common.
func (r *agreePass) sharedDestinations(f *declaredFlow, e resolvedPeer, other *declaredFlow, reverse resolvedPeer) []policy.Peer {
	var out []policy.Peer
	for _, mine := range f.own {
		for _, theirs := range other.own {
			if reverse.peer.Kind != policy.Pods || reverse.peer.Namespace != mine.Namespace || theirs.Namespace != e.peer.Namespace {
				continue
			}
			near, ok1 := r.commonPods(mine, reverse.peer)
			far, ok2 := r.commonPods(theirs, e.peer)
			switch {
			case !ok1 || !ok2:
			case f.direction == flow.Egress:
				out = append(out, far)
			default:
				out = append(out, near)
			}
		}
	}
	return out
}

// onlyMistake is the port of a Service in a flow whose pods' port the opposite flow declares.
func (r *agreePass) onlyMistake(f *declaredFlow, e resolvedPeer, opposite []flow.Port, to policy.Peer) (servicePortMistake, bool) {
	if e.ports != nil {
		return servicePortMistake{}, false // The peer is a Service, with its own ports.
	}
	for _, m := range r.servicePortMistakes(flow.ExpandProtocols(f.ports), to) {
		if _, ok := r.commonPorts([]flow.Port{m.target}, opposite, to); ok {
			return m, true
		}
	}
	return servicePortMistake{}, false
}
