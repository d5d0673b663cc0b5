package merge

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

type aspect string

const (
	enforcement aspect = "enforcement"
	dns         aspect = "dns"
	labels      aspect = "labels"
)

var aspects = []aspect{enforcement, dns, labels}

// patch keeps an item that is not generated, and corrects the aspects that it lists.
func (m *merger) patch(n *yaml.RNode) {
	annotations := n.GetAnnotations()
	if _, ok := annotations[resource.AnnotationAdopt]; ok && m.planned[resource.ID(n)] == nil {
		m.report(report.Warning, report.AdoptWithoutEffect, n, annotationField(resource.AnnotationAdopt), "has no effect, because no policy with this kind, namespace and name is generated: correct the name, or remove the annotation")
	}
	switch requested, ok := annotations[resource.AnnotationPatch]; {
	case ok:
		m.patchPolicy(n, requested)
	case resource.Group(n) == "" && n.GetKind() == "Namespace":
		m.labelNamespace(n)
	case resource.Group(n) == "" && n.GetKind() == "Service":
		m.setSourceRanges(n)
	default:
		m.keep(n)
	}
}

func (m *merger) patchPolicy(n *yaml.RNode, requested string) {
	if !resource.IsPolicy(n) {
		m.report(report.Error, report.PatchKindUnsupported, n, annotationField(resource.AnnotationPatch), fmt.Sprintf("only a %s, %s or %s can be patched: remove the annotation", resource.KindCilium, resource.KindClusterwide, resource.KindKubernetes))
		return
	}
	list, ok := m.aspectsOf(n, requested)
	if !ok {
		return
	}
	t := m.tenantOf(n)
	if t == nil && m.TenantsUnreadable {
		// The invalid Tenant is already an error.
		m.keep(n)
		return
	}
	if t == nil {
		m.report(report.Warning, report.PatchNamespaceUnfenced, n, annotationField(resource.AnnotationPatch), "has no effect, because no Tenant of this fence has the namespace: list it in a Tenant's spec.namespaces, or remove the annotation")
		m.keep(n)
		return
	}
	c := editableCopy(n)
	p := patcher{merger: m, tenant: t, policy: c}
	for _, a := range list {
		p.patch(a)
	}
	if !p.changed {
		c = n
	}
	m.recordPatched(n, c)
}

// recordPatched keeps the patched item, or the original if it is unchanged.
func (m *merger) recordPatched(n, now *yaml.RNode) {
	action := report.Configured
	if now == n {
		action = report.Unchanged
	}
	m.recordChange(action, n)
	if now != n {
		m.files.clearItemID(now)
	}
	m.keep(now)
}

func annotationField(key string) string { return "metadata.annotations[" + key + "]" }

func (m *merger) aspectsOf(n *yaml.RNode, requested string) ([]aspect, bool) {
	var out []aspect
	ok := true
	for word := range strings.SplitSeq(requested, ",") {
		a := aspect(strings.TrimSpace(word))
		if !slices.Contains(aspects, a) {
			m.report(report.Error, report.PatchAspectUnknown, n, annotationField(resource.AnnotationPatch), fmt.Sprintf("unknown aspect %q: use %s, %s or %s, separated by commas", a, enforcement, dns, labels))
			ok = false
		}
		out = append(out, a)
	}
	return out, ok
}

// tenantOf returns the tenant that owns a policy's namespace: its own or, for a cluster-wide
// policy, the one that its selector names.
func (m *merger) tenantOf(n *yaml.RNode) *policy.Owner {
	if n.GetKind() != resource.KindClusterwide {
		return m.Fence.Owner(n.GetNamespace())
	}
	var t *policy.Owner
	for i, s := range specsOf(n.YNode()) {
		selector, _ := selectorOf(value(s.node, "endpointSelector"))
		own := m.Fence.Owner(selector.MatchLabels[podNamespace])
		if i > 0 && own != t {
			return nil
		}
		t = own
	}
	return t
}

type patcher struct {
	*merger
	tenant  *policy.Owner
	policy  *yaml.RNode
	changed bool
}

func (p *patcher) patch(a aspect) {
	switch a {
	case enforcement:
		for _, s := range specsOf(p.policy.YNode()) {
			p.enforcement(s)
		}
	case dns:
		p.dns()
	case labels:
		set := mappingAt(mappingAt(p.policy.YNode(), "metadata"), "labels")
		wanted := resource.TenantLabels(p.tenant.Name, p.tenant.ID)
		for _, key := range slices.Sorted(maps.Keys(wanted)) {
			p.label(set, key, wanted[key])
		}
	}
}

func (p *patcher) label(labels *yaml.Node, key, want string) {
	if want == "" {
		p.changed = drop(labels, key) || p.changed
		return
	}
	p.changed = set(labels, key, text(want)) || p.changed
}

// enforcement makes a policy isolate, or not, as a generated policy of its stage does. A policy
// that allows traffic belongs to stage Allow: it becomes additive, because the default-deny
// isolates the namespace. A policy that only isolates belongs to stage DefaultDeny: it isolates in
// Enforce, once that stage runs, and never in AllowOnly. Runs never contradict each other, so their
// order does not matter.
func (p *patcher) enforcement(s specification) {
	allowOnly := p.tenant.Enforcement != v1alpha1.Enforce
	additive := allowOnly || !isDefaultDeny(s.node)
	switch {
	case additive && (p.policy.GetKind() == resource.KindKubernetes || !p.Fence.Has(cilium.AdditivePolicies)):
		// Isolation does no harm in Enforce, where the default-deny isolates too.
		if allowOnly {
			p.report(report.Error, report.PatchIsolates, p.policy, s.path, p.isolates())
		}
	case additive:
		deny := object("egress", boolean(false), text("ingress"), boolean(false))
		p.changed = set(s.node, "enableDefaultDeny", deny) || p.changed
	case slices.Contains(p.Stages, v1alpha1.StageDefaultDeny):
		p.changed = drop(s.node, "enableDefaultDeny") || p.changed
	}
}

func (p *patcher) isolates() string {
	const todo = "isolates the pods that it selects, but the Tenant is in AllowOnly: remove the policy until the Tenant is in Enforce, or remove the aspect enforcement from the annotation"
	if p.policy.GetKind() == resource.KindKubernetes {
		return "a NetworkPolicy always " + todo
	}
	return "before Cilium " + cilium.AdditivePolicies.Introduced() + ", a policy always " + todo
}

// matchesNothing reports whether a rule is empty, or has an empty list of peers, which matches no
// peer in Cilium.
func matchesNothing(rule *yaml.Node) bool {
	if len(rule.Content) == 0 {
		return true
	}
	for _, peers := range []string{"fromEndpoints", "toEndpoints"} {
		if list := value(rule, peers); list != nil && list.Kind == yaml.SequenceNode && len(list.Content) == 0 {
			return true
		}
	}
	return false
}

// isDefaultDeny reports whether a policy has only rules that allow and deny nothing. Its only
// effect is then default-deny.
func isDefaultDeny(spec *yaml.Node) bool {
	rules := 0
	for _, section := range sections {
		for _, rule := range elements(value(spec, section)) {
			if !matchesNothing(rule) {
				return false
			}
			rules++
		}
	}
	return rules > 0
}
