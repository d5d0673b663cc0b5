package merge

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/internal/report"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// The kinds of policy.
const (
	kindCilium      = resource.KindCilium
	kindClusterwide = resource.KindClusterwide
	kindKubernetes  = resource.KindKubernetes
)

// owner is whose a policy is.
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
	whose := "is not of this fence: rename or remove it, or let this fence take it over with the annotation " + AnnotationAdopt + `: "true"`
	if by == otherFence {
		whose = fmt.Sprintf("belongs to fence %s: rename or remove it, or list that name in formerNames where it is this fence's former one", resource.FenceOf(n))
	}
	return report.New(report.PolicyExists, report.Error, resource.RefOf(n), "", "%s", "has the name of a policy that must be generated, and "+whose)
}

// refuseDuplicates refuses a generated policy that exists more than once: which of them is kept
// would depend on the order of the files.
func (m *merger) refuseDuplicates(items []*yaml.RNode) {
	for _, n := range items {
		id := resource.ID(n)
		if m.expected[id] != nil && m.existing[id] > 1 {
			m.report(report.Error, report.PolicyDuplicate, n, "", fmt.Sprintf("exists %d times, with different content: remove all but one", m.existing[id]))
		}
	}
}

// refuseNoTenants refuses to take the absence of Tenants for their removal where nothing
// shows that they were read.
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
	m.findings = append(m.findings, report.New(report.TenantsMissing, report.Error, m.Config, "", "there is no Tenant, and %d of its policies are there (%s): with an inline profile nothing shows that the Tenants were read at all; "+
		"list the Tenants, or make the profile a %s among the items, or remove the policies by hand", len(mine), strings.Join(first, ", "), v1alpha1.KindFenceProfile))
}

// ownLabel and ownAnnotation report which labels and annotations of an existing policy
// are set here; all others stay as they are. managed-by is among those: it is written when
// a policy is created, and kustomize, Helm and Flux set it to their own values.
func ownLabel(key string) bool { return strings.HasPrefix(key, v1alpha1.Group+"/") }

func ownAnnotation(key string) bool {
	return key == resource.LocalConfig || strings.HasPrefix(key, v1alpha1.Group+"/")
}
