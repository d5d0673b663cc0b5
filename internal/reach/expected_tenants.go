package reach

import (
	"slices"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
)

// declaredBetween reports whether the declarations of a grant between two tenants have its pods and
// ports. It evaluates the declared peers again, and who is whose child, so that a mistake in resolve
// is undeclared access.
func (x *Expectation) declaredBetween(g policy.Grant) bool {
	return x.declares(g.Source, g.To, g.Ports) && x.declares(g.Destination, g.From, g.Ports)
}

// declares reports whether one peer of a declaration can be some pods of another tenant, and has all
// of these pods and ports.
func (x *Expectation) declares(d *policy.Declaration, pods policy.Peer, ports []flow.Port) bool {
	if d == nil || len(d.Peers) == 0 {
		return true
	}
	owner := x.fence.OwnerOf(pods)
	if pods.Kind != policy.Pods || owner == nil || d.IsOf(owner) {
		return true
	}
	return slices.ContainsFunc(d.Peers, func(p v1alpha1.Peer) bool {
		switch {
		case p.Service != "" || len(p.FQDNs)+len(p.Entities)+len(p.CIDRs) > 0:
			// Which pods and ports these are depends on the build.
			return true
		case p.Namespace != "" && p.Namespace != pods.Namespace, p.Namespace == "" && !x.mayBe(p, d.Owner, owner.Name):
			return false
		}
		return endpoints.Narrows(pods.Pods, endpoints.SelectorOf(p.Pods)) && within(ports, flow.ExpandProtocols(d.Ports))
	})
}

// within reports whether all ports of a grant are among the declared ones. If none is declared, every
// port is. The other side may have named a port that this one declares by its number.
func within(ports, declared []flow.Port) bool {
	if len(declared) == 0 {
		return true
	}
	outside := slices.ContainsFunc(ports, func(p flow.Port) bool {
		return !p.CoveredBy(declared) && !slices.ContainsFunc(declared, func(q flow.Port) bool {
			return p.IsNamed() && !q.IsNamed() && p.Protocol == q.Protocol
		})
	})
	return len(ports) > 0 && !outside
}

// mayBe reports whether a peer of one tenant's flow can be another tenant. Labels can be any.
func (x *Expectation) mayBe(p v1alpha1.Peer, own, other string) bool {
	switch {
	case p.Tenant != "":
		return p.Tenant == other
	case p.Children:
		return x.isChild(other, own)
	case p.Parent:
		return x.isChild(own, other)
	default:
		return p.AnyTenant || p.NamespaceLabels != nil
	}
}

// isChild reports whether the profile makes a Tenant a child of another one.
func (x *Expectation) isChild(name, parent string) bool {
	return name != parent && slices.ContainsFunc(x.fence.Children, func(c v1alpha1.ChildTenants) bool {
		return c.Parent == parent && policy.MatchTenant(c.Names, name)
	})
}
