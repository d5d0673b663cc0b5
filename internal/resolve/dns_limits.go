package resolve

import (
	"slices"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
)

// refuseWideDNS refuses a Tenant's flow to the cluster's DNS without dns, where the profile
// narrows the names: beside its rule, which inspects nothing, every name passes.
func (r *resolver) refuseWideDNS(f *flow) {
	if f.ofProfile || f.direction != policy.Egress || len(f.l7.DNS) > 0 || r.kubernetes() ||
		slices.Contains(r.profile.Spec.Baseline.DNS.Names, "*") || policy.SomeCovers(f.limits().FQDNs, "*") {
		return
	}
	for _, e := range f.ends {
		if r.isDNS(e.peer) && asksDNS(f.portsOf(e), r.profile.Spec.Baseline.DNS.Port) {
			r.refuse("fqdn-outside-limits", f.ref, e.path,
				"includes the cluster's DNS, and the flow sets no dns, so every name passes, which is outside limits.fqdns of Tenant %q: list the names in dns, narrow the peer or the ports, or have the profile allow \"*\" there", f.tenant.Name)
			return
		}
	}
}

// isDNS reports whether a peer includes pods of the cluster's DNS.
func (r *resolver) isDNS(p policy.Peer) bool {
	dns := r.profile.Spec.Baseline.DNS
	switch {
	case p.Kind == policy.Entities:
		return slices.ContainsFunc(p.Entities, r.entityIsDNS)
	case p.Kind != policy.Pods || slices.Contains(p.NotNamespaces, dns.Namespace):
		return false
	case p.Namespace != "" && p.Namespace != dns.Namespace:
		return false
	case p.Namespace == "" && len(p.NamespaceLabels) > 0 && !slices.Contains(r.namespacesWith(p.NamespaceLabels), dns.Namespace):
		return false
	}
	_, ok := policy.Both(p.Pods, policy.PodsOf(dns.Pods))
	return ok
}

// entityIsDNS reports whether an entity includes pods of the cluster's DNS.
func (r *resolver) entityIsDNS(e v1alpha1.Entity) bool {
	dns := r.profile.Spec.Baseline.DNS
	switch e {
	case v1alpha1.EntityCluster, v1alpha1.EntityAll:
		return true
	case v1alpha1.EntityHost:
		return dns.NodeLocal || dns.HostNetwork
	case v1alpha1.EntityRemoteNode:
		return dns.HostNetwork
	}
	return false
}

// asksDNS reports whether ports include that of DNS.
func asksDNS(ports []policy.Port, dns int32) bool {
	return len(ports) == 0 || slices.ContainsFunc(ports, func(p policy.Port) bool {
		return p.Named() || p.Protocol != policy.ICMP && p.Protocol != v1alpha1.SCTP && p.Port <= dns && dns <= max(p.Port, p.End)
	})
}
