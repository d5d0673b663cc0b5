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

// collectFlows lists the flows of every tenant, its own and those of the profile.
func (r *claimPass) collectFlows() {
	for _, t := range r.tenants {
		own := v1alpha1.AllTenantsFlows{Ingress: t.spec.Ingress, Egress: t.spec.Egress}
		t.flows = append(flowsOf(t, own, t.ref, t.path, t.Reason), flowsOf(t, r.profile.Spec.AllTenants, r.profile.Ref, r.profile.Path.Child("allTenants"), r.fence.Profile.Child("allTenants"))...)
		for _, f := range t.flows[len(own.Ingress)+len(own.Egress):] {
			f.fromProfile = true
		}
		r.flows = append(r.flows, t.flows...)
		for i, a := range t.spec.AgentIngress {
			r.agents = append(r.agents, &declaredFlow{
				tenant: t, direction: flow.Ingress, name: a.Name, ref: t.ref, path: t.path.Child("agentIngress").Index(i), agent: &t.spec.AgentIngress[i],
				reason: t.Reason.Child("agentIngress[" + a.Name + "]"), pods: endpoints.SelectorOf(a.Pods), ports: flow.DeclaredPorts(a.Ports),
			})
		}
	}
}

func flowsOf(t *tenant, in v1alpha1.AllTenantsFlows, ref report.Ref, path *field.Path, reason report.Reason) []*declaredFlow {
	var out []*declaredFlow
	for i, in := range in.Ingress {
		out = append(out, &declaredFlow{
			tenant: t, direction: flow.Ingress, ref: ref, path: path.Child("ingress").Index(i), reason: reason.Child("ingress[" + in.Name + "]"),
			name: in.Name, pods: endpoints.SelectorOf(in.Pods), peers: in.From, ports: portsOf(in.Ports, in.ICMP), optional: in.Optional, mesh: in.FullMesh,
			l7: l7Of(in.HTTP, nil, nil),
		})
	}
	for i, in := range in.Egress {
		out = append(out, &declaredFlow{
			tenant: t, direction: flow.Egress, ref: ref, path: path.Child("egress").Index(i), reason: reason.Child("egress[" + in.Name + "]"),
			name: in.Name, pods: endpoints.SelectorOf(in.Pods), peers: in.To, ports: portsOf(in.Ports, in.ICMP), optional: in.Optional, mesh: in.FullMesh, via: in.Via,
			l7: l7Of(in.HTTP, in.DNS, in.TLS), tls: in.TLS,
		})
	}
	return out
}

// portsOf are the ports of a flow, or its types of ICMP message instead.
func portsOf(ports []v1alpha1.Port, icmp []v1alpha1.ICMPType) []flow.Port {
	return append(flow.DeclaredPorts(ports), flow.ICMPPorts(icmp)...)
}

func l7Of(http []v1alpha1.HTTPRule, dns []string, tls *v1alpha1.TLS) flow.L7 {
	out := flow.L7{DNS: dns}
	var names []string
	if tls != nil {
		names = tls.ServerNames
	}
	if tls != nil && tls.Terminating != nil && tls.Originating != nil {
		out.Interception = &flow.Interception{Terminating: *tls.Terminating, Originating: *tls.Originating}
	}
	if len(http) == 0 {
		out.ServerNames = names
	}
	for _, r := range http {
		out.HTTP = append(out.HTTP, flow.HTTPRule{Method: r.Method, Path: r.Path, Host: r.Host, Headers: slices.Sorted(slices.Values(r.Headers)), ServerNames: names})
	}
	return out
}

// collectNodes lists the profile's nodes and their flows, which need neither limits nor consent.
func (r *claimPass) collectNodes() {
	for i, n := range r.profile.Spec.Nodes {
		path := r.profile.Path.Child("nodes").Index(i)
		reason := r.fence.Profile.Child("nodes[" + n.Name + "]")
		node := policy.Owner{
			Kind: policy.Nodes, Name: n.Name, Selector: n.NodeSelector, Enforcement: n.Enforcement, Reason: reason, EnforcementReason: reason.Child("enforcement"),
		}
		if len(n.Ingress) > 0 {
			node.DefaultDeny = append(node.DefaultDeny, flow.Ingress)
		}
		if len(n.Egress) > 0 {
			node.DefaultDeny = append(node.DefaultDeny, flow.Egress)
		}
		own := &tenant{Owner: node}
		r.fence = r.fence.WithOwners(append(r.fence.Owners(), &own.Owner)...)
		own.flows = flowsOf(own, v1alpha1.AllTenantsFlows{Ingress: n.Ingress, Egress: n.Egress}, r.profile.Ref, path, reason)
		for _, f := range own.flows {
			f.fromProfile = true
		}
		r.flows = append(r.flows, own.flows...)
	}
}
