package policy

import (
	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
)

// PodsWithDNS returns a selector of the tenant's pods that have the baseline's DNS, and reports
// whether any pod can match.
func (t *Tenant) PodsWithDNS() (endpoints.Selector, bool) {
	if t.WithoutDNS {
		return endpoints.Selector{}, false
	}
	return t.OwnPods(t.DNSPods)
}

// NarrowsDNS reports whether some pods of the tenant do not have the baseline's DNS.
func (t *Tenant) NarrowsDNS() bool { return t.WithoutDNS || !endpoints.SelectsAll(t.DNSPods) }

// HaveDNS reports whether all of some pods of the tenant have the baseline's DNS.
func (t *Tenant) HaveDNS(pods endpoints.Selector) bool {
	with, ok := t.PodsWithDNS()
	return ok && endpoints.Narrows(pods, with)
}

// namespacesNarrowingDNS returns the namespaces in cluster scope of tenants that narrow the
// baseline's DNS.
func (f *Fence) namespacesNarrowingDNS() []string {
	var out []string
	for i := range f.Tenants {
		if t := &f.Tenants[i]; t.NarrowsDNS() {
			out = append(out, t.Namespaces...)
		}
	}
	return out
}

// DNSScope returns the namespaces of a scope whose pods all have the baseline's DNS, and whether any
// exist.
func (f *Fence) DNSScope(s NamespaceScope) (NamespaceScope, bool) {
	return s.without(f.namespacesNarrowingDNS())
}

// DNSClients returns the pods of a tenant's namespace from which a fenced DNS server accepts queries.
// They include its pods without a tenant, if no other tenant has pods there. In AllowOnly they are
// all pods, because nothing may be denied.
func (f *Fence) DNSClients(t *Tenant, namespace string) []Peer {
	pods, ok := t.PodsWithDNS()
	if t.Enforcement == v1alpha1.AllowOnly {
		pods, ok = t.Pods, true
	}
	own := t.PeerIn(namespace)
	own.Pods = pods
	switch {
	case t.SharesNamespaces() && len(f.Owners(namespace)) == 1 && ok && endpoints.Narrows(t.Pods, pods):
		return []Peer{{Kind: Pods, Namespace: namespace}}
	case t.SharesNamespaces() && len(f.Owners(namespace)) == 1:
		others := OtherPods(namespace, t.Pods)
		if ok {
			return append([]Peer{own}, others...)
		}
		return others
	case ok:
		return []Peer{own}
	default:
		return nil
	}
}
