package merge

import (
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

type owner string

const (
	handWritten owner = "hand-written"
	thisFence   owner = "of this fence"
	otherFence  owner = "of another fence"
)

func (o Options) ownerOf(n *yaml.RNode) owner {
	switch fence := resource.FenceOf(n); {
	case fence == "":
		return handWritten
	case fence == o.Fence.Name || slices.Contains(o.FormerNames, fence):
		return thisFence
	}
	return otherFence
}

func (m *merger) conflictFinding(n *yaml.RNode, by owner) report.Finding {
	whose := "does not belong to this fence: rename or remove it, or hand it over with the annotation " + resource.AnnotationAdopt + `: "true"`
	if by == otherFence {
		whose = fmt.Sprintf("belongs to fence %s: rename or remove it, or list that name in spec.formerNames if it is a former name of this fence", resource.FenceOf(n))
	}
	return report.New(report.PolicyExists, report.Error, resource.RefOf(n), "", "%s", "has the name of a policy that must be generated, but "+whose)
}

// refuseDuplicates rejects a generated policy that exists more than once. The result would depend
// on the order of the files.
func (m *merger) refuseDuplicates(items []*yaml.RNode) {
	for _, n := range items {
		id := resource.ID(n)
		if m.expected[id] != nil && m.existing[id] > 1 {
			m.report(report.Error, report.PolicyDuplicate, n, "", fmt.Sprintf("exists %d times, with different content: remove all but one", m.existing[id]))
		}
	}
}

// refuseNoTenants rejects a run without Tenants, if no item shows that Tenants were part of the
// input. Otherwise it would delete their policies.
func (m *merger) refuseNoTenants(items []*yaml.RNode) {
	if !m.NoTenantsRead {
		return
	}
	var mine []string
	for _, n := range items {
		if m.ownerOf(n) == thisFence {
			mine = append(mine, n.GetNamespace()+"/"+n.GetName())
		}
	}
	if len(mine) == 0 {
		return
	}
	slices.Sort(mine)
	first := mine[:min(3, len(mine))]
	m.findings = append(m.findings, report.New(report.TenantsMissing, report.Error, m.Config, "", "has no Tenant, but %d policies of this fence exist (%s): with an inline profile, Tenants may be missing from the input, and the policies would be deleted: "+
		"list the Tenants, use a %s resource as profile, or delete the policies", len(mine), strings.Join(first, ", "), v1alpha1.KindFenceProfile))
}

// ownLabel and ownAnnotation report whether this package sets a label or an annotation of an
// existing policy. It keeps all others. managed-by is kept too: it is set when a policy is created,
// and kustomize, Helm and Flux replace it.
func ownLabel(key string) bool { return strings.HasPrefix(key, v1alpha1.Group+"/") }

func ownAnnotation(key string) bool {
	return key == resource.LocalConfig || strings.HasPrefix(key, v1alpha1.Group+"/")
}
