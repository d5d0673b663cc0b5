package fn_test

import (
	"net/netip"
	"slices"

	"go4.org/netipx"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
)

// flowSide is one side of a flow, with the rules that decide it.
type flowSide struct {
	direction flow.Direction
	pod, peer endpoints.Endpoint
	// selected are the policies that select the pod in this direction, near all of its
	// namespace.
	selected, inNamespace []networkingv1.NetworkPolicy
}

func sides(f flow.Flow, policies []networkingv1.NetworkPolicy) []flowSide {
	out := []flowSide{{direction: flow.Egress, pod: f.From, peer: f.To}, {direction: flow.Ingress, pod: f.To, peer: f.From}}
	for i, s := range out {
		for _, p := range policies {
			if p.Namespace != s.pod.Namespace {
				continue
			}
			out[i].inNamespace = append(out[i].inNamespace, p)
			if sel, err := metav1.LabelSelectorAsSelector(&p.Spec.PodSelector); err == nil && sel.Matches(labels.Set(s.pod.Labels)) {
				out[i].selected = append(out[i].selected, p)
			}
		}
	}
	return out
}

func (s flowSide) of(v flow.Verdict) flow.Side {
	if s.direction == flow.Ingress {
		return v.Ingress
	}
	return v.Egress
}

func (s flowSide) differences() []string {
	var out []string
	for name, d := range differences {
		if d.applies != nil && d.applies(s) {
			out = append(out, name)
		}
	}
	return out
}

func (s flowSide) peersAndPorts(of []networkingv1.NetworkPolicy) (peers []networkingv1.NetworkPolicyPeer, ports []networkingv1.NetworkPolicyPort) {
	for _, p := range of {
		if s.direction == flow.Ingress {
			for _, r := range p.Spec.Ingress {
				peers, ports = append(peers, r.From...), append(ports, r.Ports...)
			}
			continue
		}
		for _, r := range p.Spec.Egress {
			peers, ports = append(peers, r.To...), append(ports, r.Ports...)
		}
	}
	return peers, ports
}

func (s flowSide) anyBlock(is func(*netipx.IPSet) bool) bool {
	peers, _ := s.peersAndPorts(s.selected)
	return slices.ContainsFunc(peers, func(p networkingv1.NetworkPolicyPeer) bool {
		return p.IPBlock != nil && is(minusSet(setOf([]string{p.IPBlock.CIDR}), setOf(p.IPBlock.Except)))
	})
}

// partOfWorld reports whether a block distinguishes addresses outside the cluster of the peer.
func (s flowSide) partOfWorld(b *netipx.IPSet) bool {
	for _, world := range []struct{ all, entity string }{{"0.0.0.0/0", "world-ipv4"}, {"::/0", "world-ipv6"}} {
		outside := minusSet(minusSet(minusSet(setOf([]string{world.all}), setOf(clusterAddresses.PodCIDRs)), setOf(clusterAddresses.NodeCIDRs)), setOf(clusterAddresses.ServiceCIDRs))
		asked := s.peer.Kind == endpoints.NameEndpoint || s.peerIs("world", world.entity)
		if asked && b.Overlaps(outside) && len(minusSet(outside, b).Ranges()) > 0 {
			return true
		}
	}
	return false
}

func (s flowSide) peerIs(entities ...string) bool {
	return s.peer.Kind == endpoints.EntityEndpoint && slices.Contains(entities, s.peer.Name)
}

// addressIn reports whether the source or destination is an address in these networks.
func (s flowSide) addressIn(cidrs []string) bool {
	return slices.ContainsFunc([]endpoints.Endpoint{s.pod, s.peer}, func(ep endpoints.Endpoint) bool {
		addr, err := netip.ParseAddr(ep.Name)
		return ep.Kind == endpoints.AddressEndpoint && err == nil && setOf(cidrs).Contains(addr)
	})
}

// leftOut reports whether a policy has rules in a direction that its policyTypes omit.
func (s flowSide) leftOut() bool {
	return slices.ContainsFunc(s.selected, func(p networkingv1.NetworkPolicy) bool {
		rules, of := len(p.Spec.Egress), networkingv1.PolicyTypeEgress
		if s.direction == flow.Ingress {
			rules, of = len(p.Spec.Ingress), networkingv1.PolicyTypeIngress
		}
		return rules > 0 && len(p.Spec.PolicyTypes) > 0 && !slices.Contains(p.Spec.PolicyTypes, of)
	})
}

// selectsHash reports whether a selector uses a label that is not part of an identity.
func (s flowSide) selectsHash() bool {
	has := func(sel *metav1.LabelSelector) bool { return sel != nil && sel.MatchLabels["pod-template-hash"] != "" }
	peers, _ := s.peersAndPorts(s.selected)
	return slices.ContainsFunc(s.inNamespace, func(p networkingv1.NetworkPolicy) bool { return has(&p.Spec.PodSelector) }) ||
		slices.ContainsFunc(peers, func(p networkingv1.NetworkPolicyPeer) bool { return has(p.PodSelector) })
}

func setOf(cidrs []string) *netipx.IPSet {
	var b netipx.IPSetBuilder
	for _, c := range cidrs {
		b.AddPrefix(netip.MustParsePrefix(c))
	}
	set, _ := b.IPSet()
	return set
}

func minusSet(a, b *netipx.IPSet) *netipx.IPSet {
	var out netipx.IPSetBuilder
	out.AddSet(a)
	out.RemoveSet(b)
	set, _ := out.IPSet()
	return set
}
