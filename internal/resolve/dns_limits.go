package resolve

import (
	"slices"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
)

// refuseUnlimitedDNS refuses a Tenant's flow to the cluster's DNS without dns, if the profile
// restricts the names: the rule of the flow inspects nothing, and so allows every name.
func (r *resolver) refuseUnlimitedDNS(f *declaredFlow) {
	if f.fromProfile || f.direction != flow.Egress || len(f.l7.DNS) > 0 || r.usesNetworkPolicies() ||
		slices.Contains(r.profile.Spec.Baseline.DNS.Names, "*") || flow.AnyCovers(f.limits().FQDNs, "*") {
		return
	}
	for _, e := range f.resolvedPeers {
		if r.includesDNS(e.peer) && includesDNSPort(f.portsOf(e), r.profile.Spec.Baseline.DNS.Port) {
			r.refuse(report.FQDNOutsideLimits, f.ref, e.path,
				"includes the cluster's DNS, and the flow sets no dns, which allows every name and is outside limits.fqdns of Tenant %q: list the names in dns, narrow the peer or ports, or add \"*\" to %s in the profile%s", f.tenant.Name, f.tenant.limitField("fqdns"), f.tenant.replacesLimit("fqdns"))
			return
		}
	}
}

// includesDNS reports whether a peer includes pods of the cluster's DNS.
func (r *resolver) includesDNS(p policy.Peer) bool {
	dns := r.profile.Spec.Baseline.DNS
	switch {
	case p.Kind == policy.Entities:
		return slices.ContainsFunc(p.Entities, r.entityIncludesDNS)
	case p.Kind != policy.Pods || slices.Contains(p.ExcludedNamespaces, dns.Namespace):
		return false
	case p.Namespace != "" && p.Namespace != dns.Namespace:
		return false
	case p.Namespace == "" && len(p.NamespaceLabels) > 0 && !slices.Contains(r.namespacesWith(p.NamespaceLabels), dns.Namespace):
		return false
	}
	_, ok := endpoints.Intersect(p.Pods, endpoints.SelectorOf(dns.Pods))
	return ok
}

// entityIncludesDNS reports whether an entity includes pods of the cluster's DNS.
func (r *resolver) entityIncludesDNS(e v1alpha1.Entity) bool {
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

// includesDNSPort reports whether ports include that of DNS.
func includesDNSPort(ports []flow.Port, dns int32) bool {
	return len(ports) == 0 || slices.ContainsFunc(ports, func(p flow.Port) bool {
		return p.IsNamed() || p.Protocol != flow.ICMP && p.Protocol != v1alpha1.SCTP && p.Port <= dns && dns <= max(p.Port, p.End)
	})
}
