package resolve

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
)

// grantAgents allows ingress from telemetry agents, directly or through the edge proxy.
func (r *lowerPass) grantAgents(agents []*declaredFlow) {
	var all []proxiedIngress
	for _, f := range agents {
		switch {
		case f.agent.Mode == v1alpha1.EdgeProxy:
			all = append(all, r.grantThroughEdgeProxy(f)...)
		case f.outcome == resolved:
			r.grantThroughLoadBalancer(f)
		}
	}
	r.grantAgentsToProxy(all)
}

// grantThroughLoadBalancer allows agents behind a load balancer.
func (r *lowerPass) grantThroughLoadBalancer(f *declaredFlow) {
	if a := f.agent; a.SourceIP == v1alpha1.SourceNode && f.loadBalancer && f.tenant.Enforcement == v1alpha1.Enforce {
		r.addSourceRanges(policy.SourceRanges{Namespace: r.namespaceOfService(f, a.Service), Service: a.Service, CIDRs: a.CIDRs})
	}
	for _, e := range r.toPolicyForm(f, f.resolvedPeers[0]) {
		for _, own := range f.own {
			r.addGrants(f, policy.Grant{Family: policy.AgentIngress, From: e.peer, To: own, Ports: f.ports, Destination: f.declaration()})
		}
	}
}

// addSourceRanges adds networks that the load balancer of a Service must allow.
func (r *lowerPass) addSourceRanges(add policy.SourceRanges) {
	i := slices.IndexFunc(r.fence.SourceRanges, func(s policy.SourceRanges) bool {
		return s.Namespace == add.Namespace && s.Service == add.Service
	})
	if i < 0 {
		add.CIDRs = slices.Sorted(slices.Values(add.CIDRs))
		r.fence.SourceRanges = append(r.fence.SourceRanges, add)
		return
	}
	have := &r.fence.SourceRanges[i]
	have.CIDRs = endpoints.SortedUnique(append(slices.Clone(have.CIDRs), add.CIDRs...))
}

// proxiedIngress is an entry of agentIngress that the edge proxy serves.
type proxiedIngress struct {
	flow   *declaredFlow
	grants []policy.Grant
	// ports are the ports of the proxy for the agents of this tenant, as declared, and cidrs the
	// networks of the agents. None: those for all tenants.
	ports []flow.Port
	cidrs []string
}

// grantThroughEdgeProxy allows the edge proxy to reach the tenant's pods.
func (r *lowerPass) grantThroughEdgeProxy(f *declaredFlow) []proxiedIngress {
	p := r.profile.Spec.EdgeProxy
	if p == nil {
		r.refuse(report.EdgeProxyMissing, f.ref, f.path.Child("mode"), "EdgeProxy needs edgeProxy of the profile, which is not set: set it, or set mode: LoadBalancer")
		return nil
	}
	proxies, _ := r.podsByTenant(p.Namespace, endpoints.SelectorOf(p.Pods))
	if len(proxies) == 0 {
		r.refuse(report.PodsNotFound, r.profile.Ref, r.profile.Path.Child("edgeProxy", "pods"), "%s", r.podsNotFound([]string{p.Namespace}, endpoints.SelectorOf(p.Pods), ""))
		return nil
	}
	s := proxiedIngress{flow: f, ports: flow.DeclaredPorts(f.agent.ProxyPorts), cidrs: f.agent.CIDRs}
	r.checkProxyPorts(s)
	for _, own := range f.own {
		s.grants = append(s.grants, policy.Grant{Family: policy.AgentIngress, From: proxies[0], To: own, Ports: f.ports, Destination: f.declaration()})
	}
	r.addGrants(f, s.grants...)
	if len(s.grants) == 0 {
		return nil
	}
	return []proxiedIngress{s}
}

// checkProxyPorts refuses ports that edgeProxy.ports does not list.
func (r *lowerPass) checkProxyPorts(s proxiedIngress) {
	at := s.flow.path.Child("proxyPorts")
	r.checkPortRanges(s.flow, s.ports, at)
	allowed := flow.PortsOf(r.profile.Spec.EdgeProxy.Ports)
	for i, p := range s.ports {
		outside := func(p flow.Port) bool { return !p.CoveredBy(allowed) }
		if len(allowed) > 0 && slices.ContainsFunc(flow.ExpandProtocols([]flow.Port{p}), outside) {
			r.refuse(report.EdgeProxyPortNotAllowed, s.flow.ref, at.Index(i), "port %s is not in edgeProxy.ports of the profile (%s): use one of these, or add it there", p, formatPorts(allowed, ", "))
		}
	}
}

// grantAgentsToProxy allows agents to reach the edge proxy: on the ports of their tenant, or on the
// shared ports if the tenant has none.
func (r *lowerPass) grantAgentsToProxy(all []proxiedIngress) {
	var withPorts, withoutPorts []proxiedIngress
	for _, s := range all {
		if len(s.ports) > 0 {
			r.refuseProxyPortConflict(s, withPorts)
			withPorts = append(withPorts, s)
		} else {
			withoutPorts = append(withoutPorts, s)
		}
	}
	for _, s := range withPorts {
		cidrs, ref, at := s.cidrs, s.flow.ref, s.flow.path.Child("cidrs")
		if len(cidrs) == 0 {
			cidrs, ref, at = r.profile.Spec.EdgeProxy.CIDRs, r.profile.Ref, r.profile.Path.Child("edgeProxy", "cidrs")
		}
		decl := s.flow.declaration()
		decl.Policy = "edge-proxy." + s.flow.tenant.Name
		r.grantProxyIngress(s, policy.Peer{Kind: policy.CIDRs, CIDRs: cidrs}, flow.ExpandProtocols(s.ports), decl, ref, at)
	}
	if p := r.profile.Spec.EdgeProxy; len(all) > 0 && len(p.Ports) == 0 {
		r.warn(report.EdgeProxyPortsMissing, r.profile.Ref, r.profile.Path.Child("edgeProxy", "ports"), "are not set, so agents may reach any port of the proxy that their Tenant names in proxyPorts: list the ports")
	}
	if len(withoutPorts) > 0 {
		r.grantSharedPorts(withoutPorts, withPorts)
	}
}

// grantSharedPorts allows the agents of tenants without proxyPorts to reach the shared ports of the
// proxy.
func (r *lowerPass) grantSharedPorts(withoutPorts, withPorts []proxiedIngress) {
	p := r.profile.Spec.EdgeProxy
	ports := flow.PortsOf(p.Ports)
	if len(ports) == 0 {
		ports = r.backendPorts(withoutPorts)
	}
	decl := &policy.Declaration{Policy: "edge-proxy", Reason: r.fence.Profile.Child("edgeProxy")}
	r.grantProxyIngress(withoutPorts[0], policy.Peer{Kind: policy.CIDRs, CIDRs: p.CIDRs}, ports, decl, r.profile.Ref, r.profile.Path.Child("edgeProxy", "cidrs"))
	overlappingIngress := slices.DeleteFunc(slices.Clone(withPorts), func(s proxiedIngress) bool { return !portsOverlap(s.ports, ports) })
	if len(overlappingIngress) > 0 {
		r.warn(report.EdgeProxyPortsShared, r.profile.Ref, r.profile.Path.Child("edgeProxy"), "agents of %s, which set no proxyPorts, may reach the proxyPorts of %s from edgeProxy.cidrs: set proxyPorts in these Tenants too",
			tenantNames(withoutPorts), tenantNames(overlappingIngress))
	}
}

// portsOverlap reports whether two lists have a port in common.
func portsOverlap(a, b []flow.Port) bool {
	return slices.ContainsFunc(flow.ExpandProtocols(a), func(p flow.Port) bool {
		return slices.ContainsFunc(flow.ExpandProtocols(b), func(q flow.Port) bool { _, both := p.Overlap(q); return both })
	})
}

// grantProxyIngress allows agents to reach the pods of the proxy.
func (r *lowerPass) grantProxyIngress(s proxiedIngress, from policy.Peer, ports []flow.Port, decl *policy.Declaration, ref report.Ref, at *field.Path) {
	proxy := s.grants[0].From
	decl.Subject = proxy.Pods
	ports = slices.SortedFunc(slices.Values(ports), flow.ComparePorts)
	for _, agents := range r.nonClusterPeers(from, flow.Ingress, ref, at) {
		r.fence.Grants = append(r.fence.Grants, policy.Grant{Family: policy.AgentIngress, From: agents, To: proxy, Ports: ports, Destination: decl})
	}
}

// refuseProxyPortConflict refuses a port of the proxy that another tenant has: the proxy
// distinguishes tenants by ports alone.
func (r *lowerPass) refuseProxyPortConflict(s proxiedIngress, before []proxiedIngress) {
	for i, p := range s.ports {
		j := slices.IndexFunc(before, func(other proxiedIngress) bool {
			return other.flow.tenant != s.flow.tenant && portsOverlap(other.ports, s.ports[i:i+1])
		})
		if j >= 0 {
			other := before[j].flow
			r.refuse(report.EdgeProxyPortTaken, s.flow.ref, s.flow.path.Child("proxyPorts").Index(i), "port %s of the proxy belongs to agentIngress %[3]q of Tenant %[2]q: use another port", p, other.tenant.Name, other.name)
		}
	}
}

func tenantNames(all []proxiedIngress) string {
	return strings.Join(endpoints.SortedUnique(texts(all, func(s proxiedIngress) string { return s.flow.tenant.Name })), ", ")
}

// backendPorts are the ports of the pods that the proxy serves, by number: the proxy does not have
// the port names of these pods.
func (r *lowerPass) backendPorts(all []proxiedIngress) []flow.Port {
	var ports []flow.Port
	for _, s := range all {
		for _, g := range s.grants {
			for _, port := range g.Ports {
				port, ok := r.portNumber(port, g.To)
				if !ok {
					r.refuse(report.EdgeProxyPortNotNumeric, r.profile.Ref, r.profile.Path.Child("edgeProxy"),
						"agents of Tenant %q reach the port %q, whose number is unknown or not unique: set edgeProxy.ports", g.Destination.Owner, port.Name)
				} else if !slices.Contains(ports, port) {
					ports = append(ports, port)
				}
			}
		}
	}
	return ports
}
