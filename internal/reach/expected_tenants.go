package reach

import (
	"slices"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
)

// declaredBetween reports whether the declarations of a grant between two tenants name each other's
// tenant. It evaluates the declared peers again, and who is whose child, so that a mistake in resolve
// is undeclared access.
func (x *Expectation) declaredBetween(g policy.Grant) bool {
	return x.namesTenantOf(g.Source, g.To) && x.namesTenantOf(g.Destination, g.From)
}

// namesTenantOf reports whether a declaration has a peer that can be the tenant of some pods.
func (x *Expectation) namesTenantOf(d *policy.Declaration, pods policy.Peer) bool {
	if d == nil || len(d.Peers) == 0 {
		return true
	}
	owner := x.fence.OwnerOf(pods)
	if pods.Kind != policy.Pods || owner == nil || owner.Name == d.Tenant {
		return true
	}
	return slices.ContainsFunc(d.Peers, func(p v1alpha1.Peer) bool {
		if p.Namespace != "" {
			return p.Namespace == pods.Namespace
		}
		return x.mayBe(p, d.Tenant, owner.Name)
	})
}

// mayBe reports whether a peer of one tenant's flow can be another tenant. Labels, Services and
// addresses can be any.
func (x *Expectation) mayBe(p v1alpha1.Peer, own, other string) bool {
	switch {
	case p.Tenant != "":
		return p.Tenant == other
	case p.Children:
		return x.isChild(other, own)
	case p.Parent:
		return x.isChild(own, other)
	default:
		return p.AnyTenant || p.NamespaceLabels != nil || p.Service != "" || len(p.FQDNs)+len(p.Entities)+len(p.CIDRs) > 0
	}
}

// isChild reports whether the profile makes a Tenant a child of another one.
func (x *Expectation) isChild(name, parent string) bool {
	return name != parent && slices.ContainsFunc(x.fence.Children, func(c v1alpha1.ChildTenants) bool {
		return c.Parent == parent && policy.MatchTenant(c.Names, name)
	})
}
