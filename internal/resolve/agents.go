package resolve

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// grantAgents allows ingress from telemetry agents, directly or through the edge proxy.
func (r *resolver) grantAgents() {
	var all []proxiedIngress
	for _, t := range r.tenants {
		for i, a := range t.spec.AgentIngress {
			f := &declaredFlow{
				tenant: t, direction: flow.Ingress, name: a.Name, ref: t.ref, path: t.path.Child("agentIngress").Index(i),
				reason: t.Reason.Child("agentIngress[" + a.Name + "]"), pods: endpoints.SelectorOf(a.Pods), ports: flow.DeclaredPorts(a.Ports),
			}
			r.checkAgentNetworkLimits(f, a)
			found := r.resolveAgentPods(f, a)
			switch {
			case a.Mode == v1alpha1.EdgeProxy:
				all = append(all, r.grantThroughEdgeProxy(f, a)...)
			case found:
				r.grantThroughLoadBalancer(f, a)
			}
		}
	}
	r.grantAgentsToProxy(all)
}

// resolveAgentPods resolves the pods and ports of f, and reports whether f can be granted.
func (r *resolver) resolveAgentPods(f *declaredFlow, a v1alpha1.AgentIngress) bool {
	if len(f.tenant.Namespaces) == 0 {
		// The missing namespace is an error already.
		return false
	}
	at, portAt, namespaces := f.path.Child("pods"), f.path.Child("ports").Index, f.tenant.Namespaces
	if a.Service != "" {
		at = f.path.Child("service")
		portAt = func(int) *field.Path { return at }
		s := r.agentService(f, a, at)
		if s == nil {
			return false
		}
		f.pods, namespaces = endpoints.Selector{MatchLabels: s.Selector}, []string{s.Ref.Namespace}
		if f.ports = r.targetPorts(f, s, f.ports, at); len(f.ports) == 0 {
			return false
		}
	}
	if f.own = r.podPeers(f.tenant, namespaces, f.pods); len(f.own) == 0 {
		r.refuse(report.PodsNotFound, f.ref, at, "%s", r.podsNotFound(namespaces, f.pods, ""))
	}
	f.pods, _ = f.tenant.OwnPods(f.pods)
	r.checkPortNames(f, f.ports, f.own, portAt)
	f.ports = flow.ExpandProtocols(f.ports)
	r.warnHostNetwork(f)
	return r.checkPortLimits(f, f.ports, f.own, f.path.Child("ports"))
}

// agentService is the Service to which agents connect, or nil if it is refused.
func (r *resolver) agentService(f *declaredFlow, a v1alpha1.AgentIngress, at *field.Path) *resource.Service {
	if r.refuseInGenerator(f, at) {
		return nil
	}
	s := r.index.Service(r.namespaceOfService(f, a.Service), a.Service)
	if s == nil {
		r.refuse(report.PeerNotInBuild, f.ref, at, "%s", r.serviceNotFound(f.tenant.Namespaces, a.Service, ""))
		return nil
	}
	if len(s.Selector) == 0 {
		r.refuse(report.PeerNotInBuild, f.ref, at, "Service %s/%s has no selector, so its pods are unknown: name the pods and their own ports instead", s.Ref.Namespace, s.Ref.Name)
		return nil
	}
	if !r.checkUnambiguous(f, a.Service, at, "rename one of them, or name the pods and their own ports") || !r.checkSelectable(f.ref, s, at) {
		return nil
	}
	r.checkLoadBalancer(f, a, s)
	return s
}

// checkLoadBalancer warns about a Service that does not match the mode or sourceIP. It sets
// f.loadBalancer.
func (r *resolver) checkLoadBalancer(f *declaredFlow, a v1alpha1.AgentIngress, s *resource.Service) {
	if a.Mode != v1alpha1.LoadBalancer {
		return
	}
	f.loadBalancer = s.Type == "LoadBalancer"
	switch {
	case !f.loadBalancer:
		r.warn(report.ServiceNotLoadBalancer, f.ref, f.path.Child("service"), "Service %s/%s is not of type LoadBalancer, so agents outside the cluster cannot reach it: set type: LoadBalancer in the Service, or name another one", s.Ref.Namespace, s.Ref.Name)
	case a.SourceIP == v1alpha1.SourceClient && s.ExternalTrafficPolicy != "Local":
		r.warn(report.SourceIPUncertain, f.ref, f.path.Child("sourceIP"),
			"Service %s/%s does not set externalTrafficPolicy: Local, so nodes may replace the addresses of agents, and the policy denies these: set it, or set sourceIP: Node here", s.Ref.Namespace, s.Ref.Name)
	}
}

// grantThroughLoadBalancer allows agents behind a load balancer: by their networks, or through the
// nodes if these replace the addresses of clients.
func (r *resolver) grantThroughLoadBalancer(f *declaredFlow, a v1alpha1.AgentIngress) {
	peer, at := policy.Peer{Kind: policy.CIDRs, CIDRs: a.CIDRs}, f.path.Child("cidrs")
	if a.SourceIP == v1alpha1.SourceNode {
		nodes := []v1alpha1.Entity{v1alpha1.EntityHost, v1alpha1.EntityRemoteNode}
		if !r.checkEntityLimits(f, nodes, f.path.Child("sourceIP")) {
			return
		}
		r.warn(report.CIDRsNotEnforceable, f.ref, f.path.Child("cidrs"),
			"with sourceIP: Node, pods see the address of a node, so the policy allows every node and hostNetwork pod: restrict the networks in loadBalancerSourceRanges of the Service, which the function sets if service names one in the build")
		if f.loadBalancer && f.tenant.Enforcement == v1alpha1.Enforce {
			r.addSourceRanges(policy.SourceRanges{Namespace: r.namespaceOfService(f, a.Service), Service: a.Service, CIDRs: a.CIDRs})
		}
		peer, at = policy.Peer{Kind: policy.Entities, Entities: nodes}, f.path.Child("sourceIP")
	}
	for _, e := range r.toPolicyForm(f, resolvedPeer{peer: peer, path: at}) {
		for _, own := range f.own {
			r.addGrants(f, policy.Grant{Family: policy.AgentIngress, From: e.peer, To: own, Ports: f.ports, Destination: f.declaration()})
		}
	}
}

// addSourceRanges adds networks that the load balancer of a Service must allow.
func (r *resolver) addSourceRanges(add policy.SourceRanges) {
	i := slices.IndexFunc(r.fence.SourceRanges, func(s policy.SourceRanges) bool {
		return s.Namespace == add.Namespace && s.Service == add.Service
	})
	if i < 0 {
		add.CIDRs = slices.Sorted(slices.Values(add.CIDRs))
		r.fence.SourceRanges = append(r.fence.SourceRanges, add)
		return
	}
	have := &r.fence.SourceRanges[i]
	have.CIDRs = slices.Compact(slices.Sorted(slices.Values(append(slices.Clone(have.CIDRs), add.CIDRs...))))
}

// checkProfile refuses egress points and edge proxies without default-deny. It also checks the port
// ranges and owners of the baseline, and undecidedKinds.
func (r *resolver) checkProfile() {
	fenced := func(namespace string, pods *metav1.LabelSelector, at *field.Path) {
		switch _, owners := r.podsByTenant(namespace, endpoints.SelectorOf(pods)); {
		case r.owner[namespace] != nil || r.unreadNamespaces[namespace]:
		case r.isPartial(namespace) && len(owners) == 1 && owners[0] != nil:
		case r.isPartial(namespace):
			r.refuse(report.ProxyPodsUnfenced, r.profile.Ref, at.Child("pods"), "must select pods of exactly one Tenant in the %s namespace %q, since pods without a Tenant have no default-deny: correct the labels, or spec.pods of the Tenant", r.describePartial(namespace), namespace)
		default:
			r.refuse(report.ProxyPodsUnfenced, r.profile.Ref, at.Child("namespace"), "namespace %q has no Tenant, so these pods have no default-deny: give it a Tenant", namespace)
		}
	}
	for i, p := range r.profile.Spec.EgressPoints {
		fenced(p.Namespace, p.Pods, r.profile.Path.Child("egressPoints").Index(i))
	}
	if p := r.profile.Spec.EdgeProxy; p != nil {
		fenced(p.Namespace, p.Pods, r.profile.Path.Child("edgeProxy"))
	}
	r.refuseBaselineRanges()
	r.checkBaselineOwners()
	r.refuseDecidedKinds()
}
