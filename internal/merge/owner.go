package merge

import (
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
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
	nobody  owner = "hand-written"
	me      owner = "of this fence"
	another owner = "of another fence"
)

func (o Options) ownerOf(n *yaml.RNode) owner {
	switch fence := resource.FenceOf(n); {
	case fence == "":
		return nobody
	case fence == o.Fence.Name || slices.Contains(o.FormerNames, fence):
		return me
	}
	return another
}

func (m *merger) foreign(n *yaml.RNode, by owner) policy.Finding {
	whose := "is not of this fence: rename or remove it, or let this fence take it over with the annotation " + AnnotationAdopt + `: "true"`
	if by == another {
		whose = fmt.Sprintf("belongs to fence %s: rename or remove it, or list that name in formerNames where it is this fence's former one", resource.FenceOf(n))
	}
	return policy.Finding{
		Check: "policy-exists", Severity: policy.Error, Resource: resource.RefOf(n),
		Message: "has the name of a policy that must be generated, and " + whose,
	}
}

// refuseTwice refuses a generated policy that exists more than once: which of them is kept
// would depend on the order of the files.
func (m *merger) refuseTwice(items []*yaml.RNode) {
	for _, n := range items {
		id := resource.ID(n)
		if m.wanted[id] != nil && m.there[id] > 1 {
			m.say(policy.Error, "policy-twice", n, "", fmt.Sprintf("exists %d times, with different content: remove all but one", m.there[id]))
		}
	}
}

// refuseUnseen refuses to take the absence of Tenants for their removal where nothing
// shows that they were read.
func (m *merger) refuseUnseen(items []*yaml.RNode) {
	if !m.TenantsUnseen {
		return
	}
	var mine []string
	for _, n := range items {
		if m.ownerOf(n) == me {
			mine = append(mine, n.GetNamespace()+"/"+n.GetName())
		}
	}
	if len(mine) == 0 {
		return
	}
	slices.Sort(mine)
	first := mine[:min(3, len(mine))]
	m.findings = append(m.findings, policy.Finding{
		Check: "no-tenants", Severity: policy.Error, Resource: m.Config,
		Message: fmt.Sprintf("there is no Tenant, and %d of its policies are there (%s): with an inline profile nothing shows that the Tenants were read at all; "+
			"list the Tenants, or make the profile a %s among the items, or remove the policies by hand", len(mine), strings.Join(first, ", "), v1alpha1.KindFenceProfile),
	})
}

// ownLabel and ownAnnotation report which labels and annotations of an existing policy
// are set here; all others stay as they are. managed-by is among those: it is written when
// a policy is created, and kustomize, Helm and Flux set it to their own values.
func ownLabel(key string) bool { return strings.HasPrefix(key, v1alpha1.Group+"/") }

func ownAnnotation(key string) bool {
	return key == resource.LocalConfig || strings.HasPrefix(key, v1alpha1.Group+"/")
}
