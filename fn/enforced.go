package fn

import (
	"fmt"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/plan"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/render"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// asEnforced are the items as they will be once every tenant and all nodes are enforced:
// in Audit nothing is closed, and nothing of what is spoken is looked into. A policy that is
// not as it was generated counts as it is.
func (p proof) asEnforced() ([]*yaml.RNode, error) {
	if closed := audited(p.fence); len(closed.tenants)+len(closed.nodes) == 0 {
		return p.items, nil
	}
	fence := p.fence.AsEnforced()
	later, err := render.Render(fence, plan.Plan(fence))
	if err != nil {
		return nil, fmt.Errorf("as if all were enforced: %w", err)
	}
	then, now := byID(later), byID(p.policies)
	var out []*yaml.RNode
	for _, n := range p.items {
		id := resource.ID(n)
		generated, err := sameRules(n, now[id])
		switch {
		case err != nil:
			return nil, fmt.Errorf("read %s: %w", resource.RefOf(n), err)
		case !generated || ofTwin(n, p.twin):
			out = append(out, n)
		case then[id] != nil:
			out = append(out, then[id])
		}
	}
	for _, n := range later {
		if now[resource.ID(n)] == nil {
			out = append(out, n)
		}
	}
	return out, nil
}

// ofTwin says whether a policy is a NetworkPolicy beside others, which in Audit is not there.
func ofTwin(n *yaml.RNode, twin *policy.Fence) bool {
	return twin != nil && n.GetKind() == resource.KindKubernetes
}

// sameRules reports whether two policies have the same rules. One that does not exist has
// none, and is the same as no other.
func sameRules(a, b *yaml.RNode) (bool, error) {
	if a == nil || b == nil {
		return false, nil
	}
	one, err := a.Map()
	if err != nil {
		return false, err
	}
	other, err := b.Map()
	return policy.Key([]any{one["spec"], one["specs"]}) == policy.Key([]any{other["spec"], other["specs"]}), err
}
