package resolve

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
)

// collectNodes collects and resolves the flows of the profile's nodes. They need neither limits nor
// consent.
func (r *resolver) collectNodes() {
	for i, n := range r.profile.Spec.Nodes {
		path := r.profile.Path.Child("nodes").Index(i)
		if r.networkPolicyForm {
			r.refuse(report.UnsupportedInNetworkPolicy, r.profile.Ref, path, "a NetworkPolicy selects pods, and never nodes: remove this entry%s", r.ciliumHint())
			continue
		}
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
			on := r.resolveFlow(f)
			r.recordFlow(f, !on)
			if on {
				r.reportNodesNotDistinguished(f)
				r.flows = append(r.flows, f)
			}
		}
	}
}

// reportNodesNotDistinguished warns about flows between nodes and fenced pods, whose policies allow
// every node.
func (r *resolver) reportNodesNotDistinguished(f *declaredFlow) {
	for _, e := range f.resolvedPeers {
		for _, owner := range r.affectedTenants(e) {
			if f.direction == flow.Egress {
				r.warn(report.NodesNotDistinguished, f.ref, e.path, "this flow is to pods of Tenant %q, whose policies cannot distinguish nodes: they allow every node (host, remote-node), and every hostNetwork pod of the cluster", owner.Name)
			} else {
				r.warn(report.NodesNotDistinguished, f.ref, e.path, "this flow is from pods of Tenant %q, whose policies cannot distinguish nodes: they allow egress to every node (host, remote-node) on these ports, and only policies of other nodes deny it", owner.Name)
			}
		}
	}
}

// affectedTenants are the tenants of a peer's pods, and of the DNS pods that resolve its names.
func (r *resolver) affectedTenants(e resolvedPeer) []*tenant {
	var owners []*tenant
	if e.peer.Kind == policy.Pods {
		owners = append(owners, r.ownerOf(e.peer))
	}
	if e.peer.Kind == policy.FQDNs || len(e.hostnames) > 0 {
		dns := r.profile.Spec.Baseline.DNS
		_, dnsOwners := r.podsByTenant(dns.Namespace, endpoints.SelectorOf(dns.Pods))
		owners = append(owners, dnsOwners...)
	}
	return slices.DeleteFunc(owners, func(t *tenant) bool { return t == nil })
}

// reportNodes warns about what host policies can do to a cluster.
func (r *resolver) reportNodes() {
	const auditHint = "to see first what they deny, enable the host firewall and audit mode on one node, set Enforce, and look for the action audit in cilium-dbg monitor"
	for i, n := range r.fence.Nodes() {
		at := r.profile.Path.Child("nodes").Index(i)
		if n.Enforcement == v1alpha1.Enforce {
			r.warn(report.HostPolicyIsolatesNode, r.profile.Ref, at,
				"these enforced host policies can isolate a node (%s): %s", describeDefaultDeny(n), auditHint)
			r.reportMissingEssentials(n, i)
			continue
		}
		r.warn(report.HostPolicyIsolatesNode, r.profile.Ref, at,
			"these host policies deny nothing in AllowOnly, and can isolate a node in Enforce (%s): %s", describeDefaultDeny(n), auditHint)
	}
}

// describeDefaultDeny is what nodes are denied, with examples that are easily forgotten.
func describeDefaultDeny(n *policy.Owner) string {
	examples := map[flow.Direction]string{
		flow.Ingress: "the apiserver's calls to the kubelet, agents of other nodes, SSH",
		flow.Egress:  "the apiserver, agents of other nodes, the kubelet's probes of pods, images, time",
	}
	var out []string
	for _, d := range n.DefaultDeny {
		out = append(out, fmt.Sprintf("undeclared %s is denied, such as %s", d, examples[d]))
	}
	return strings.Join(out, ", and ")
}
