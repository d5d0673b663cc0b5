package engine_test

import (
	"encoding/json"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
)

// naiveDoc has the supported fields of policies of any kind.
type naiveDoc struct {
	Kind     string
	Metadata struct{ Namespace string }
	Spec     struct {
		EndpointSelector, PodSelector            metav1.LabelSelector
		EnableDefaultDeny                        struct{ Ingress, Egress *bool }
		PolicyTypes                              []string
		Ingress, Egress, IngressDeny, EgressDeny []naiveDocRule
	}
}

type naiveDocRule struct {
	FromEndpoints, ToEndpoints *[]metav1.LabelSelector
	FromEntities, ToEntities   []string
	FromCIDRSet, ToCIDRSet     []naiveCIDR
	ToFQDNs                    []any
	ToPorts                    []naiveDocPorts
	ICMPs                      []struct {
		Fields []struct{ Family, Type string }
	}

	From, To []struct {
		PodSelector, NamespaceSelector *metav1.LabelSelector
		IPBlock                        *naiveCIDR
	}
	Ports []naiveDocPort
}

type naiveDocPorts struct {
	Ports []naiveDocPort
	Rules struct{ HTTP []naiveDocHTTP }
}

type naiveDocHTTP struct {
	Method, Path, Host string
	Headers            []string
}

type naiveDocPort struct {
	Port     *intstr.IntOrString
	EndPort  int
	Protocol string
}

type naiveCIDR struct {
	CIDR   netip.Prefix
	Except []netip.Prefix
}

func readNaively(tb testing.TB, docs []json.RawMessage) naive {
	tb.Helper()
	var out naive
	for _, doc := range docs {
		var d naiveDoc
		if err := json.Unmarshal(doc, &d); err != nil {
			tb.Fatal(err)
		}
		if d.Kind == "NetworkPolicy" {
			out = append(out, d.kubernetes()...)
			continue
		}
		for dir, section := range map[flow.Direction]struct {
			allow, deny []naiveDocRule
			isolate     *bool
		}{
			flow.Ingress: {d.Spec.Ingress, d.Spec.IngressDeny, d.Spec.EnableDefaultDeny.Ingress},
			flow.Egress:  {d.Spec.Egress, d.Spec.EgressDeny, d.Spec.EnableDefaultDeny.Egress},
		} {
			ruled := len(section.allow)+len(section.deny) > 0
			p := naivePolicy{dir: dir, selects: d.pods(d.Spec.EndpointSelector, d.Kind == "CiliumNetworkPolicy"), isolates: ruled && (section.isolate == nil || *section.isolate)}
			for i, r := range slices.Concat(section.allow, section.deny) {
				p.rules = append(p.rules, d.ciliumRules(r, i >= len(section.allow))...)
			}
			out = append(out, p)
		}
	}
	return out
}

// ciliumRules returns one rule for each item of toPorts.
func (d naiveDoc) ciliumRules(r naiveDocRule, deny bool) []naiveRule {
	peers := d.ciliumPeers(r)
	var out []naiveRule
	for _, item := range r.ToPorts {
		only := naiveDocRule{ToPorts: []naiveDocPorts{item}}
		out = append(out, naiveRule{deny: deny, peers: orAny(peers), ports: orAny(ciliumPorts(only)), requests: item.requests})
	}
	r.ToPorts = nil
	if ports := ciliumPorts(r); ports != nil || peers != nil && len(out) == 0 {
		out = append(out, naiveRule{deny: deny, peers: orAny(peers), ports: orAny(ports), requests: orAny[*flow.HTTPRequest](nil)})
	}
	return out
}

// requests reports whether a request is allowed, if the flow has one.
func (p naiveDocPorts) requests(r *flow.HTTPRequest) bool {
	if r == nil || len(p.Rules.HTTP) == 0 {
		return true
	}
	return slices.ContainsFunc(p.Rules.HTTP, func(rule naiveDocHTTP) bool {
		for expression, text := range map[string]string{"M" + rule.Method: r.Method, "P" + rule.Path: r.Path, "H" + rule.Host: r.Host} {
			if len(expression) > 1 && !regexp.MustCompile(`\A(`+expression[1:]+`)\z`).MatchString(text) {
				return false
			}
		}
		for _, header := range rule.Headers {
			name, value, valued := strings.Cut(header, ": ")
			have, present := r.Headers[name]
			if !present || valued && have != value {
				return false
			}
		}
		return true
	})
}

func orAny[T any](f func(T) bool) func(T) bool {
	if f == nil {
		return func(T) bool { return true }
	}
	return f
}

// pods matches pods of the policy's namespace, unless the selector requires namespace labels or
// own is false.
func (d naiveDoc) pods(s metav1.LabelSelector, own bool) func(naiveEndpoint) bool {
	sel, err := metav1.LabelSelectorAsSelector(&s)
	namesNamespace := func(key string) bool {
		return key == "io.kubernetes.pod.namespace" || strings.HasPrefix(key, "io.cilium.k8s.namespace.labels.")
	}
	for key := range s.MatchLabels {
		own = own && !namesNamespace(key)
	}
	for _, e := range s.MatchExpressions {
		own = own && !namesNamespace(e.Key)
	}
	return func(e naiveEndpoint) bool {
		return err == nil && e.labels != nil && sel.Matches(e.labels) && (!own || e.labels["io.kubernetes.pod.namespace"] == d.Metadata.Namespace)
	}
}

// ciliumPeers returns nil if a rule has no peers.
func (d naiveDoc) ciliumPeers(r naiveDocRule) func(naiveEndpoint) bool {
	var out []func(naiveEndpoint) bool
	named := r.ToFQDNs != nil
	for _, list := range []*[]metav1.LabelSelector{r.FromEndpoints, r.ToEndpoints} {
		if list == nil {
			continue
		}
		named = true
		for _, s := range *list {
			out = append(out, d.pods(s, d.Kind == "CiliumNetworkPolicy"))
		}
	}
	for _, name := range slices.Concat(r.FromEntities, r.ToEntities) {
		out = append(out, func(e naiveEndpoint) bool { return slices.Contains(e.entities, name) })
	}
	for _, c := range slices.Concat(r.FromCIDRSet, r.ToCIDRSet) {
		out = append(out, c.contains)
	}
	if !named && len(out) == 0 {
		return nil
	}
	return anyOf(out)
}

func anyOf[T any](all []func(T) bool) func(T) bool {
	return func(e T) bool { return slices.ContainsFunc(all, func(f func(T) bool) bool { return f(e) }) }
}

// contains reports whether a network contains an endpoint outside the cluster. The world is in
// 0.0.0.0/0 and ::/0.
func (c naiveCIDR) contains(e naiveEndpoint) bool {
	if !e.addr.IsValid() {
		return c.CIDR.Bits() == 0 && slices.Contains(e.entities, map[bool]string{true: "world-ipv4", false: "world-ipv6"}[c.CIDR.Addr().Is4()])
	}
	return c.CIDR.Contains(e.addr) && !slices.ContainsFunc(c.Except, func(p netip.Prefix) bool { return p.Contains(e.addr) })
}

func ciliumPorts(r naiveDocRule) func(naivePort) bool {
	var out []func(naivePort) bool
	for _, rule := range r.ToPorts {
		for _, p := range rule.Ports {
			out = append(out, p.matches)
		}
	}
	for _, icmp := range r.ICMPs {
		for _, field := range icmp.Fields {
			types := map[string]map[string]uint16{"IPv4": {"EchoRequest": 8, "TimeExceeded": 11}, "IPv6": {"EchoRequest": 128, "TimeExceeded": 3}}
			protocol := map[string]string{"IPv4": "ICMP", "IPv6": "ICMPv6"}[field.Family]
			out = append(out, func(p naivePort) bool { return p.protocol == protocol && p.port == types[field.Family][field.Type] })
		}
	}
	if len(out) == 0 {
		return nil
	}
	return anyOf(out)
}

func (p naiveDocPort) matches(f naivePort) bool {
	if f.protocol == "ICMP" || f.protocol == "ICMPv6" || p.Protocol != "" && p.Protocol != "ANY" && p.Protocol != f.protocol {
		return false
	}
	if p.Port == nil || p.Port.String() == "0" {
		return true
	}
	first, err := strconv.Atoi(p.Port.String())
	if err != nil {
		return slices.ContainsFunc(f.owner.named, func(n endpoints.NamedPort) bool {
			return n.Name == p.Port.StrVal && n.Port == f.port && (string(n.Protocol) == f.protocol || n.Protocol == "" && f.protocol == "TCP")
		})
	}
	return first <= int(f.port) && int(f.port) <= max(first, p.EndPort)
}

func (d naiveDoc) kubernetes() []naivePolicy {
	var out []naivePolicy
	for dir, rules := range map[flow.Direction][]naiveDocRule{flow.Ingress: d.Spec.Ingress, flow.Egress: d.Spec.Egress} {
		typed := slices.ContainsFunc(d.Spec.PolicyTypes, func(t string) bool { return strings.EqualFold(t, string(dir)) })
		if !typed && (len(d.Spec.PolicyTypes) > 0 || dir == flow.Egress && len(rules) == 0) {
			continue
		}
		p := naivePolicy{dir: dir, selects: d.pods(d.Spec.PodSelector, true), isolates: true}
		for _, r := range rules {
			p.rules = append(p.rules, naiveRule{peers: d.kubernetesPeers(r), ports: kubernetesPorts(r), requests: orAny[*flow.HTTPRequest](nil)})
		}
		out = append(out, p)
	}
	return out
}

func (d naiveDoc) kubernetesPeers(r naiveDocRule) func(naiveEndpoint) bool {
	var out []func(naiveEndpoint) bool
	for _, peer := range slices.Concat(r.From, r.To) {
		if peer.IPBlock != nil {
			out = append(out, peer.IPBlock.contains)
			continue
		}
		inNamespaces := d.pods(namespaced(peer.NamespaceSelector), peer.NamespaceSelector == nil)
		pods := metav1.LabelSelector{}
		if peer.PodSelector != nil {
			pods = *peer.PodSelector
		}
		out = append(out, func(e naiveEndpoint) bool { return inNamespaces(e) && d.pods(pods, false)(e) })
	}
	if len(out) == 0 {
		return orAny[naiveEndpoint](nil)
	}
	return anyOf(out)
}

// namespaced returns a selector by the labels of a pod's namespace.
func namespaced(s *metav1.LabelSelector) metav1.LabelSelector {
	out := metav1.LabelSelector{MatchLabels: map[string]string{}}
	if s != nil {
		for k, v := range s.MatchLabels {
			out.MatchLabels["io.cilium.k8s.namespace.labels."+k] = v
		}
	}
	return out
}

func kubernetesPorts(r naiveDocRule) func(naivePort) bool {
	var out []func(naivePort) bool
	for _, p := range r.Ports {
		if p.Protocol == "" {
			p.Protocol = "TCP"
		}
		out = append(out, p.matches)
	}
	if len(out) == 0 {
		return orAny[naivePort](nil)
	}
	return anyOf(out)
}
