package merge

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// Labels with the namespace of a pod. In Cilium policies they may have the prefix of their source,
// which is removed.
const (
	podNamespace   = "io.kubernetes.pod.namespace"
	namespaceLabel = "io.cilium.k8s.namespace.labels."
	namespaceName  = "kubernetes.io/metadata.name"
)

// dns completes the rules for the cluster's DNS: the port over TCP and, in Cilium policies, the DNS
// names.
func (p *patcher) dns() {
	found := false
	for _, s := range specsOf(p.policy.YNode()) {
		names := p.names(s.node)
		if len(names) == 0 && p.policy.GetKind() != resource.KindKubernetes {
			p.report(report.Warning, report.PatchDNSRuleMissing, p.policy, annotationField(resource.AnnotationPatch),
				fmt.Sprintf("selects pods from which Tenant %q removes DNS, and has no toFQDNs with names to query, so the aspect dns has no effect: remove its rule for DNS, or the aspect", p.tenant.Name))
			found = true
			continue
		}
		for _, rule := range elements(value(s.node, "egress")) {
			switch {
			case p.policy.GetKind() == resource.KindKubernetes:
				found = p.patchKubernetesRule(rule) || found
			case slices.ContainsFunc(elements(value(rule, "toEndpoints")), p.isResolver):
				found = p.patchCiliumRule(s, rule, names) || found
			}
		}
	}
	if !found {
		d := p.Fence.Baseline.DNS
		p.report(report.Warning, report.PatchDNSRuleMissing, p.policy, annotationField(resource.AnnotationPatch),
			"has no egress rule to the cluster's DNS pods in "+d.Namespace+" on port "+strconv.Itoa(int(d.Port))+" (as a number), so the aspect dns has no effect: add such a rule, or remove the aspect")
	}
}

// names returns the DNS names to allow: those of the profile, unless the Tenant removes DNS from the
// pods, and those in the policy's own FQDN peers. In AllowOnly it allows any name, because nothing may be denied.
func (p *patcher) names(spec *yaml.Node) []*yaml.Node {
	allowed := p.Fence.Baseline.DNS.Names
	if !p.haveDNS(spec) {
		allowed = nil
	}
	if p.tenant.Enforcement != v1alpha1.Enforce || slices.Contains(allowed, "*") {
		return []*yaml.Node{object("matchPattern", text("*"))}
	}
	var out []*yaml.Node
	for _, name := range allowed {
		key := "matchName"
		if strings.Contains(name, "*") {
			key = "matchPattern"
		}
		out = append(out, object(key, text(strings.ToLower(name))))
	}
	for _, rule := range elements(value(spec, "egress")) {
		for _, name := range elements(value(rule, "toFQDNs")) {
			out = append(out, withoutComments(name))
		}
	}
	slices.SortFunc(out, func(a, b *yaml.Node) int { return strings.Compare(content(a), content(b)) })
	return slices.CompactFunc(out, func(a, b *yaml.Node) bool { return content(a) == content(b) })
}

func (p *patcher) haveDNS(spec *yaml.Node) bool {
	pods, ok := selectorOf(value(spec, "endpointSelector"))
	return !p.tenant.NarrowsDNS() || ok && p.tenant.HaveDNS(pods)
}

func withoutComments(n *yaml.Node) *yaml.Node {
	c := *n
	c.HeadComment, c.LineComment, c.FootComment, c.Content = "", "", "", nil
	for _, child := range n.Content {
		c.Content = append(c.Content, withoutComments(child))
	}
	return &c
}

// patchCiliumRule patches a rule for the resolver, and reports whether it has the DNS port.
func (p *patcher) patchCiliumRule(s specification, rule *yaml.Node, names []*yaml.Node) bool {
	var entries []*yaml.Node
	tcp := false
	for _, entry := range elements(value(rule, "toPorts")) {
		ports := elements(value(entry, "ports"))
		resolver := slices.DeleteFunc(slices.Clone(ports), func(port *yaml.Node) bool { return !p.isPort(port) })
		if len(resolver) == 0 {
			continue
		}
		tcp = tcp || slices.ContainsFunc(resolver, func(port *yaml.Node) bool { return scalarAt(port, "protocol") != "UDP" })
		entries = append(entries, entry)
		p.addNames(s, entry, len(ports) == len(resolver), names)
	}
	if len(entries) > 0 && !tcp {
		ports := value(entries[0], "ports")
		ports.Content = append(ports.Content, object("port", text(p.port()), text("protocol"), text("TCP")))
		p.changed = true
	}
	return len(entries) > 0
}

// addNames adds DNS rules to the ports of an entry, unless the author wrote some. DNS rules would
// deny other traffic on every port of the entry.
func (p *patcher) addNames(s specification, entry *yaml.Node, alone bool, names []*yaml.Node) {
	rules := value(entry, "rules")
	switch {
	case rules != nil && len(elements(value(rules, "dns"))) > 0:
	case !alone || rules != nil && len(rules.Content) > 0:
		p.report(report.Error, report.PatchDNSMixed, p.policy, s.path+".egress",
			"has a toPorts entry with DNS and other ports or rules, which DNS rules would deny: use a separate entry for DNS, or remove the aspect dns from the annotation")
	default:
		dns := list()
		for _, n := range names {
			dns.Content = append(dns.Content, expandedCopy(n))
		}
		p.changed = set(entry, "rules", object("dns", dns)) || p.changed
	}
}

// patchKubernetesRule adds the port over TCP to a NetworkPolicy rule for the resolver, and reports
// whether it has the DNS port.
func (p *patcher) patchKubernetesRule(rule *yaml.Node) bool {
	ports := value(rule, "ports")
	if !slices.ContainsFunc(elements(value(rule, "to")), p.isKubernetesResolver) {
		return false
	}
	found, tcp := false, false
	for _, port := range elements(ports) {
		if p.isPort(port) {
			found = true
			tcp = tcp || scalarAt(port, "protocol") != "UDP"
		}
	}
	if found && !tcp {
		ports.Content = append(ports.Content, object("port", number(int(p.Fence.Baseline.DNS.Port)), text("protocol"), text("TCP")))
		p.changed = true
	}
	return found
}

func (p *patcher) port() string { return strconv.Itoa(int(p.Fence.Baseline.DNS.Port)) }

// isPort reports whether a port is exactly the resolver's. A range may include other ports.
func (p *patcher) isPort(port *yaml.Node) bool {
	return scalarAt(port, "port") == p.port() && value(port, "endPort") == nil && !slices.Contains([]string{"SCTP", "ICMP"}, scalarAt(port, "protocol"))
}

func scalarAt(n *yaml.Node, key string) string {
	if v := value(n, key); v != nil {
		return v.Value
	}
	return ""
}

// isResolver reports whether a Cilium peer includes the resolver's pods. A peer without a namespace
// is in the policy's own.
func (p *patcher) isResolver(peer *yaml.Node) bool {
	selector, ok := selectorOf(peer)
	if !ok {
		return false
	}
	where := p.Fence.Baseline.DNS.Namespace
	if !requires(selector, podNamespace) && !requires(selector, namespaceLabel+namespaceName) && p.policy.GetNamespace() != where {
		return false
	}
	pods := maps.Clone(endpoints.SelectorOf(p.Fence.Baseline.DNS.Pods).MatchLabels)
	if pods == nil {
		pods = map[string]string{}
	}
	pods[podNamespace] = where
	pods[namespaceLabel+namespaceName] = where
	if name := p.Fence.Cluster.Name; name != "" {
		pods["io.cilium.k8s.policy.cluster"] = name
	}
	return endpoints.Selects(selector, pods)
}

func requires(s endpoints.Selector, key string) bool {
	_, ok := s.MatchLabels[key]
	return ok || slices.ContainsFunc(s.MatchExpressions, func(e metav1.LabelSelectorRequirement) bool { return e.Key == key })
}

func (p *patcher) isKubernetesResolver(peer *yaml.Node) bool {
	where := p.Fence.Baseline.DNS.Namespace
	pods, podsOK := selectorOf(value(peer, "podSelector"))
	namespaces, namespacesOK := selectorOf(value(peer, "namespaceSelector"))
	if !podsOK && !namespacesOK || !namespacesOK && p.policy.GetNamespace() != where {
		return false
	}
	return endpoints.Selects(pods, endpoints.SelectorOf(p.Fence.Baseline.DNS.Pods).MatchLabels) &&
		endpoints.Selects(namespaces, map[string]string{namespaceName: where})
}

// selectorOf parses a selector, without the sources of labels. It reports false if the selector is
// missing or invalid.
func selectorOf(n *yaml.Node) (endpoints.Selector, bool) {
	if n == nil {
		return endpoints.Selector{}, false
	}
	data, err := yaml.NewRNode(n).MarshalJSON()
	if err != nil {
		return endpoints.Selector{}, false
	}
	var s endpoints.Selector
	if err := json.Unmarshal(data, &s); err != nil {
		return endpoints.Selector{}, false
	}
	match := map[string]string{}
	for key, v := range s.MatchLabels {
		match[withoutSource(key)] = v
	}
	s.MatchLabels = match
	for i := range s.MatchExpressions {
		s.MatchExpressions[i].Key = withoutSource(s.MatchExpressions[i].Key)
	}
	return s, true
}

func withoutSource(key string) string {
	return strings.TrimPrefix(strings.TrimPrefix(key, "k8s:"), "any:")
}
