package merge

import (
	"fmt"
	"maps"
	"slices"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// Adoption is a hand-written policy that a generated one replaces. They are equal if the generated
// policy has the same name.
type Adoption struct{ Policy, By report.Ref }

var kindOrder = []string{resource.KindCilium, resource.KindClusterwide, resource.KindKubernetes}

// adoptionOf returns the index of the entry of spec.adopt that names a policy, or -1.
func (m *merger) adoptionOf(n *yaml.RNode) int {
	if len(m.Adopt) == 0 || !resource.IsPolicy(n) {
		return -1
	}
	id := resource.ID(n)
	return slices.IndexFunc(m.Adopt, func(a v1alpha1.Adoption) bool {
		return a.Matches(id.Kind, id.Namespace, id.Name, m.isTenants)
	})
}

func (m *merger) isTenants(namespace string) bool { return len(m.Fence.TenantsIn(namespace)) > 0 }

// generatedAs returns the planned policies of a name in the namespace of a hand-written policy, the
// one of its kind first.
func (m *merger) generatedAs(name string, policy report.Ref) []*yaml.RNode {
	var out []*yaml.RNode
	for _, kind := range append([]string{policy.Kind}, kindOrder...) {
		for id, n := range m.planned {
			if id.Kind == kind && id.Namespace == policy.Namespace && id.Name == name && !slices.Contains(out, n) {
				out = append(out, n)
			}
		}
	}
	return out
}

// adoptAs replaces a hand-written policy that an entry of spec.adopt names. It keeps one that is
// refused, and one whose generated policy this run does not write.
func (m *merger) adoptAs(n *yaml.RNode, entry int) {
	generated := m.generatedAs(m.Adopt[entry].As, resource.ID(n))
	if len(generated) == 0 || m.expected[resource.ID(generated[0])] == nil || m.whyNotAdopted(n) != "" {
		m.keep(n)
		return
	}
	m.replace(n, generated[0])
}

// replace removes a hand-written policy. The generated policy takes its position, unless it exists
// already.
func (m *merger) replace(n, by *yaml.RNode) {
	m.result.Adopted = append(m.result.Adopted, Adoption{resource.RefOf(n), resource.RefOf(by)})
	m.recordChange(report.Deleted, n)
	id := resource.ID(by)
	if m.existing[id] > 0 {
		return
	}
	m.existing[id]++
	c := m.files.withFileOf(by, n)
	m.recordChange(report.Created, c)
	m.keep(c)
}

// refuseAdoptions refuses entries of spec.adopt that name a policy which must stay, or no generated
// policy. It reports those that name neither.
func (m *merger) refuseAdoptions(items []*yaml.RNode) {
	for i, a := range m.Adopt {
		matches := func(n *yaml.RNode) bool { return m.adoptionOf(n) == i }
		refused := map[string]bool{}
		for _, n := range append(slices.Collect(maps.Values(m.planned)), items...) {
			if !matches(n) {
				continue
			}
			if why := m.whyNotAdopted(n); why != "" {
				refused[resource.RefOf(n).String()+" "+why] = true
			}
		}
		for _, why := range slices.Sorted(maps.Keys(refused)) {
			m.reportEntry(report.Error, report.AdoptionRefused, i, why)
		}
		if !slices.ContainsFunc(items, matches) && !m.generatesAs(a) && !m.TenantsUnreadable {
			m.reportEntry(report.Info, report.AdoptWithoutEffect, i, fmt.Sprintf("has no effect, because no policy %q exists there, and none is generated as %q: correct the names, or remove the entry", a.Name, a.As))
		}
	}
}

func (m *merger) reportEntry(severity report.Severity, check *report.Check, entry int, message string) {
	m.findings = append(m.findings, report.New(check, severity, m.Config, fmt.Sprintf("spec.adopt[%d]", entry), "%s", message))
}

// whyNotAdopted describes why a policy that an entry of spec.adopt names must stay. Empty: it is
// hand-written, and a generated policy can replace it.
func (m *merger) whyNotAdopted(n *yaml.RNode) string {
	as := m.Adopt[m.adoptionOf(n)].As
	_, patched := n.GetAnnotations()[resource.AnnotationPatch]
	switch id, by := resource.ID(n), m.ownerOf(n); {
	case by == otherFence, m.planned[id] != nil && n.GetName() != as:
		return "is generated, and only hand-written policies can be adopted: correct name, or set kind or namespaces"
	case by == thisFence:
		return ""
	case patched:
		return "has the annotation " + resource.AnnotationPatch + ", which keeps the policy: remove the annotation, or this entry"
	case resource.IsLocalConfig(n):
		return "is an external resource, which another build deploys: remove the policy there, and then this entry"
	case len(m.generatedAs(as, id)) == 0 && !m.TenantsUnreadable:
		return fmt.Sprintf("cannot be replaced, because no policy %q is generated there: correct as, or declare the flow", as)
	}
	return ""
}

func (m *merger) generatesAs(a v1alpha1.Adoption) bool {
	as := v1alpha1.Adoption{Name: a.As, Namespaces: a.Namespaces}
	for id := range m.planned {
		if as.Matches(id.Kind, id.Namespace, id.Name, m.isTenants) {
			return true
		}
	}
	return false
}
