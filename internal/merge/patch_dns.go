package merge

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/tenantfence/tenantfence/internal/report"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
)

// The labels by which policies name a namespace. Cilium's may have the prefix of
// their source, which is taken off.
const (
	podNamespace   = "io.kubernetes.pod.namespace"
	namespaceLabel = "io.cilium.k8s.namespace.labels."
	namespaceName  = "kubernetes.io/metadata.name"
)

// dns gives the rules for the cluster's DNS what they lack: the port over TCP and,
// of Cilium's policies, the names that may be asked for.
func (p *patcher) dns() {
	found := false
	for _, s := range specsOf(p.policy.YNode()) {
		names := p.names(s.node)
		for _, rule := range elements(value(s.node, "egress")) {
			switch {
			case p.policy.GetKind() == kindKubernetes:
				found = p.patchKubernetesRule(rule) || found
			case slices.ContainsFunc(elements(value(rule, "toEndpoints")), p.isResolver):
				found = p.patchCiliumRule(s, rule, names) || found
			}
		}
	}
	if !found {
		d := p.Fence.Baseline.DNS
		p.report(report.Warning, report.PatchDNSRuleMissing, p.policy, annotationField(AnnotationPatch),
			"has no rule that names the cluster's DNS pods in "+d.Namespace+" and their port "+strconv.Itoa(int(d.Port))+" by number, so the aspect dns changes nothing: add or rewrite the rule, or remove the aspect")
	}
}

// names that may be asked for: those of the profile and those that the policy itself
// needs; any in AllowOnly, where nothing may be denied.
func (p *patcher) names(spec *yaml.Node) []*yaml.Node {
	if p.tenant.Enforcement != v1alpha1.Enforce || slices.Contains(p.Fence.Baseline.DNS.Names, "*") {
		return []*yaml.Node{object("matchPattern", text("*"))}
	}
	var out []*yaml.Node
	for _, name := range p.Fence.Baseline.DNS.Names {
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

// withoutComments is a copy without comments.
func withoutComments(n *yaml.Node) *yaml.Node {
	c := *n
	c.HeadComment, c.LineComment, c.FootComment, c.Content = "", "", "", nil
	for _, child := range n.Content {
		c.Content = append(c.Content, withoutComments(child))
	}
	return &c
}

// patchCiliumRule patches a rule to the resolver, and says whether it is for its port.
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

// addNames has the names looked into on the ports of an entry, unless its author
// said which. They would close every port but DNS.
func (p *patcher) addNames(s specification, entry *yaml.Node, alone bool, names []*yaml.Node) {
	rules := value(entry, "rules")
	switch {
	case rules != nil && len(elements(value(rules, "dns"))) > 0:
	case !alone || rules != nil && len(rules.Content) > 0:
		p.report(report.Error, report.PatchDNSMixed, p.policy, s.path+".egress",
			"has an entry of toPorts with DNS and something else in it, which a rule about names would close: give DNS an entry of its own, or remove the aspect dns from the annotation")
	default:
		dns := list()
		for _, n := range names {
			dns.Content = append(dns.Content, expandedCopy(n))
		}
		p.changed = set(entry, "rules", object("dns", dns)) || p.changed
	}
}

// patchKubernetesRule adds the port over TCP to a NetworkPolicy's rule to the resolver,
// and says whether it is for its port.
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

// isPort says whether a port is the resolver's: not a range, which may hold others.
func (p *patcher) isPort(port *yaml.Node) bool {
	return scalarAt(port, "port") == p.port() && value(port, "endPort") == nil && !slices.Contains([]string{"SCTP", "ICMP"}, scalarAt(port, "protocol"))
}

func scalarAt(n *yaml.Node, key string) string {
	if v := value(n, key); v != nil {
		return v.Value
	}
	return ""
}

// isResolver says whether a peer of Cilium's includes the resolver's pods. One that
// names no namespace is about the policy's own.
func (p *patcher) isResolver(peer *yaml.Node) bool {
	selector, ok := selectorOf(peer)
	if !ok {
		return false
	}
	where := p.Fence.Baseline.DNS.Namespace
	if !requires(selector, podNamespace) && !requires(selector, namespaceLabel+namespaceName) && p.policy.GetNamespace() != where {
		return false
	}
	pods := maps.Clone(policy.SelectorOf(p.Fence.Baseline.DNS.Pods).MatchLabels)
	if pods == nil {
		pods = map[string]string{}
	}
	pods[podNamespace] = where
	pods[namespaceLabel+namespaceName] = where
	if name := p.Fence.Cluster.Name; name != "" {
		pods["io.cilium.k8s.policy.cluster"] = name
	}
	return policy.Selects(selector, pods)
}

// requires says whether a selector asks for a label.
func requires(s policy.Selector, key string) bool {
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
	return policy.Selects(pods, policy.SelectorOf(p.Fence.Baseline.DNS.Pods).MatchLabels) &&
		policy.Selects(namespaces, map[string]string{namespaceName: where})
}

// selectorOf reads a selector, without the sources of labels. It reports false where
// there is none that can be read.
func selectorOf(n *yaml.Node) (policy.Selector, bool) {
	if n == nil {
		return policy.Selector{}, false
	}
	data, err := yaml.NewRNode(n).MarshalJSON()
	if err != nil {
		return policy.Selector{}, false
	}
	var s policy.Selector
	if err := json.Unmarshal(data, &s); err != nil {
		return policy.Selector{}, false
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
