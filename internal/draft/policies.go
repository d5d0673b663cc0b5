package draft

import (
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// findPolicies finds what NetworkPolicies of the build allow, as far as a Tenant can declare the same. Other
// rules stay undeclared, and the proof reports them.
func (b *build) findPolicies() {
	for _, n := range b.ofKind("networking.k8s.io", resource.KindKubernetes) {
		spec := decode[networkingv1.NetworkPolicy](n).Spec
		if b.tenantOf[n.GetNamespace()] == "" {
			continue
		}
		for _, labels := range alternatives(&spec.PodSelector) {
			b.addNetworkPolicy(n, b.podsOfPolicy(n, n.GetNamespace(), labels), spec)
		}
	}
	b.findCiliumPolicies()
}

func (b *build) addNetworkPolicy(n *yaml.RNode, own endpoint, spec networkingv1.NetworkPolicySpec) {
	hasIngress, hasEgress := isolates(spec, networkingv1.PolicyTypeIngress), isolates(spec, networkingv1.PolicyTypeEgress)
	if !hasIngress && len(spec.Ingress) > 0 || !hasEgress && len(spec.Egress) > 0 {
		b.review(describe(resource.RefOf(n)), "has rules for a direction that policyTypes lacks: no flow is written for them, although Cilium applies them: remove them")
	}
	if !hasIngress {
		spec.Ingress = nil
	}
	if !hasEgress {
		spec.Egress = nil
	}
	for _, rule := range spec.Ingress {
		for _, peer := range b.policyPeers(n, rule.From) {
			b.addAllowed(n, peer, own, rule.Ports)
		}
	}
	for _, rule := range spec.Egress {
		for _, peer := range b.policyPeers(n, rule.To) {
			b.addAllowed(n, own, peer, rule.Ports)
		}
	}
}

// isolates reports whether a policy is about a direction. Its rules for another one have no effect.
func isolates(spec networkingv1.NetworkPolicySpec, direction networkingv1.PolicyType) bool {
	if len(spec.PolicyTypes) > 0 {
		return slices.Contains(spec.PolicyTypes, direction)
	}
	return direction == networkingv1.PolicyTypeIngress || len(spec.Egress) > 0
}

// alternatives are the labels that together select the same pods as a selector, or none if labels cannot.
func alternatives(s *metav1.LabelSelector) []map[string]string {
	if s == nil {
		return []map[string]string{nil}
	}
	out := []map[string]string{s.MatchLabels}
	for _, e := range s.MatchExpressions {
		if e.Operator != metav1.LabelSelectorOpIn {
			return nil
		}
		var next []map[string]string
		for _, labels := range out {
			for _, value := range e.Values {
				with := map[string]string{e.Key: value}
				maps.Copy(with, labels)
				next = append(next, with)
			}
		}
		out = next
	}
	return out
}

// policyPeers are the peers of a rule that a Tenant can declare. No peer means every peer.
func (b *build) policyPeers(n *yaml.RNode, peers []networkingv1.NetworkPolicyPeer) []endpoint {
	if len(peers) == 0 {
		b.review(describe(resource.RefOf(n)), "allows every source or destination, and so does the Tenant (entities: [all]): narrow the policy and the flow")
		return []endpoint{{entity: v1alpha1.EntityAll, name: "all"}}
	}
	var out []endpoint
	for _, p := range peers {
		switch {
		case p.IPBlock != nil:
			out = append(out, endpoint{cidr: p.IPBlock.CIDR, except: strings.Join(p.IPBlock.Except, ","), name: flowWord(p.IPBlock.CIDR)})
		case p.NamespaceSelector != nil:
			// Pods of the same namespace are in the baseline.
			out = append(out, b.podsByName(n, p)...)
		}
	}
	return out
}

// podsByName are the pods of a peer that selects namespaces by their names.
func (b *build) podsByName(n *yaml.RNode, p networkingv1.NetworkPolicyPeer) []endpoint {
	var out []endpoint
	for _, namespace := range alternatives(p.NamespaceSelector) {
		if name := namespace[corev1.LabelMetadataName]; len(namespace) == 1 && name != "" {
			for _, labels := range alternatives(p.PodSelector) {
				out = append(out, b.podsOfPolicy(n, name, labels))
			}
		}
	}
	return out
}

// podsOfPolicy are pods that a policy selects. They have the name of a workload or, without one, that of the
// policy.
func (b *build) podsOfPolicy(n *yaml.RNode, namespace string, labels map[string]string) endpoint {
	e := b.selected(namespace, labels, n.GetName())
	// A policy selects no hostNetwork pod, but others with these labels.
	e.onNodes = false
	if e.workload != nil && len(labels) > 0 {
		e.name = e.workload.Ref.Name
	}
	return e
}

// addAllowed adds what a rule of a policy allows.
func (b *build) addAllowed(n *yaml.RNode, from, to endpoint, ports []networkingv1.NetworkPolicyPort) {
	f := namedFlow{from: from, to: to, everyPort: len(ports) == 0, evidence: []string{short(resource.RefOf(n))}}
	for _, p := range ports {
		out := v1alpha1.Port{Port: intstr.FromInt32(1), EndPort: 65535}
		if p.Protocol != nil && *p.Protocol != corev1.ProtocolTCP {
			out.Protocol = v1alpha1.Protocol(*p.Protocol)
		}
		if p.Port != nil {
			out.Port, out.EndPort = *p.Port, 0
		}
		if p.EndPort != nil {
			out.EndPort = *p.EndPort
		}
		f.ports = append(f.ports, out)
	}
	if !isDNSServer(to) {
		b.add(f)
	}
}

// isDNSServer reports whether an endpoint is the DNS server that the baseline allows by default.
func isDNSServer(e endpoint) bool {
	return e.namespace == dnsNamespace && maps.Equal(e.labels, dnsLabels)
}
