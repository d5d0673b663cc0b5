package netpol

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"go4.org/netipx"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
)

// compiled is a parsed policy.
type compiled struct {
	id flow.PolicyID
	// source is the policy's podSelector, and pods its parsed form.
	source metav1.LabelSelector
	pods   labels.Selector
	// rules has a key for each direction in which the policy isolates.
	rules map[flow.Direction][]*rule
	// networks are those that its rules distinguish.
	networks []netip.Prefix
}

// rule allows some peers on some ports.
type rule struct {
	by flow.PolicyID
	// peers: none means every peer.
	peers []*peer
	// ports: none means everything.
	ports []port
}

// peer is one item of from or to: pods, or a block of addresses.
type peer struct {
	// key is equal for peers that match the same.
	key string
	// namespace is the namespace of the pods if the peer has no namespaceSelector.
	namespace        string
	namespaces, pods labels.Selector
	source           networkingv1.NetworkPolicyPeer

	block *netipx.IPSet
	// networks are the block and its exceptions.
	networks []netip.Prefix
}

// port is one item of ports: a range of numbers, or a name.
type port struct {
	flow.PortRange
	name string
}

func compile(np *networkingv1.NetworkPolicy) (*compiled, error) {
	pods, err := metav1.LabelSelectorAsSelector(&np.Spec.PodSelector)
	if err != nil {
		return nil, fmt.Errorf("spec.podSelector: %w", err)
	}
	c := &compiled{id: flow.PolicyID{Kind: np.Kind, Namespace: np.Namespace, Name: np.Name}, source: np.Spec.PodSelector, pods: pods, rules: map[flow.Direction][]*rule{}}
	types := np.Spec.PolicyTypes
	if len(types) == 0 {
		types = []networkingv1.PolicyType{networkingv1.PolicyTypeIngress}
		if len(np.Spec.Egress) > 0 {
			types = append(types, networkingv1.PolicyTypeEgress)
		}
	}
	if slices.Contains(types, networkingv1.PolicyTypeIngress) {
		c.rules[flow.Ingress] = nil
		for _, r := range np.Spec.Ingress {
			if err := c.add(flow.Ingress, np.Namespace, r.From, r.Ports); err != nil {
				return nil, err
			}
		}
	}
	if slices.Contains(types, networkingv1.PolicyTypeEgress) {
		c.rules[flow.Egress] = nil
		for _, r := range np.Spec.Egress {
			if err := c.add(flow.Egress, np.Namespace, r.To, r.Ports); err != nil {
				return nil, err
			}
		}
	}
	return c, nil
}

func (c *compiled) add(d flow.Direction, namespace string, peers []networkingv1.NetworkPolicyPeer, ports []networkingv1.NetworkPolicyPort) error {
	r := &rule{by: c.id}
	for _, p := range peers {
		compiled, err := compilePeer(namespace, p)
		if err != nil {
			return err
		}
		r.peers = append(r.peers, compiled)
		c.networks = append(c.networks, compiled.networks...)
	}
	for _, p := range ports {
		r.ports = append(r.ports, compilePort(p))
	}
	c.rules[d] = append(c.rules[d], r)
	return nil
}

func compilePeer(namespace string, p networkingv1.NetworkPolicyPeer) (*peer, error) {
	if p.IPBlock != nil {
		return compileBlock(p.IPBlock)
	}
	out := &peer{source: p, pods: labels.Everything()}
	var err error
	if p.PodSelector != nil {
		if out.pods, err = metav1.LabelSelectorAsSelector(p.PodSelector); err != nil {
			return nil, err
		}
	}
	if p.NamespaceSelector == nil {
		out.namespace = namespace
		out.key = namespace + " " + out.pods.String()
		return out, nil
	}
	if out.namespaces, err = metav1.LabelSelectorAsSelector(p.NamespaceSelector); err != nil {
		return nil, err
	}
	out.key = "{" + out.namespaces.String() + "} " + out.pods.String()
	return out, nil
}

func compileBlock(b *networkingv1.IPBlock) (*peer, error) {
	outer, err := endpoints.ParseNetwork(b.CIDR)
	if err != nil {
		return nil, err
	}
	var except []netip.Prefix
	for _, x := range b.Except {
		exception, err := endpoints.ParseNetwork(x)
		if err != nil {
			return nil, err
		}
		except = append(except, exception)
	}
	block := setOf([]netip.Prefix{outer}, except)
	return &peer{
		key: "block " + b.CIDR + " " + strings.Join(b.Except, " "), block: block, networks: append(except, outer),
	}, nil
}

func compilePort(p networkingv1.NetworkPolicyPort) port {
	out := port{PortRange: flow.AllPorts(v1alpha1.TCP)}
	if p.Protocol != nil {
		out.Protocol = v1alpha1.Protocol(*p.Protocol)
	}
	switch {
	case p.Port == nil:
	case p.Port.Type == intstr.String:
		out.name = p.Port.StrVal
	default:
		out.First = uint16(p.Port.IntVal)
		out.Last = out.First
	}
	if p.EndPort != nil {
		out.Last = uint16(*p.EndPort)
	}
	return out
}

// isBlock reports whether the peer matches addresses.
func (p *peer) isBlock() bool { return p.block != nil }

// portRanges returns the ports of a rule as numbers, with those that the destination gives its names.
func (r *rule) portRanges(destination []endpoints.NamedPort) []flow.PortRange {
	if len(r.ports) == 0 {
		return []flow.PortRange{flow.AllPorts("")}
	}
	var out []flow.PortRange
	for _, p := range r.ports {
		if p.name == "" {
			out = append(out, p.PortRange)
			continue
		}
		for _, named := range destination {
			if named.Name == p.name && cmp.Or(named.Protocol, v1alpha1.TCP) == p.Protocol {
				out = append(out, flow.PortRange{Protocol: p.Protocol, First: named.Port, Last: named.Port})
			}
		}
	}
	return out
}

// possiblePorts returns the ports that an unknown pod may give the rule's names.
func (r *rule) possiblePorts() []flow.PortRange {
	var out []flow.PortRange
	for _, p := range r.ports {
		if p.name != "" {
			out = append(out, p.PortRange)
		}
	}
	return out
}
