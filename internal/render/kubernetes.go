package render

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
)

// kubernetes returns a policy as a NetworkPolicy. Without rules, it denies both directions.
func kubernetes(p *policy.Policy, m metav1.ObjectMeta) *networkingv1.NetworkPolicy {
	spec := networkingv1.NetworkPolicySpec{PodSelector: p.Subject}
	for _, r := range p.Rules {
		peers := networkPolicyPeers(r.Peers)
		if len(peers) == 0 {
			// A rule without peers allows every peer.
			continue
		}
		if r.Direction == flow.Ingress {
			spec.Ingress = append(spec.Ingress, networkingv1.NetworkPolicyIngressRule{From: peers, Ports: policyPorts(r.Ports)})
		} else {
			spec.Egress = append(spec.Egress, networkingv1.NetworkPolicyEgressRule{To: peers, Ports: policyPorts(r.Ports)})
		}
	}
	if len(spec.Ingress) > 0 || slices.Contains(p.DefaultDeny, flow.Ingress) {
		spec.PolicyTypes = append(spec.PolicyTypes, networkingv1.PolicyTypeIngress)
	}
	if len(spec.Egress) > 0 || slices.Contains(p.DefaultDeny, flow.Egress) {
		spec.PolicyTypes = append(spec.PolicyTypes, networkingv1.PolicyTypeEgress)
	}
	return &networkingv1.NetworkPolicy{
		TypeMeta:   networkPolicy,
		ObjectMeta: m,
		Spec:       spec,
	}
}

// networkPolicyPeers returns the peers that a NetworkPolicy can express, and omits others.
func networkPolicyPeers(peers []policy.Peer) []networkingv1.NetworkPolicyPeer {
	var out []networkingv1.NetworkPolicyPeer
	for _, p := range peers {
		switch p.Kind {
		case policy.Pods:
			out = append(out, podPeer(p))
		case policy.CIDRs:
			for _, c := range p.CIDRs {
				out = append(out, networkingv1.NetworkPolicyPeer{IPBlock: &networkingv1.IPBlock{CIDR: c, Except: endpoints.ExceptionsIn(c, p.Except)}})
			}
		}
	}
	return out
}

// podPeer always selects namespaces: without a namespace selector, the peer is in the policy's own
// namespace.
func podPeer(p policy.Peer) networkingv1.NetworkPolicyPeer {
	where := &metav1.LabelSelector{MatchLabels: p.NamespaceLabels}
	if p.Namespace != "" {
		where.MatchLabels = map[string]string{corev1.LabelMetadataName: p.Namespace}
	}
	if len(p.ExcludedNamespaces) > 0 {
		where.MatchExpressions = []metav1.LabelSelectorRequirement{{
			Key: corev1.LabelMetadataName, Operator: metav1.LabelSelectorOpNotIn, Values: p.ExcludedNamespaces,
		}}
	}
	out := networkingv1.NetworkPolicyPeer{NamespaceSelector: where}
	if !endpoints.SelectsAll(p.Pods) {
		pods := p.Pods
		out.PodSelector = &pods
	}
	return out
}

func policyPorts(ports []flow.Port) []networkingv1.NetworkPolicyPort {
	var out []networkingv1.NetworkPolicyPort
	for _, p := range ports {
		protocol, port := corev1.Protocol(p.Protocol), intstr.FromInt32(p.Port)
		if p.Name != "" {
			port = intstr.FromString(p.Name)
		}
		entry := networkingv1.NetworkPolicyPort{Protocol: &protocol, Port: &port}
		if p.End > p.Port {
			entry.EndPort = &p.End
		}
		out = append(out, entry)
	}
	return out
}
