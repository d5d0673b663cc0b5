package policy

import (
	"slices"

	"github.com/tenantfence/tenantfence/internal/endpoints"
)

// Owners returns the tenants with pods in a namespace: more than one only if it is shared. All
// tenants must be known.
func (f *Fence) Owners(namespace string) []*Tenant {
	if f.owners == nil {
		f.owners = map[string][]*Tenant{}
		for i := range f.Tenants {
			for _, ns := range f.Tenants[i].Namespaces {
				f.owners[ns] = append(f.owners[ns], &f.Tenants[i])
			}
		}
	}
	return f.owners[namespace]
}

// Owner returns the tenant that owns a whole namespace, or nil.
func (f *Fence) Owner(namespace string) *Tenant {
	if all := f.Owners(namespace); len(all) == 1 && !all[0].SharesNamespaces() {
		return all[0]
	}
	return nil
}

// OwnerOf returns the tenant that owns a peer's pods, or nil. Nothing is generated for pods without
// a tenant.
func (f *Fence) OwnerOf(p Peer) *Tenant {
	if p.Tenant == "" {
		return f.Owner(p.Namespace)
	}
	all := f.Owners(p.Namespace)
	if i := slices.IndexFunc(all, func(t *Tenant) bool { return t.Name == p.Tenant }); i >= 0 {
		return all[i]
	}
	return nil
}

// OwnerOfPod returns the tenant that a pod belongs to, or nil.
func (f *Fence) OwnerOfPod(namespace string, labels map[string]string) *Tenant {
	all := f.Owners(namespace)
	if i := slices.IndexFunc(all, func(t *Tenant) bool { return endpoints.Selects(t.Pods, labels) }); i >= 0 {
		return all[i]
	}
	return nil
}

// OwnedPart returns the tenant's part of the pods of a baseline peer, and reports whether it can
// have pods.
func (f *Fence) OwnedPart(t *Tenant, p Peer) (Peer, bool) {
	part := t.PeerIn(p.Namespace)
	pods, ok := t.OwnPods(p.Pods)
	part.Pods = pods
	return part, ok && (!t.SharesNamespaces() || slices.Contains(f.BaselineTenants, t.Name))
}

// SharesNamespaces reports whether the tenant owns only some pods of its namespaces.
func (t *Tenant) SharesNamespaces() bool { return !endpoints.SelectsAll(t.Pods) }

// PeerIn returns the tenant's pods in one of its namespaces.
func (t *Tenant) PeerIn(namespace string) Peer {
	p := Peer{Kind: Pods, Namespace: namespace, Pods: t.Pods}
	if t.SharesNamespaces() {
		p.Tenant = t.Name
	}
	return p
}

// OwnPods returns a selector of the tenant's pods that a selector selects. It reports false if no
// pod can match.
func (t *Tenant) OwnPods(pods endpoints.Selector) (endpoints.Selector, bool) {
	if !t.SharesNamespaces() {
		return pods, true
	}
	return endpoints.Intersect(t.Pods, pods)
}
