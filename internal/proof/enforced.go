package proof

import (
	"fmt"
	"slices"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/plan"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/render"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// itemsAsEnforced are the items with all tenants and nodes in Enforce: AllowOnly has no default-deny and
// no L7 rules. Policies that differ from the generated ones stay unchanged. own are the items that
// equal the generated ones.
func (p proof) itemsAsEnforced() (items []*yaml.RNode, own map[*yaml.RNode]bool, err error) {
	currentByID, enforcedByID := resource.GeneratedByID(p.Policies), map[report.Ref]*yaml.RNode{}
	hasAllowOnly := len(allowOnly(p.Fence)) > 0
	var enforcedItems []*yaml.RNode
	if hasAllowOnly {
		fence := p.Fence.FullyEnforced()
		if enforcedItems, err = resource.Nodes(render.Render(fence, plan.Plan(fence))); err != nil {
			return nil, nil, fmt.Errorf("with all tenants in Enforce: %w", err)
		}
		enforcedByID = resource.ByID(enforcedItems)
	}
	own = map[*yaml.RNode]bool{}
	present := resource.ByID(p.items)
	distinct, _ := resource.Deduplicate(p.items)
	for _, n := range distinct {
		id := resource.ID(n)
		generated, err := isGenerated(n, currentByID[id])
		switch {
		case err != nil:
			return nil, nil, fmt.Errorf("read %s: %w", resource.RefOf(n), err)
		case resource.IsLocalConfig(n):
			// It never reaches the cluster.
		case !hasAllowOnly || !generated || isNetworkPolicyForm(n, p.NetworkPolicyForm):
			own[n] = generated
			items = append(items, n)
		case enforcedByID[id] != nil:
			own[enforcedByID[id]] = true
			items = append(items, enforcedByID[id])
		}
	}
	for _, n := range slices.DeleteFunc(enforcedItems, func(n *yaml.RNode) bool { return currentByID[resource.ID(n)] != nil }) {
		if n, err = renameIfTaken(n, present); err != nil {
			return nil, nil, err
		}
		own[n] = true
		items = append(items, n)
	}
	return items, own, nil
}

// isGenerated reports whether an item has the content of a generated policy, which may not exist.
func isGenerated(n *yaml.RNode, g *resource.Generated) (bool, error) {
	if g == nil {
		return false, nil
	}
	want, err := g.Node()
	if err != nil {
		return false, err
	}
	return sameContent(n, want)
}

// renameIfTaken renames a future policy if another policy has its name: the enforcer accepts a name
// once.
func renameIfTaken(n *yaml.RNode, present map[report.Ref]*yaml.RNode) (*yaml.RNode, error) {
	if present[resource.ID(n)] == nil {
		return n, nil
	}
	n = n.Copy()
	if err := n.SetName(n.GetName() + " once enforced"); err != nil {
		return nil, fmt.Errorf("name %s: %w", resource.RefOf(n), err)
	}
	return n, nil
}

// isNetworkPolicyForm reports whether a policy is the NetworkPolicy form of a fence that also has
// Cilium policies. It does not exist in AllowOnly.
func isNetworkPolicyForm(n *yaml.RNode, networkPolicyForm *policy.Fence) bool {
	return networkPolicyForm != nil && n.GetKind() == resource.KindKubernetes
}

// sameContent reports whether two resources are equal except for metadata and status. A missing resource
// equals no other.
func sameContent(a, b *yaml.RNode) (bool, error) {
	switch {
	case a == nil || b == nil:
		return false, nil
	case a == b:
		return true, nil
	}
	one, err := contentOf(a)
	if err != nil {
		return false, err
	}
	other, err := contentOf(b)
	return one == other, err
}

func contentOf(n *yaml.RNode) (string, error) {
	content, err := n.Map()
	if err != nil {
		return "", err
	}
	delete(content, "metadata")
	delete(content, "status")
	return endpoints.JSONKey(content), nil
}
