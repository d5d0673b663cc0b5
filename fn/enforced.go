package fn

import (
	"fmt"
	"slices"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/plan"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/render"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// asEnforced are the items as they will be once every tenant and all nodes are enforced:
// in Audit nothing is default-denied, and no L7 rule exists. A policy that differs from the
// generated one is kept as it is. The second result is the items that equal the generated
// ones.
func (p proof) asEnforced() (items []*yaml.RNode, own map[*yaml.RNode]bool, err error) {
	now, then := byID(p.policies), map[policy.Ref]*yaml.RNode{}
	audit := !audited(p.fence).empty()
	var later []*yaml.RNode
	if audit {
		fence := p.fence.AsEnforced()
		if later, err = render.Render(fence, plan.Plan(fence)); err != nil {
			return nil, nil, fmt.Errorf("as if all were enforced: %w", err)
		}
		then = byID(later)
	}
	own = map[*yaml.RNode]bool{}
	there := byID(p.items)
	distinct, _ := resource.Distinct(p.items)
	for _, n := range distinct {
		id := resource.ID(n)
		generated, err := sameContent(n, now[id])
		switch {
		case err != nil:
			return nil, nil, fmt.Errorf("read %s: %w", resource.RefOf(n), err)
		case resource.Local(n):
			// It never reaches the cluster.
		case !audit || !generated || ofTwin(n, p.twin):
			own[n] = generated
			items = append(items, n)
		case then[id] != nil:
			own[then[id]] = true
			items = append(items, then[id])
		}
	}
	for _, n := range slices.DeleteFunc(later, func(n *yaml.RNode) bool { return now[resource.ID(n)] != nil }) {
		if n, err = apart(n, there); err != nil {
			return nil, nil, err
		}
		own[n] = true
		items = append(items, n)
	}
	return items, own, nil
}

// apart gives a policy that will exist another name, where somebody else's has its name now:
// the enforcer takes no two of one name.
func apart(n *yaml.RNode, there map[policy.Ref]*yaml.RNode) (*yaml.RNode, error) {
	if there[resource.ID(n)] == nil {
		return n, nil
	}
	n = n.Copy()
	if err := n.SetName(n.GetName() + " once enforced"); err != nil {
		return nil, fmt.Errorf("name %s: %w", resource.RefOf(n), err)
	}
	return n, nil
}

// ofTwin says whether a policy is a NetworkPolicy beside others, which in Audit is not there.
func ofTwin(n *yaml.RNode, twin *policy.Fence) bool {
	return twin != nil && n.GetKind() == resource.KindKubernetes
}

// sameContent reports whether a resource has the content of another: all of it, but for
// metadata and status. A missing one has none.
func sameContent(a, b *yaml.RNode) (bool, error) {
	if a == nil || b == nil {
		return false, nil
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
	return policy.Key(content), nil
}
