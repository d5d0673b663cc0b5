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
	if !resource.IsPolicy(n) {
		return -1
	}
	return m.adoptionOfID(resource.ID(n))
}

// adoptionOfID is adoptionOf for a policy with an identity.
func (m *merger) adoptionOfID(id report.Ref) int {
	return slices.IndexFunc(m.Adopt, func(a v1alpha1.Adoption) bool {
		return a.Matches(id.Kind, id.Namespace, id.Name, m.isTenants)
	})
}

func (m *merger) isTenants(namespace string) bool { return len(m.Fence.TenantsIn(namespace)) > 0 }

// generatedAs returns the planned policies of a name in the namespace of a hand-written policy, the
// one of its kind first.
func (m *merger) generatedAs(name string, policy report.Ref) []*resource.Generated {
	var out []*resource.Generated
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
	if len(generated) == 0 || m.expected[generated[0].ID()] == nil || m.whyNotAdopted(n) != "" {
		m.keep(n)
		return
	}
	m.replace(n, generated[0])
}

// replace removes a hand-written policy. The generated policy takes its position, unless it exists
// already.
func (m *merger) replace(n *yaml.RNode, by *resource.Generated) {
	m.result.Adopted = append(m.result.Adopted, Adoption{resource.RefOf(n), by.Ref})
	m.recordChange(report.Deleted, n)
	id := by.ID()
	if m.existing[id] > 0 {
		return
	}
	m.existing[id]++
	c := m.files.withFileOf(yaml.NewRNode(m.nodeOf(by)), n)
	m.recordChange(report.Created, c)
	m.keep(c)
}

// refuseAdoptions refuses entries of spec.adopt that name a policy which must stay, or no generated
// policy. It reports those that name neither.
func (m *merger) refuseAdoptions(items []*yaml.RNode) {
	for i, a := range m.Adopt {
		matches := func(n *yaml.RNode) bool { return m.adoptionOf(n) == i }
		refused := m.generatedPoliciesOf(i)
		for _, n := range items {
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

// generatedPoliciesOf states why generated policies that an entry names are refused.
func (m *merger) generatedPoliciesOf(entry int) map[string]bool {
	out := map[string]bool{}
	for id, g := range m.planned {
		if resource.IsPolicyRef(id) && m.adoptionOfID(id) == entry && id.Name != m.Adopt[entry].As {
			out[g.Ref.String()+" "+isGenerated] = true
		}
	}
	return out
}

func (m *merger) reportEntry(severity report.Severity, check *report.Check, entry int, message string) {
	m.findings = append(m.findings, report.New(check, severity, m.Config, fmt.Sprintf("spec.adopt[%d]", entry), "%s", message))
}

const isGenerated = "is generated, and only hand-written policies can be adopted: correct name, or set kind or namespaces"

// whyNotAdopted describes why a policy that an entry of spec.adopt names must stay. Empty: it is
// hand-written, and a generated policy can replace it.
func (m *merger) whyNotAdopted(n *yaml.RNode) string {
	as := m.Adopt[m.adoptionOf(n)].As
	_, patched := n.GetAnnotations()[resource.AnnotationPatch]
	switch id, by := resource.ID(n), m.ownerOf(n); {
	case by == otherFence, m.planned[id] != nil && n.GetName() != as:
		return isGenerated
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
