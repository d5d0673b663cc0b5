package resolve

import (
	"slices"

	"github.com/tenantfence/tenantfence/internal/report"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// grantAgents lets telemetry agents in, straight or through the edge proxy.
func (r *resolver) grantAgents() {
	var all []proxiedIngress
	for _, t := range r.tenants {
		for i, a := range t.spec.AgentIngress {
			f := &flow{
				tenant: t, direction: policy.Ingress, name: a.Name, ref: t.ref, path: t.path.Child("agentIngress").Index(i),
				reason: t.reason.Child("agentIngress[" + a.Name + "]"), pods: policy.SelectorOf(a.Pods), ports: policy.DeclaredPorts(a.Ports),
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

// resolveAgentPods finds the pods and their ports, through the Service where one is
// named.
func (r *resolver) resolveAgentPods(f *flow, a v1alpha1.AgentIngress) bool {
	if len(f.tenant.Namespaces) == 0 {
		// That it has none is refused already.
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
		f.pods, namespaces = policy.Selector{MatchLabels: s.Selector}, []string{s.Ref.Namespace}
		if f.ports = r.targetPorts(f, s, f.ports, at); len(f.ports) == 0 {
			return false
		}
	}
	if f.own = r.podPeers(f.tenant, namespaces, f.pods); len(f.own) == 0 {
		r.refuse(report.PodsNotFound, f.ref, at, "%s", r.podsNotFound(namespaces, f.pods, false))
	}
	f.pods, _ = f.tenant.OwnPods(f.pods)
	r.checkPortNames(f, f.ports, f.own, portAt)
	f.ports = policy.ExpandProtocols(f.ports)
	r.warnHostNetwork(f)
	return r.checkPortLimits(f, f.ports, f.own, f.path.Child("ports"))
}

// agentService is the Service that agents dial, or nil where it is refused.
func (r *resolver) agentService(f *flow, a v1alpha1.AgentIngress, at *field.Path) *resource.Service {
	if r.refuseInGenerator(f, at) {
		return nil
	}
	s := r.index.Service(r.namespaceOfService(f, a.Service), a.Service)
	if s == nil {
		r.refuse(report.PeerNotInBuild, f.ref, at, "%s", r.serviceNotFound(f.tenant.Namespaces, a.Service, false))
		return nil
	}
	if len(s.Selector) == 0 {
		r.refuse(report.PeerNotInBuild, f.ref, at, "Service %s/%s has no selector, so its pods are unknown: name the pods and their own ports instead", s.Ref.Namespace, s.Ref.Name)
		return nil
	}
	if !r.checkUnambiguous(f, a.Service, at, "give one another name, or name the pods and their own ports") || !r.checkSelectable(f.ref, s, at) {
		return nil
	}
	r.checkLoadBalancer(f, a, s)
	return s
}

// checkLoadBalancer warns where what the Tenant says of the Service does not fit.
func (r *resolver) checkLoadBalancer(f *flow, a v1alpha1.AgentIngress, s *resource.Service) {
	if a.Mode != v1alpha1.LoadBalancer {
		return
	}
	f.loadBalancer = s.Type == "LoadBalancer"
	switch {
	case !f.loadBalancer:
		r.warn(report.ServiceNotLoadBalancer, f.ref, f.path.Child("service"), "Service %s/%s is not of type LoadBalancer, so agents outside the cluster cannot dial it", s.Ref.Namespace, s.Ref.Name)
	case a.SourceIP == v1alpha1.SourceClient && s.ExternalTrafficPolicy != "Local":
		r.warn(report.SourceIPUncertain, f.ref, f.path.Child("sourceIP"),
			"Service %s/%s does not say externalTrafficPolicy: Local, so the agents' addresses may be translated to a node's and then the policy denies them: set it, or say sourceIP: Node", s.Ref.Namespace, s.Ref.Name)
	}
}

// grantThroughLoadBalancer admits agents that arrive through a load balancer: by their
// networks, or, where those are lost on the way, by way of the nodes.
func (r *resolver) grantThroughLoadBalancer(f *flow, a v1alpha1.AgentIngress) {
	peer, at := policy.Peer{Kind: policy.CIDRs, CIDRs: a.CIDRs}, f.path.Child("cidrs")
	if a.SourceIP == v1alpha1.SourceNode {
		nodes := []v1alpha1.Entity{v1alpha1.EntityHost, v1alpha1.EntityRemoteNode}
		if !r.checkEntityLimits(f, nodes, f.path.Child("sourceIP")) {
			return
		}
		r.warn(report.CIDRsNotEnforceable, f.ref, f.path.Child("cidrs"),
			"with sourceIP: Node the pods see a node's address, so the policy admits every node and hostNetwork pod instead: the load balancer itself must admit these networks only, by loadBalancerSourceRanges, which are set on a Service that is named here and is in the build")
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

// addSourceRanges adds to what the load balancer of a Service must admit.
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

// checkProfile refuses egress points and an edge proxy where nothing is fenced.
func (r *resolver) checkProfile() {
	fenced := func(namespace string, pods *metav1.LabelSelector, at *field.Path) {
		switch _, owners := r.podsByTenant(namespace, policy.SelectorOf(pods)); {
		case r.owner[namespace] != nil || r.unreadNamespaces[namespace]:
		case r.isShared(namespace) && len(owners) == 1 && owners[0] != nil:
		case r.isShared(namespace):
			r.refuse(report.ProxyPodsUnfenced, r.profile.Ref, at.Child("pods"), "must select, in the shared namespace %q, pods of one Tenant alone, or nothing is closed around the others: correct the labels, or the Tenant's spec.pods", namespace)
		default:
			r.refuse(report.ProxyPodsUnfenced, r.profile.Ref, at.Child("namespace"), "namespace %q has no Tenant, so nothing is closed around these pods: give it one", namespace)
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
