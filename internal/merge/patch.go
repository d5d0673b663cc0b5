package merge

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/internal/report"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// AnnotationPatch has the fence keep some aspects of a hand-written policy right.
const AnnotationPatch = resource.AnnotationPatch

// aspect of a hand-written policy.
type aspect string

const (
	enforcement aspect = "enforcement"
	dns         aspect = "dns"
	labels      aspect = "labels"
)

var aspects = []aspect{enforcement, dns, labels}

// patch keeps an item that nobody generated, with what it asked to have patched.
func (m *merger) patch(n *yaml.RNode) {
	annotations := n.GetAnnotations()
	if _, ok := annotations[AnnotationAdopt]; ok && m.planned[resource.ID(n)] == nil {
		m.report(report.Warning, report.AdoptWithoutEffect, n, annotationField(AnnotationAdopt), "no policy of that name is generated, so it is not taken over: correct the name, or remove the annotation")
	}
	switch requested, ok := annotations[AnnotationPatch]; {
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
		m.report(report.Error, report.PatchKindUnsupported, n, annotationField(AnnotationPatch), fmt.Sprintf("only a %s, %s or %s can be patched: remove the annotation", kindCilium, kindClusterwide, kindKubernetes))
		return
	}
	list, ok := m.aspectsOf(n, requested)
	if !ok {
		return
	}
	t := m.tenantOf(n)
	if t == nil && m.TenantsUnreadable {
		// That a Tenant cannot be read is the error.
		m.keep(n)
		return
	}
	if t == nil {
		m.report(report.Warning, report.PatchNamespaceUnfenced, n, annotationField(AnnotationPatch), "is about no namespace of a Tenant of this fence, so nothing of it is patched: give the namespace to a Tenant, or remove the annotation")
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

// recordPatched keeps what an item came to, which is itself where nothing changed.
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

// aspectsOf reads the annotation.
func (m *merger) aspectsOf(n *yaml.RNode, requested string) ([]aspect, bool) {
	var out []aspect
	ok := true
	for word := range strings.SplitSeq(requested, ",") {
		a := aspect(strings.TrimSpace(word))
		if !slices.Contains(aspects, a) {
			m.report(report.Error, report.PatchAspectUnknown, n, annotationField(AnnotationPatch), fmt.Sprintf("there is no aspect %q: the aspects are %s, %s and %s, with commas between them", a, enforcement, dns, labels))
			ok = false
		}
		out = append(out, a)
	}
	return out, ok
}

// tenantOf owns the namespace that a policy is about: its own or, of a cluster-wide
// one, that which its selector names.
func (m *merger) tenantOf(n *yaml.RNode) *policy.Tenant {
	if n.GetKind() != kindClusterwide {
		return m.Fence.Owner(n.GetNamespace())
	}
	var t *policy.Tenant
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

// patcher patches one policy.
type patcher struct {
	*merger
	tenant  *policy.Tenant
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
		p.label(set, resource.LabelTenant, p.tenant.Name)
		p.label(set, resource.LabelTenantID, p.tenant.ID)
	}
}

func (p *patcher) label(labels *yaml.Node, key, want string) {
	if want == "" {
		p.changed = drop(labels, key) || p.changed
		return
	}
	p.changed = set(labels, key, text(want)) || p.changed
}

// enforcement makes a policy isolate, or not, as a generated one of its stage would.
// One that allows something stands in stage Allow: it is additive, since closing the
// namespace is the default-deny's. One that only closes stands in stage DefaultDeny:
// it closes where the namespace is in Enforce, once that stage is run, and nothing in
// AllowOnly. No run ever decides what another decides otherwise, so their order does not
// matter.
func (p *patcher) enforcement(s specification) {
	allowOnly := p.tenant.Enforcement != v1alpha1.Enforce
	additive := allowOnly || !isDefaultDeny(s.node)
	switch {
	case additive && (p.policy.GetKind() == kindKubernetes || !p.Fence.Has(policy.AdditivePolicies)):
		// In Enforce that it isolates by itself is no harm: so does the default-deny.
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
	const todo = "isolates the pods that it selects, and the Tenant is in AllowOnly: remove it until the Tenant is in Enforce, or the aspect enforcement from the annotation"
	if p.policy.GetKind() == kindKubernetes {
		return "a NetworkPolicy always " + todo
	}
	return "below Cilium 1.16 a policy always " + todo
}

// matchesNothing says whether a rule is empty, or names peers by an empty list, which
// to Cilium is nobody.
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

// isDefaultDeny says whether a policy has rules, and none that allows or denies anything
// in particular: then all it does is to switch default deny on.
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
