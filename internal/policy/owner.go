package policy

import (
	"fmt"
	"slices"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/report"
)

// Owner is a tenant or an entry of the profile's nodes, with every default, pattern and limit applied.
type Owner struct {
	// Kind is Nodes for a kind of nodes. Any other kind is a tenant.
	Kind PeerKind
	// Name is unique among owners of the kind. ID is a tenant's.
	Name, ID   string
	Namespaces []string
	// Selector selects nodes, or the tenant's pods: all pods of its namespaces or, in shared
	// namespaces, some.
	Selector    endpoints.Selector
	Enforcement v1alpha1.Enforcement
	// DefaultDeny has the directions that Enforce denies to nodes by default: those with flows.
	DefaultDeny    []flow.Direction
	IntraNamespace bool
	// WithoutDNS reports that no pod has the baseline's DNS. DNSPods selects those that have it.
	// Omitted: all pods of the tenant.
	WithoutDNS bool
	DNSPods    endpoints.Selector
	// Reason is the Tenant's spec or the nodes entry. EnforcementReason is the field that sets the
	// enforcement.
	Reason, EnforcementReason report.Reason
}

// IsNodes reports whether the owner is a kind of nodes.
func (o *Owner) IsNodes() bool { return o.Kind == Nodes }

// Tenant returns the name of a tenant. It is empty for nodes, and without owner.
func (o *Owner) Tenant() string {
	if o == nil || o.IsNodes() {
		return ""
	}
	return o.Name
}

// String identifies an owner. Without owner it is empty.
func (o *Owner) String() string {
	switch {
	case o == nil:
		return ""
	case o.IsNodes():
		return "nodes " + o.Name
	}
	return o.Name
}

// Describe names an owner in a message.
func (o *Owner) Describe() string {
	if o.IsNodes() {
		return fmt.Sprintf("nodes %q", o.Name)
	}
	return fmt.Sprintf("Tenant %q", o.Name)
}

// NodesPeer returns the nodes as a peer of flows.
func (o *Owner) NodesPeer() Peer { return Peer{Kind: Nodes, Owner: o.Name} }

// SharesNamespaces reports whether the tenant owns only some pods of its namespaces.
func (o *Owner) SharesNamespaces() bool { return !o.IsNodes() && !endpoints.SelectsAll(o.Selector) }

// PeerIn returns the tenant's pods in one of its namespaces.
func (o *Owner) PeerIn(namespace string) Peer {
	p := Peer{Kind: Pods, Namespace: namespace, Pods: o.Selector}
	if o.SharesNamespaces() {
		p.Owner = o.Name
	}
	return p
}

// OwnPods returns a selector of the tenant's pods that a selector selects. It reports false if no
// pod can match.
func (o *Owner) OwnPods(pods endpoints.Selector) (endpoints.Selector, bool) {
	if !o.SharesNamespaces() {
		return pods, true
	}
	return endpoints.Intersect(o.Selector, pods)
}

// WithOwners returns the fence with these owners and no other.
func (f *Fence) WithOwners(owners ...*Owner) *Fence {
	out := *f
	out.tenants, out.nodes, out.tenantsIn = nil, nil, map[string][]*Owner{}
	for _, o := range owners {
		if o.IsNodes() {
			out.nodes = append(out.nodes, o)
			continue
		}
		out.tenants = append(out.tenants, o)
		for _, ns := range o.Namespaces {
			out.tenantsIn[ns] = append(out.tenantsIn[ns], o)
		}
	}
	return &out
}

// Within returns the fence with the tenants that have one of some namespaces, and the grants between these
// namespaces.
func (f *Fence) Within(s endpoints.NamespaceSet) *Fence {
	if s == nil {
		return f
	}
	out := f.WithOwners(slices.DeleteFunc(f.Owners(), func(o *Owner) bool {
		return len(o.Namespaces) > 0 && !slices.ContainsFunc(o.Namespaces, s.Has)
	})...)
	elsewhere := func(p Peer) bool { return p.Kind == Pods && p.Namespace != "" && !s.Has(p.Namespace) }
	out.Grants = slices.DeleteFunc(slices.Clone(f.Grants), func(g Grant) bool { return elsewhere(g.From) || elsewhere(g.To) })
	return out
}

// FullyEnforced returns the fence with Enforce for every owner that has generated policies now.
func (f *Fence) FullyEnforced() *Fence {
	var owners []*Owner
	for _, o := range f.Owners() {
		enforced := *o
		if f.GeneratesPolicies(o.Enforcement) {
			enforced.Enforcement = v1alpha1.Enforce
		}
		owners = append(owners, &enforced)
	}
	return f.WithOwners(owners...)
}

// Owners returns the tenants, then the nodes.
func (f *Fence) Owners() []*Owner { return slices.Concat(f.tenants, f.nodes) }

// Tenants returns the tenants, sorted by name.
func (f *Fence) Tenants() []*Owner { return f.tenants }

// Nodes returns the node entries of the profile, in their order.
func (f *Fence) Nodes() []*Owner { return f.nodes }

// Tenant returns the tenant with a name, or nil.
func (f *Fence) Tenant(name string) *Owner { return named(f.tenants, name) }

// TenantsIn returns the tenants with pods in a namespace: more than one only if it is shared.
func (f *Fence) TenantsIn(namespace string) []*Owner { return f.tenantsIn[namespace] }

// Owner returns the tenant that owns a whole namespace, or nil.
func (f *Fence) Owner(namespace string) *Owner {
	if all := f.TenantsIn(namespace); len(all) == 1 && !all[0].SharesNamespaces() {
		return all[0]
	}
	return nil
}

// OwnerOf returns the owner of a peer's pods or nodes, or nil. Nothing is generated for pods without
// a tenant.
func (f *Fence) OwnerOf(p Peer) *Owner {
	switch {
	case p.Kind == Nodes:
		return named(f.nodes, p.Owner)
	case p.Owner == "":
		return f.Owner(p.Namespace)
	}
	return named(f.TenantsIn(p.Namespace), p.Owner)
}

// OwnerOfPod returns the tenant that a pod belongs to, or nil.
func (f *Fence) OwnerOfPod(namespace string, labels map[string]string) *Owner {
	return find(f.TenantsIn(namespace), func(o *Owner) bool { return endpoints.Selects(o.Selector, labels) })
}

func named(owners []*Owner, name string) *Owner {
	return find(owners, func(o *Owner) bool { return o.Name == name })
}

func find(owners []*Owner, is func(*Owner) bool) *Owner {
	if i := slices.IndexFunc(owners, is); i >= 0 {
		return owners[i]
	}
	return nil
}

// OwnedPart returns the tenant's part of the pods of a baseline peer, and reports whether it can
// have pods.
func (f *Fence) OwnedPart(o *Owner, p Peer) (Peer, bool) {
	part := o.PeerIn(p.Namespace)
	pods, ok := o.OwnPods(p.Pods)
	part.Pods = pods
	return part, ok && (!o.SharesNamespaces() || slices.Contains(f.BaselineTenants, o.Name))
}
