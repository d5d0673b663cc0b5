package resolve

import (
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
)

// lowerPass is the pass lower, which writes to a fence of its own.
type lowerPass struct{ pass }

// lower gives grants the form of the policies.
func lower(k *facts, in *agreePass) *lowerPass {
	facts, fence := *k, *k.fence
	fence.Flows, facts.fence = in.declared, &fence
	r := &lowerPass{pass: pass{facts: &facts}}
	r.resolveEntityAddresses()
	r.checkBaselineForm()
	for _, g := range in.grants {
		if len(g.agreed) > 0 {
			r.addGrants(g.flow, g.agreed...)
		} else {
			r.grant(g.flow, g.peer)
		}
	}
	r.grantAgents(in.claimed.agents)
	r.grantProxyEgress()
	return r
}

// toPolicyForm returns the peers that express e in the generated form: NetworkPolicies have no
// entities, and cidrs exclude the cluster.
func (r *lowerPass) toPolicyForm(f *declaredFlow, e resolvedPeer) []resolvedPeer {
	if !r.usesNetworkPolicies() && e.peer.Kind != policy.CIDRs {
		return []resolvedPeer{e}
	}
	var out []resolvedPeer
	switch e.peer.Kind {
	case policy.CIDRs:
		for _, p := range r.nonClusterPeers(e.peer, f.direction, f.ref, e.path) {
			out = append(out, resolvedPeer{peer: p, ports: e.ports, path: e.path})
		}
	case policy.Entities:
		for _, entity := range e.peer.Entities {
			ports := f.portsOf(e)
			if entity == v1alpha1.EntityKubeAPIServer && f.direction == flow.Egress && len(ports) == 0 {
				ports = r.apiServerPorts()
			}
			for _, p := range r.entityPeers(entity, f.direction, f.ref, e.path) {
				out = append(out, resolvedPeer{peer: p, ports: ports, path: e.path})
			}
		}
	default:
		return []resolvedPeer{e}
	}
	return slices.CompactFunc(out, func(a, b resolvedPeer) bool {
		return endpoints.JSONKey([]any{a.peer, a.ports}) == endpoints.JSONKey([]any{b.peer, b.ports})
	})
}

// grant grants a flow with one of its peers, in the form of the policies.
func (r *lowerPass) grant(f *declaredFlow, e resolvedPeer) {
	if e.peer.Kind == policy.FQDNs && r.usesNetworkPolicies() {
		r.grantThroughEgressProxy(f, e)
		return
	}
	for _, e := range r.toPolicyForm(f, e) {
		for _, own := range f.own {
			r.addGrants(f, newGrant(f, own, e))
		}
	}
}

func newGrant(f *declaredFlow, own policy.Peer, e resolvedPeer) policy.Grant {
	g := policy.Grant{Family: policy.EastWest, Ports: f.portsOf(e), L7: f.l7, DNSNames: e.hostnames}
	if e.peer.Kind == policy.FQDNs || len(e.hostnames) > 0 {
		g.Family = policy.FQDNEgress
	}
	if f.direction == flow.Egress {
		g.From, g.To, g.Source = own, e.peer, f.declaration()
	} else {
		g.From, g.To, g.Destination = e.peer, own, f.declaration()
	}
	return g
}

// addGrants adds grants to the fence, each with the ports of its egress side.
func (r *lowerPass) addGrants(f *declaredFlow, grants ...policy.Grant) {
	for _, g := range grants {
		g.SourcePorts = r.sourcePorts(f, g)
		r.fence.Grants = append(r.fence.Grants, g)
	}
}

// sourcePorts are the ports of the egress side of a grant. Before 1.20, Cilium looks up a port name in
// egress among all pods of the cluster, and denies the flow if two of them give it different numbers.
// So the egress side has the numbers of the destination pods. The ingress side keeps the name.
func (r *lowerPass) sourcePorts(f *declaredFlow, g policy.Grant) []flow.Port {
	fenced := g.From.Kind == policy.Pods && r.ownerOf(g.From) != nil || g.From.Kind == policy.Nodes
	if r.supports(cilium.NamedEgressPorts) || !fenced {
		return nil
	}
	named := slices.ContainsFunc(g.Ports, flow.Port.IsNamed)
	if !named {
		return nil
	}
	var out []flow.Port
	for _, p := range g.Ports {
		all := []flow.Port{p}
		if p.IsNamed() {
			if all = r.portNumbers(p, g.To); len(all) == 0 {
				all = []flow.Port{p}
			}
			if len(all) == 1 && all[0].IsNamed() && f.outcome != refused {
				r.warn(report.NamedPortInEgress, f.ref, f.path.Child("ports"),
					"before Cilium %s, a port name works in egress only if all pods of the cluster give it the same number, and the number of %q is unknown: use numbers", cilium.NamedEgressPorts.Introduced(), p.Name)
			}
		}
		out = append(out, all...)
	}
	return out
}

// networkPolicyFormChecks are the checks that matter for NetworkPolicies in addition to those of Cilium.
var networkPolicyFormChecks = []*report.Check{report.AllowPolicyIsolates, report.EgressProxyShared, report.EgressProxyUnfenced, report.EgressProxyWithoutDNS, report.FlowWithoutDNS}

// inNetworkPolicies is what is agreed, as far as NetworkPolicies express it.
func (r *agreePass) inNetworkPolicies() *agreePass {
	facts, fence := *r.facts, r.fence.WithOwners(r.fence.Tenants()...)
	fence.Policies, fence.Cluster.CNI = v1alpha1.PoliciesKubernetes, v1alpha1.CNIKubernetes
	facts.fence, facts.networkPolicyForm = fence, true
	out := &agreePass{pass: pass{facts: &facts}, claimed: r.claimed, declared: r.declared}
	for i := range r.profile.Spec.Nodes {
		out.refuse(report.UnsupportedInNetworkPolicy, r.profile.Ref, r.profile.Path.Child("nodes").Index(i), "a NetworkPolicy selects pods, and never nodes: remove this entry")
	}
	ofNodes := func(f *declaredFlow) bool { return f.tenant.IsNodes() }
	out.flows = slices.DeleteFunc(slices.Clone(r.flows), ofNodes)
	omitted := out.refuseSplitWorld(out.flows)
	for _, f := range out.flows {
		if omitted[f] = omitted[f] || len(f.unsupported) > 0; omitted[f] {
			out.findings = slices.Concat(out.findings, f.unsupported)
		}
	}
	out.flows = slices.DeleteFunc(out.flows, func(f *declaredFlow) bool { return omitted[f] })
	out.grants = slices.DeleteFunc(slices.Clone(r.grants), func(g neutralGrant) bool { return omitted[g.flow] || ofNodes(g.flow) })
	return out
}

// notInForm are findings about the NetworkPolicy form in addition to that of Cilium: an error omits a
// flow from this form alone.
func notInForm(all report.Findings) report.Findings {
	var out report.Findings
	for _, f := range all {
		switch {
		case slices.Contains(networkPolicyFormChecks, f.Check):
			out = append(out, f)
		case f.Severity == report.Error:
			f.Check, f.Severity, f.Message = report.NotInNetworkPolicyForm, report.Warning, "is not in the NetworkPolicy form: "+f.Message
			out = append(out, f)
		}
	}
	return out
}

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
