package output

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/document"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// generatedPolicy has the fields that generated policies have, of Cilium's and of Kubernetes' kinds.
type generatedPolicy struct {
	Spec struct {
		EndpointSelector, NodeSelector, PodSelector *metav1.LabelSelector
		Ingress, Egress                             []generatedRule
	}
}

type generatedRule struct {
	FromEndpoints, ToEndpoints []metav1.LabelSelector
	FromEntities, ToEntities   []string
	FromCIDRSet, ToCIDRSet     []generatedCIDR
	ToFQDNs                    []generatedName
	ToPorts                    []generatedPorts
	ICMPs                      []struct {
		Fields []struct{ Type intstr.IntOrString }
	}
	From, To []struct {
		NamespaceSelector, PodSelector *metav1.LabelSelector
		IPBlock                        *generatedCIDR
	}
	Ports []generatedPort
}

type generatedCIDR struct {
	CIDR   string
	Except []string
}

type generatedName struct{ MatchName, MatchPattern string }

func (n generatedName) String() string { return cmp.Or(n.MatchName, n.MatchPattern) }

type generatedPort struct {
	Port     *intstr.IntOrString
	EndPort  int32
	Protocol string
}

type generatedPorts struct {
	Ports       []generatedPort
	ServerNames []string
	Rules       struct {
		HTTP []flow.HTTPRule
		DNS  []generatedName
	}
}

// rulesOf describes what a generated policy allows.
func rulesOf(n *yaml.RNode) ([]document.Rule, error) {
	out := []document.Rule{}
	if !resource.IsPolicy(n) {
		return out, nil
	}
	data, err := n.MarshalJSON()
	if err != nil {
		return nil, err
	}
	var p generatedPolicy
	if err := json.Unmarshal(data, &p); err != nil {
		return nil, fmt.Errorf("read %s: %w", resource.RefOf(n), err)
	}
	where := n.GetNamespace()
	subject := "node/" + selectorText(p.Spec.NodeSelector)
	if s := cmp.Or(p.Spec.EndpointSelector, p.Spec.PodSelector); s != nil {
		subject = podsText(*s, where)
	}
	for _, r := range p.Spec.Egress {
		out = append(out, r.document(flow.Egress, subject, where)...)
	}
	for _, r := range p.Spec.Ingress {
		out = append(out, r.document(flow.Ingress, subject, where)...)
	}
	return out, nil
}

// document returns the rule, once for each set of ports that has its own L7 rules. A rule without
// peers only default-denies.
func (r generatedRule) document(d flow.Direction, subject, namespace string) []document.Rule {
	peers := r.peers(namespace)
	if len(peers) == 0 {
		return nil
	}
	rule := document.Rule{Direction: string(d), Subject: subject, Peers: peers, Ports: portTexts(r.Ports), L7: []string{}}
	for _, icmp := range r.ICMPs {
		for _, f := range icmp.Fields {
			if text := "ICMP " + f.Type.String(); !slices.Contains(rule.Ports, text) {
				rule.Ports = append(rule.Ports, text)
			}
		}
	}
	if len(r.ToPorts) == 0 {
		return []document.Rule{rule}
	}
	var out []document.Rule
	for _, ports := range r.ToPorts {
		rule.Ports, rule.L7 = portTexts(ports.Ports), ports.l7()
		out = append(out, rule)
	}
	return out
}

func (r generatedRule) peers(namespace string) []string {
	var out []string
	for _, s := range slices.Concat(r.FromEndpoints, r.ToEndpoints) {
		out = append(out, podsText(s, namespace))
	}
	for _, peer := range slices.Concat(r.From, r.To) {
		if peer.IPBlock != nil {
			out = append(out, peer.IPBlock.String())
			continue
		}
		pods := "*"
		if peer.PodSelector != nil {
			pods = selectorText(peer.PodSelector)
		}
		out = append(out, namespacesText(peer.NamespaceSelector, namespace)+"/"+pods)
	}
	out = append(out, slices.Concat(r.FromEntities, r.ToEntities)...)
	for _, c := range slices.Concat(r.FromCIDRSet, r.ToCIDRSet) {
		out = append(out, c.String())
	}
	for _, name := range r.ToFQDNs {
		out = append(out, name.String())
	}
	return out
}

func (c generatedCIDR) String() string {
	if len(c.Except) == 0 {
		return c.CIDR
	}
	return c.CIDR + " except " + strings.Join(c.Except, ", ")
}

func portTexts(ports []generatedPort) []string {
	out := []string{}
	for _, p := range ports {
		text := "*"
		if p.Port != nil {
			text = p.Port.String()
		}
		if p.EndPort > 0 {
			text += fmt.Sprintf("-%d", p.EndPort)
		}
		out = append(out, text+"/"+p.Protocol)
	}
	return out
}

func (p generatedPorts) l7() []string {
	out := []string{}
	for _, r := range p.Rules.HTTP {
		out = append(out, r.String())
	}
	for _, name := range p.Rules.DNS {
		out = append(out, "DNS for "+name.String())
	}
	for _, name := range p.ServerNames {
		out = append(out, "TLS to "+name)
	}
	return out
}

// The labels with which Cilium selects pods by their location.
const (
	podNamespaceLabel   = "io.kubernetes.pod.namespace"
	podClusterLabel     = "io.cilium.k8s.policy.cluster"
	podNamespacesLabels = "io.cilium.k8s.namespace.labels."
)

// podsText is "namespace/app=web" or "namespace/*", as in a FlowTest.
func podsText(s metav1.LabelSelector, namespace string) string {
	pods, namespaces := metav1.LabelSelector{MatchLabels: map[string]string{}}, metav1.LabelSelector{MatchLabels: map[string]string{}}
	for key, value := range s.MatchLabels {
		key = strings.TrimPrefix(key, "k8s:")
		label, isNamespaceLabel := strings.CutPrefix(key, podNamespacesLabels)
		switch {
		case key == podNamespaceLabel:
			namespace = value
		case isNamespaceLabel:
			namespaces.MatchLabels[label] = value
		case key != podClusterLabel: // It is always this cluster.
			pods.MatchLabels[key] = value
		}
	}
	inNamespaces := len(namespaces.MatchLabels) > 0
	for _, e := range s.MatchExpressions {
		if e.Key = strings.TrimPrefix(e.Key, "k8s:"); e.Key != podNamespaceLabel {
			pods.MatchExpressions = append(pods.MatchExpressions, e)
			continue
		}
		inNamespaces = true
		if e.Operator != metav1.LabelSelectorOpExists {
			e.Key = "name"
			namespaces.MatchExpressions = append(namespaces.MatchExpressions, e)
		}
	}
	if inNamespaces {
		namespace = namespacesText(&namespaces, "")
	}
	return namespace + "/" + selectorText(&pods)
}

// namespacesText is the name of a namespace, or "*" for all, or a selector in brackets.
func namespacesText(s *metav1.LabelSelector, own string) string {
	switch {
	case s == nil:
		return own
	case len(s.MatchExpressions) == 0 && len(s.MatchLabels) == 1 && s.MatchLabels[corev1.LabelMetadataName] != "":
		return s.MatchLabels[corev1.LabelMetadataName]
	case len(s.MatchLabels)+len(s.MatchExpressions) == 0:
		return "*"
	}
	return "[" + selectorText(s) + "]"
}

// selectorText is "app=web,tier in (a,b)", or "*" for a selector of everything.
func selectorText(s *metav1.LabelSelector) string {
	if s == nil || len(s.MatchLabels)+len(s.MatchExpressions) == 0 {
		return "*"
	}
	return metav1.FormatLabelSelector(s)
}
