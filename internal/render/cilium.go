package render

import (
	"maps"
	"net/netip"
	"slices"
	"strings"

	v2 "github.com/cilium/cilium/pkg/k8s/apis/cilium.io/v2"
	slim "github.com/cilium/cilium/pkg/k8s/slim/k8s/apis/meta/v1"
	"github.com/cilium/cilium/pkg/policy/api"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
)

const (
	// podNamespace and podCluster are the labels with a pod's location. namespaceLabel is the
	// prefix of its namespace's labels.
	podNamespace   = "k8s:io.kubernetes.pod.namespace"
	podCluster     = "k8s:io.cilium.k8s.policy.cluster"
	namespaceLabel = "k8s:io.cilium.k8s.namespace.labels."
)

func ciliumObject(f *policy.Fence, p *policy.Policy, m metav1.ObjectMeta) *v2.CiliumNetworkPolicy {
	return &v2.CiliumNetworkPolicy{
		TypeMeta:   ciliumPolicy,
		ObjectMeta: m,
		Spec:       ruleFor(f, p, selector(p.Subject, nil)),
	}
}

func ruleFor(f *policy.Fence, p *policy.Policy, subject api.EndpointSelector) *api.Rule {
	rule := &api.Rule{EndpointSelector: subject}
	if p.HasNodes() {
		rule = &api.Rule{NodeSelector: subject}
	}
	if p.Family != policy.DefaultDeny && f.Has(cilium.AdditivePolicies) {
		no := false
		rule.EnableDefaultDeny = api.DefaultDenyConfig{Ingress: &no, Egress: &no}
	}
	for _, r := range byProtocol(p.Rules) {
		for _, peers := range byKind(r.Peers) {
			if r.Direction == flow.Ingress {
				rule.Ingress = append(rule.Ingress, ingress(f, r, peers))
			} else {
				rule.Egress = append(rule.Egress, egress(f, r, peers))
			}
		}
	}
	rule.Ingress, rule.Egress = slices.DeleteFunc(rule.Ingress, ingressWithoutPeers), slices.DeleteFunc(rule.Egress, egressWithoutPeers)
	// Rules default-deny their direction. Without rules, an empty rule default-denies it and allows
	// nothing.
	if len(rule.Ingress) == 0 && slices.Contains(p.DefaultDeny, flow.Ingress) {
		rule.Ingress = []api.IngressRule{{}}
	}
	if len(rule.Egress) == 0 && slices.Contains(p.DefaultDeny, flow.Egress) {
		rule.Egress = []api.EgressRule{{}}
	}
	return rule
}

// byKind groups peers by kind, in order of first appearance, because a Cilium rule has peers of one
// kind.
func byKind(peers []policy.Peer) [][]policy.Peer {
	var out [][]policy.Peer
	at := map[policy.PeerKind]int{}
	for _, p := range peers {
		i, ok := at[p.Kind]
		if !ok {
			i = len(out)
			at[p.Kind] = i
			out = append(out, nil)
		}
		out[i] = append(out[i], p)
	}
	return out
}

func ingress(f *policy.Fence, r policy.Rule, peers []policy.Peer) api.IngressRule {
	out := api.IngressRule{ToPorts: toPorts(r), ICMPs: icmps(f, r)}
	for _, p := range peers {
		out.FromEndpoints = append(out.FromEndpoints, endpointSelector(f, p)...)
		out.FromEntities = append(out.FromEntities, entities(p)...)
		out.FromCIDRSet = append(out.FromCIDRSet, cidrSet(f, p)...)
	}
	return out
}

func egress(f *policy.Fence, r policy.Rule, peers []policy.Peer) api.EgressRule {
	out := api.EgressRule{ToPorts: toPorts(r), ICMPs: icmps(f, r)}
	for _, p := range peers {
		out.ToEndpoints = append(out.ToEndpoints, endpointSelector(f, p)...)
		out.ToEntities = append(out.ToEntities, entities(p)...)
		out.ToCIDRSet = append(out.ToCIDRSet, cidrSet(f, p)...)
		for _, name := range p.FQDNs {
			out.ToFQDNs = append(out.ToFQDNs, fqdn(name))
		}
	}
	return out
}

// ingressWithoutPeers reports whether a rule has no peer that Cilium can express, which would allow
// every peer.
func ingressWithoutPeers(r api.IngressRule) bool {
	return len(r.FromEndpoints) == 0 && len(r.FromEntities) == 0 && len(r.FromCIDRSet) == 0
}

// egressWithoutPeers is ingressWithoutPeers of egress.
func egressWithoutPeers(r api.EgressRule) bool {
	return len(r.ToEndpoints) == 0 && len(r.ToEntities) == 0 && len(r.ToCIDRSet) == 0 && len(r.ToFQDNs) == 0
}

// endpointSelector selects a peer's pods. Each selector requires a label of the pod's location, so that a
// negative selector matches only pods.
func endpointSelector(f *policy.Fence, p policy.Peer) []api.EndpointSelector {
	if p.Kind != policy.Pods {
		return nil
	}
	where := map[string]string{}
	if p.Namespace != "" {
		where[podNamespace] = p.Namespace
	}
	for k, v := range p.NamespaceLabels {
		where[namespaceLabel+k] = v
	}
	if f.Cluster.Name != "" {
		where[podCluster] = f.Cluster.Name
	}
	out := selector(p.Pods, where)
	if p.Namespace == "" && len(p.NamespaceLabels) == 0 {
		// Without a requirement on the namespace, Cilium selects pods of the policy's own
		// namespace.
		out.MatchExpressions = append(out.MatchExpressions, slim.LabelSelectorRequirement{Key: podNamespace, Operator: slim.LabelSelectorOpExists})
	}
	if len(p.ExcludedNamespaces) > 0 {
		out.MatchExpressions = append(out.MatchExpressions, slim.LabelSelectorRequirement{
			Key: podNamespace, Operator: slim.LabelSelectorOpNotIn, Values: p.ExcludedNamespaces,
		})
	}
	return []api.EndpointSelector{out}
}

func selector(pods endpoints.Selector, where map[string]string) api.EndpointSelector {
	match := map[string]string{}
	maps.Copy(match, pods.MatchLabels)
	maps.Copy(match, where)
	if len(match) == 0 {
		match = nil
	}
	var expressions []slim.LabelSelectorRequirement
	for _, e := range pods.MatchExpressions {
		expressions = append(expressions, slim.LabelSelectorRequirement{
			Key: e.Key, Operator: slim.LabelSelectorOperator(e.Operator), Values: e.Values,
		})
	}
	return api.NewESFromMatchRequirements(match, expressions)
}

func entities(p policy.Peer) api.EntitySlice {
	var out api.EntitySlice
	for _, e := range p.Entities {
		out = append(out, api.Entity(e))
	}
	return out
}

func cidrSet(f *policy.Fence, p policy.Peer) api.CIDRRuleSlice {
	var out api.CIDRRuleSlice
	for _, c := range p.CIDRs {
		rule := api.CIDRRule{Cidr: network(f, c)}
		for _, e := range endpoints.ExceptionsIn(c, p.Except) {
			rule.ExceptCIDRs = append(rule.ExceptCIDRs, network(f, e))
		}
		out = append(out, rule)
	}
	return out
}

// network returns a network in the notation that the Cilium version accepts.
func network(f *policy.Fence, cidr string) api.CIDR {
	if prefix, err := netip.ParsePrefix(cidr); err == nil && !f.Has(cilium.CIDRFormat) {
		return api.CIDR(prefix.String())
	}
	return api.CIDR(cidr)
}

func fqdn(name string) api.FQDNSelector {
	if strings.Contains(name, "*") {
		return api.FQDNSelector{MatchPattern: strings.ToLower(name)}
	}
	return api.FQDNSelector{MatchName: strings.ToLower(name)}
}
