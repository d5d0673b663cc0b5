package resolve

import (
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
)

// proxiedNames is the policy of the egress proxy's pods. No flow has this name.
const proxiedNames = "proxied-names"

// grantThroughEgressProxy allows the pods of a flow to reach names through the egress proxy, and adds
// the names to its configuration.
func (r *lowerPass) grantThroughEgressProxy(f *declaredFlow, e resolvedPeer) {
	proxy, ok := r.egressProxy(f, e.path)
	if !ok {
		return
	}
	ports := f.portsOf(e)
	for i, p := range ports {
		if p.Protocol != v1alpha1.TCP && p.Protocol != flow.ICMP {
			r.refuse(report.EgressProxyTCPOnly, f.ref, f.path.Child("ports").Index(i), "port %s is not TCP, and names are reached through the profile's egressProxy, which supports TCP alone: remove the port, or use cidrs instead of names", p)
			return
		}
	}
	spec := r.profile.Spec.EgressProxy
	for _, own := range f.own {
		r.addGrants(f, policy.Grant{
			Family: policy.FQDNEgress, From: own, To: proxy, Ports: []flow.Port{{Port: spec.Port, Protocol: v1alpha1.TCP}},
			Source: f.declaration(), Destination: r.proxyDeclaration(proxy),
		})
	}
	if r.fence.EgressProxy == nil {
		r.fence.EgressProxy = &policy.EgressProxy{Namespace: spec.Namespace, Port: spec.Port, ClusterCIDRs: prefixes(setOf(append(nodeLocalCIDRs(), r.clusterCIDRs()...), nil))}
	}
	r.fence.EgressProxy.Allowed = append(r.fence.EgressProxy.Allowed, policy.AllowedNames{
		Tenant: f.tenant.Name, Names: e.peer.FQDNs, Ports: ports, Reason: f.reason,
	})
}

// nodeLocalCIDRs are addresses of the pod itself and of its node, where clouds serve credentials.
func nodeLocalCIDRs() []string {
	return []string{"127.0.0.0/8", "169.254.0.0/16", "::1/128", "fe80::/10"}
}

// egressProxy are the proxy's pods.
func (r *lowerPass) egressProxy(f *declaredFlow, at *field.Path) (policy.Peer, bool) {
	spec := r.profile.Spec.EgressProxy
	if spec == nil {
		r.refuse(report.EgressProxyMissing, f.ref, at, "a NetworkPolicy cannot match names, and the profile has no egressProxy: set egressProxy, or use cidrs instead of names")
		return policy.Peer{}, false
	}
	pods, _ := r.podsByTenant(spec.Namespace, endpoints.SelectorOf(spec.Pods))
	if len(pods) == 0 {
		r.refuse(report.PodsNotFound, r.profile.Ref, r.profile.Path.Child("egressProxy", "pods"), "%s", r.podsNotFound([]string{spec.Namespace}, endpoints.SelectorOf(spec.Pods), ""))
		return policy.Peer{}, false
	}
	return pods[0], true
}

func (r *lowerPass) proxyDeclaration(proxy policy.Peer) *policy.Declaration {
	return &policy.Declaration{Policy: proxiedNames, Subject: proxy.Pods, Reason: r.fence.Profile.Child("egressProxy")}
}

// grantProxyEgress allows the egress proxy to reach the world on the ports of the flows. The proxy
// itself restricts the names.
func (r *lowerPass) grantProxyEgress() {
	used := r.fence.EgressProxy
	if used == nil {
		return
	}
	var ports []flow.Port
	for _, a := range used.Allowed {
		ports = append(ports, a.Ports...)
	}
	slices.SortFunc(ports, flow.ComparePorts)
	ports = slices.Compact(ports)
	at := r.profile.Path.Child("egressProxy")
	pods, owners := r.podsByTenant(used.Namespace, endpoints.SelectorOf(r.profile.Spec.EgressProxy.Pods))
	if len(owners) == 0 || owners[0] == nil {
		if !r.unreadNamespaces[used.Namespace] {
			what, fix := "", "give the namespace a Tenant"
			if r.isPartial(used.Namespace) {
				what, fix = "the proxy in ", "select it in spec.pods of the Tenant"
			}
			r.warn(report.EgressProxyUnfenced, r.profile.Ref, at.Child("namespace"), "%snamespace %q has no Tenant, so only its configuration restricts what the proxy reaches: %s", what, used.Namespace, fix)
		}
		return
	}
	proxy := pods[0]
	for _, world := range r.nonClusterPeers(policy.Peer{Kind: policy.CIDRs, CIDRs: allAddresses()}, flow.Egress, r.profile.Ref, at) {
		r.fence.Grants = append(r.fence.Grants, policy.Grant{
			Family: policy.FQDNEgress, From: proxy, To: world, Ports: ports, Source: r.proxyDeclaration(proxy),
		})
	}
}
