package reach

import (
	"slices"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
)

// expectTenantDNS adds the baseline's DNS for the pods of a namespace that the tenant leaves it to, and
// for its pods without a tenant, if no other tenant has pods there.
func (x *Expectation) expectTenantDNS(t *policy.Owner, own policy.Peer) {
	if len(x.fence.TenantsIn(own.Namespace)) == 1 {
		for _, others := range policy.OtherPods(own.Namespace, own.Pods) {
			x.expectBaselineDNS(others)
		}
	}
	if t.WithoutDNS {
		return
	}
	if pods, ok := endpoints.Intersect(own.Pods, t.DNSPods); ok {
		own.Pods = pods
		x.expectBaselineDNS(own)
	}
}

func (x *Expectation) expectBaselineDNS(own policy.Peer) {
	names := x.fence.Baseline.DNS.Names
	if slices.Contains(names, "*") {
		names = nil
	}
	x.expectDNS(own, names, x.fence.Profile.Child("baseline.dns"))
}

// expectDNS lets pods ask the cluster's DNS, for some names or, with none, for any.
func (x *Expectation) expectDNS(from policy.Peer, names []string, why report.Reason) {
	dns := x.fence.Baseline.DNS
	ports := []flow.Port{{Port: dns.Port, Protocol: v1alpha1.UDP}, {Port: dns.Port, Protocol: v1alpha1.TCP}}
	to := []policy.Peer{{Kind: policy.Pods, Namespace: dns.Namespace, Pods: endpoints.SelectorOf(dns.Pods)}}
	if dns.NodeLocal {
		to = append(to, policy.Peer{Kind: policy.Pods, Namespace: dns.Namespace, Pods: endpoints.Selector{MatchLabels: map[string]string{"k8s-app": "node-local-dns"}}})
		to = append(to, x.fence.EntityPeers(v1alpha1.EntityHost)...)
	}
	if dns.HostNetwork {
		to = append(to, x.fence.EntityPeers(v1alpha1.EntityHost)...)
		to = append(to, x.fence.EntityPeers(v1alpha1.EntityRemoteNode)...)
	}
	for _, server := range to {
		x.expect(from, server, Expected{Ports: ports, L7: flow.DNSFor(names...), Reason: why}, Expected{Ports: ports, Reason: why})
		for _, part := range x.sharedParts(server) {
			x.expectAt(part, from, flow.Ingress, Expected{Ports: ports, Reason: why})
		}
	}
}
