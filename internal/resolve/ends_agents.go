package resolve

import (
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// resolveAgent resolves the pods and ports of agentIngress and, behind a load balancer, the peer: the
// networks of the agents, or the nodes if these replace the addresses of clients.
func (r *endsPass) resolveAgent(f *declaredFlow) outcome {
	a := *f.agent
	r.checkAgentNetworkLimits(f, a)
	if !r.resolveAgentPods(f, a) {
		return refused
	}
	if a.Mode == v1alpha1.EdgeProxy {
		return resolved
	}
	e := resolvedPeer{peer: policy.Peer{Kind: policy.CIDRs, CIDRs: a.CIDRs}, path: f.path.Child("cidrs")}
	if a.SourceIP == v1alpha1.SourceNode {
		e = resolvedPeer{peer: policy.Peer{Kind: policy.Entities, Entities: []v1alpha1.Entity{v1alpha1.EntityHost, v1alpha1.EntityRemoteNode}}, path: f.path.Child("sourceIP")}
		if !r.checkEntityLimits(f, e.peer.Entities, e.path) {
			return refused
		}
		r.warn(report.CIDRsNotEnforceable, f.ref, f.path.Child("cidrs"),
			"with sourceIP: Node, pods see the address of a node, so the policy allows every node and hostNetwork pod: restrict the networks in loadBalancerSourceRanges of the Service, which the function sets if service names one in the build")
	}
	f.resolvedPeers = []resolvedPeer{e}
	return resolved
}

// resolveAgentPods resolves the pods and ports of f, and reports whether f can be granted.
func (r *endsPass) resolveAgentPods(f *declaredFlow, a v1alpha1.AgentIngress) bool {
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
func (r *endsPass) agentService(f *declaredFlow, a v1alpha1.AgentIngress, at *field.Path) *resource.Service {
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
func (r *endsPass) checkLoadBalancer(f *declaredFlow, a v1alpha1.AgentIngress, s *resource.Service) {
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
