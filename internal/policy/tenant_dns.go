package policy

import (
	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
)

// PodsWithDNS returns a selector of the tenant's pods that have the baseline's DNS, and reports
// whether any pod can match.
func (o *Owner) PodsWithDNS() (endpoints.Selector, bool) {
	if o.WithoutDNS {
		return endpoints.Selector{}, false
	}
	return o.OwnPods(o.DNSPods)
}

// NarrowsDNS reports whether some pods of the tenant do not have the baseline's DNS.
func (o *Owner) NarrowsDNS() bool { return o.WithoutDNS || !endpoints.SelectsAll(o.DNSPods) }

// HaveDNS reports whether all of some pods of the tenant have the baseline's DNS.
func (o *Owner) HaveDNS(pods endpoints.Selector) bool {
	with, ok := o.PodsWithDNS()
	return ok && endpoints.Narrows(pods, with)
}

// namespacesNarrowingDNS returns the namespaces in cluster scope of tenants that narrow the
// baseline's DNS.
func (f *Fence) namespacesNarrowingDNS() []string {
	var out []string
	for _, o := range f.tenants {
		if o.NarrowsDNS() {
			out = append(out, o.Namespaces...)
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
func (f *Fence) DNSClients(o *Owner, namespace string) []Peer {
	pods, ok := o.PodsWithDNS()
	if o.Enforcement == v1alpha1.AllowOnly {
		pods, ok = o.Selector, true
	}
	own := o.PeerIn(namespace)
	own.Pods = pods
	switch {
	case o.SharesNamespaces() && len(f.TenantsIn(namespace)) == 1 && ok && endpoints.Narrows(o.Selector, pods):
		return []Peer{{Kind: Pods, Namespace: namespace}}
	case o.SharesNamespaces() && len(f.TenantsIn(namespace)) == 1:
		others := OtherPods(namespace, o.Selector)
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
