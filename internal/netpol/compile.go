package netpol

import (
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
	// name is "namespace/name".
	name string
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
	by string
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
	portRange
	name string
}

func compile(np *networkingv1.NetworkPolicy) (*compiled, error) {
	pods, err := metav1.LabelSelectorAsSelector(&np.Spec.PodSelector)
	if err != nil {
		return nil, fmt.Errorf("spec.podSelector: %w", err)
	}
	c := &compiled{name: np.Namespace + "/" + np.Name, source: np.Spec.PodSelector, pods: pods, rules: map[flow.Direction][]*rule{}}
	types := np.Spec.PolicyTypes
	if len(types) == 0 {
		types = []networkingv1.PolicyType{networkingv1.PolicyTypeIngress}
		if len(np.Spec.Egress) > 0 {
			types = policyTypes
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
	r := &rule{by: c.name}
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
	outer, err := parseNetwork(b.CIDR)
	if err != nil {
		return nil, err
	}
	var except []netip.Prefix
	for _, x := range b.Except {
		exception, err := parseNetwork(x)
		if err != nil {
			return nil, err
		}
		except = append(except, exception)
	}
	block, err := newSet([]netip.Prefix{outer}, except)
	if err != nil {
		return nil, err
	}
	return &peer{
		key: "block " + b.CIDR + " " + strings.Join(b.Except, " "), block: block, networks: append(except, outer),
	}, nil
}

func compilePort(p networkingv1.NetworkPolicyPort) port {
	out := port{portRange: allPorts(v1alpha1.TCP)}
	if p.Protocol != nil {
		out.protocol = v1alpha1.Protocol(*p.Protocol)
	}
	switch {
	case p.Port == nil:
	case p.Port.Type == intstr.String:
		out.name = p.Port.StrVal
	default:
		out.first = uint16(p.Port.IntVal)
		out.last = out.first
	}
	if p.EndPort != nil {
		out.last = uint16(*p.EndPort)
	}
	return out
}

// rulesAt are the rules of the policies that select a pod. It reports whether any policy selects it.
func (e *Engine) rulesAt(pod endpoints.Endpoint, d flow.Direction) (rules []*rule, isolated bool) {
	for _, p := range e.policies[pod.Namespace] {
		if policyRules, isolates := p.rules[d]; isolates && p.pods.Matches(labelsOf(pod)) {
			isolated = true
			rules = append(rules, policyRules...)
		}
	}
	return rules, isolated
}
