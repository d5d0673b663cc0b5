package resolve

import (
	"slices"
	"strings"

	"go4.org/netipx"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
)

// checkAddressesKnown refuses to separate the world from the cluster where the profile does not set
// all of the cluster's addresses.
func (r *pass) checkAddressesKnown(ref report.Ref, at *field.Path, prefix string) bool {
	missing := r.missingAddressFields()
	if len(missing) > 0 {
		r.refuse(report.WorldAddressesUnknown, ref, at, "%srepresents all addresses outside the cluster, and the cluster's own addresses are unknown: set %s in the profile", prefix, strings.Join(missing, ", "))
	}
	return len(missing) == 0
}

// networksOfPeer are the networks of one peer of a flow.
type networksOfPeer struct {
	flow *declaredFlow
	at   *field.Path
	set  *netipx.IPSet
}

// refuseSplitWorld refuses networks that represent the world only together: in several peers, or in
// several flows of the same pods. It returns these flows.
func (r *pass) refuseSplitWorld(flows []*declaredFlow) map[*declaredFlow]bool {
	unknown, refused := r.unknownNetworks(), map[*declaredFlow]bool{}
	if !r.usesNetworkPolicies() || len(unknown.Prefixes()) == 0 {
		return refused
	}
	parts := r.networkPeersIn(flows, unknown)
	for i, first := range parts {
		if refused[first.flow] {
			continue
		}
		others := slices.DeleteFunc(slices.Clone(parts[i+1:]), func(other networksOfPeer) bool {
			return refused[other.flow] || other.flow != first.flow && !shareSubject(first.flow, other.flow)
		})
		if group := minimalCover(slices.Insert(others, 0, first)); len(group) > 0 {
			r.refuseWorldGroup(group)
			for _, p := range group {
				refused[p.flow] = true
			}
		}
	}
	return refused
}

// networkPeersIn are the peers of all flows that are networks, as far as these are in a set.
func (r *pass) networkPeersIn(flows []*declaredFlow, set *netipx.IPSet) []networksOfPeer {
	var out []networksOfPeer
	for _, f := range slices.Concat(flows, r.agentFlows()) {
		for _, p := range networkPeers(f) {
			if p.set = intersection(p.set, set); len(p.set.Prefixes()) > 0 {
				out = append(out, p)
			}
		}
	}
	return out
}

// refuseWorldGroup refuses peers that represent the world together.
func (r *pass) refuseWorldGroup(group []networksOfPeer) {
	first := group[0]
	var others []string
	for _, p := range group {
		if p.flow.ref != first.flow.ref {
			others = append(others, p.flow.ref.String()+" "+p.at.String())
		} else if p.at != first.at {
			others = append(others, p.at.String())
		}
	}
	prefix := "together with " + strings.Join(others, ", ") + ", it "
	if r.checkAddressesKnown(first.flow.ref, first.at, prefix) {
		r.refuse(report.WorldAddressesUnknown, first.flow.ref, first.at, "%srepresents all addresses outside the cluster in an IP family without nodes in cluster.nodeCIDRs: add them in the profile", prefix)
	}
}

// unknownNetworks are the address spaces in which the profile does not separate the world from the
// cluster: all of them, or those of a family with addresses of pods and without addresses of nodes.
func (r *pass) unknownNetworks() *netipx.IPSet {
	var cidrs []string
	for _, f := range ipFamilies {
		if len(r.missingAddressFields()) > 0 || !r.enforcedByCilium() && !f.addressesKnown(r.fence.Cluster) && slices.ContainsFunc(r.fence.Cluster.PodCIDRs, f.contains) {
			cidrs = append(cidrs, f.all.String())
		}
	}
	return setOf(cidrs, nil)
}

// agentFlows are the flows of agents from networks, if their policies match networks.
func (r *pass) agentFlows() []*declaredFlow {
	var out []*declaredFlow
	for _, t := range r.tenants {
		for i, a := range t.spec.AgentIngress {
			if a.Mode != v1alpha1.LoadBalancer || a.SourceIP == v1alpha1.SourceNode {
				continue
			}
			f := &declaredFlow{tenant: t, direction: flow.Ingress, ref: t.ref, own: r.podPeers(t, t.Namespaces, endpoints.Selector{})}
			at := t.path.Child("agentIngress").Index(i).Child("cidrs")
			f.resolvedPeers = []resolvedPeer{{peer: policy.Peer{Kind: policy.CIDRs, CIDRs: a.CIDRs}, path: at}}
			out = append(out, f)
		}
	}
	return out
}

// networkPeers are the peers of a flow that are networks. One that represents the world by itself is
// refused when it is granted.
func networkPeers(f *declaredFlow) []networksOfPeer {
	var out []networksOfPeer
	for _, e := range f.resolvedPeers {
		if e.peer.Kind != policy.CIDRs {
			continue
		}
		if set := setOf(e.peer.CIDRs, e.peer.Except); !coversWorld(set) {
			out = append(out, networksOfPeer{flow: f, at: e.path, set: set})
		}
	}
	return out
}

// minimalCover are parts that represent the world together, none if they do not. It omits parts that
// are not needed.
func minimalCover(parts []networksOfPeer) []networksOfPeer {
	coverWorld := func(parts []networksOfPeer) bool {
		var b netipx.IPSetBuilder
		for _, p := range parts {
			b.AddSet(p.set)
		}
		set, err := b.IPSet()
		return err == nil && coversWorld(set)
	}
	if !coverWorld(parts) {
		return nil
	}
	for i := len(parts) - 1; i >= 0; i-- {
		if rest := slices.Delete(slices.Clone(parts), i, i+1); coverWorld(rest) {
			parts = rest
		}
	}
	return parts
}

// shareSubject reports whether two flows may select the same pods in the same direction.
func shareSubject(a, b *declaredFlow) bool {
	if a.direction != b.direction {
		return false
	}
	return slices.ContainsFunc(a.own, func(p policy.Peer) bool {
		return slices.ContainsFunc(b.own, func(q policy.Peer) bool {
			_, both := endpoints.Intersect(p.Pods, q.Pods)
			return both && p.Kind == q.Kind && p.Namespace == q.Namespace && (p.Kind == policy.Pods || p.Owner == q.Owner)
		})
	})
}
