package draft

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// ciliumSpec is a CiliumNetworkPolicy, whose rules are read one by one.
type ciliumSpec struct {
	Selector metav1.LabelSelector `json:"endpointSelector"`
	Ingress  []json.RawMessage    `json:"ingress"`
	Egress   []json.RawMessage    `json:"egress"`
}

// ciliumRule is the part of a rule that a Tenant can declare. A rule with another field is not read.
type ciliumRule struct {
	FromEndpoints []metav1.LabelSelector `json:"fromEndpoints"`
	ToEndpoints   []metav1.LabelSelector `json:"toEndpoints"`
	FromEntities  []v1alpha1.Entity      `json:"fromEntities"`
	ToEntities    []v1alpha1.Entity      `json:"toEntities"`
	FromCIDR      []string               `json:"fromCIDR"`
	ToCIDR        []string               `json:"toCIDR"`
	FromCIDRSet   []ciliumCIDR           `json:"fromCIDRSet"`
	ToCIDRSet     []ciliumCIDR           `json:"toCIDRSet"`
	ToFQDNs       []ciliumName           `json:"toFQDNs"`
	ToPorts       []ciliumPorts          `json:"toPorts"`
}

type ciliumCIDR struct {
	CIDR   string   `json:"cidr"`
	Except []string `json:"except"`
}

type ciliumName struct {
	Name    string `json:"matchName"`
	Pattern string `json:"matchPattern"`
}

type ciliumPorts struct {
	Ports []struct {
		Port     intstr.IntOrString `json:"port"`
		EndPort  int32              `json:"endPort"`
		Protocol v1alpha1.Protocol  `json:"protocol"`
	} `json:"ports"`
}

// findCiliumPolicies finds what CiliumNetworkPolicies of the build allow.
func (b *build) findCiliumPolicies() {
	for _, n := range b.ofKind("cilium.io", resource.KindCilium) {
		for _, spec := range decode[[]ciliumSpec](at(n, "specs")) {
			b.addCiliumSpec(n, spec)
		}
		if spec := at(n, "spec"); spec != nil {
			b.addCiliumSpec(n, decode[ciliumSpec](spec))
		}
	}
}

func (b *build) addCiliumSpec(n *yaml.RNode, spec ciliumSpec) {
	own, ok := b.ciliumPods(n, spec.Selector)
	if !ok || own.namespace != n.GetNamespace() || b.tenantOf[own.namespace] == "" {
		return
	}
	for _, raw := range spec.Ingress {
		rule := readCiliumRule(raw)
		for _, from := range b.ciliumPeers(n, rule.FromEndpoints, rule.FromEntities, rule.FromCIDR, rule.FromCIDRSet) {
			b.addCilium(n, from, own, rule.ToPorts)
		}
	}
	for _, raw := range spec.Egress {
		rule := readCiliumRule(raw)
		peers := b.ciliumPeers(n, rule.ToEndpoints, rule.ToEntities, rule.ToCIDR, rule.ToCIDRSet)
		for _, name := range rule.ToFQDNs {
			host := cmp.Or(name.Name, name.Pattern)
			peers = append(peers, endpoint{fqdn: host, name: flowWord(host)})
		}
		for _, to := range peers {
			b.addCilium(n, own, to, rule.ToPorts)
		}
	}
}

// readCiliumRule returns an empty rule for one with L7 rules or fields that a Tenant cannot declare.
func readCiliumRule(raw json.RawMessage) ciliumRule {
	var rule ciliumRule
	decoder := json.NewDecoder(strings.NewReader(string(raw)))
	decoder.DisallowUnknownFields()
	if decoder.Decode(&rule) != nil {
		return ciliumRule{}
	}
	return rule
}

func (b *build) ciliumPeers(n *yaml.RNode, pods []metav1.LabelSelector, entities []v1alpha1.Entity, cidrs []string, sets []ciliumCIDR) []endpoint {
	var out []endpoint
	for _, s := range pods {
		if e, ok := b.ciliumPods(n, s); ok {
			out = append(out, e)
		}
	}
	for _, e := range entities {
		out = append(out, endpoint{entity: e, name: string(e)})
	}
	for _, c := range cidrs {
		out = append(out, endpoint{cidr: c, name: flowWord(c)})
	}
	for _, s := range sets {
		if s.CIDR != "" {
			out = append(out, endpoint{cidr: s.CIDR, except: strings.Join(s.Except, ","), name: flowWord(s.CIDR)})
		}
	}
	return out
}

// ciliumPods are the pods that a selector of a policy selects by labels, in one namespace.
func (b *build) ciliumPods(n *yaml.RNode, s metav1.LabelSelector) (endpoint, bool) {
	const podNamespace = "io.kubernetes.pod.namespace"
	namespace, labels := n.GetNamespace(), map[string]string{}
	if len(s.MatchExpressions) > 0 {
		return endpoint{}, false
	}
	for _, key := range slices.Sorted(maps.Keys(s.MatchLabels)) {
		bare := strings.TrimPrefix(strings.TrimPrefix(key, "k8s:"), "any:")
		switch {
		case bare == podNamespace:
			namespace = s.MatchLabels[key]
		case strings.Contains(bare, ":") || v1alpha1.IsReservedPodLabel(bare):
			return endpoint{}, false
		default:
			labels[bare] = s.MatchLabels[key]
		}
	}
	return b.podsOfPolicy(n, namespace, labels), true
}

// addCilium adds what a rule allows. DNS of the baseline is not a flow.
func (b *build) addCilium(n *yaml.RNode, from, to endpoint, ports []ciliumPorts) {
	f := namedFlow{from: from, to: to, everyPort: len(ports) == 0, evidence: []string{short(resource.RefOf(n))}}
	for _, list := range ports {
		for _, p := range list.Ports {
			out := v1alpha1.Port{Port: intstr.Parse(p.Port.String()), EndPort: p.EndPort, Protocol: cmp.Or(p.Protocol, v1alpha1.ANY)}
			if out.Protocol == v1alpha1.TCP {
				out.Protocol = ""
			}
			if out.Port == intstr.FromInt32(0) {
				out.Port, out.EndPort = intstr.FromInt32(1), 65535
			}
			f.ports = append(f.ports, out)
		}
	}
	if !isDNSServer(to) {
		b.add(f)
	}
}
