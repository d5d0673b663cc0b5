package resolve

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/internal/report"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
)

// collectNodes collects the flows of the profile's nodes, and resolves their ends. They
// are the profile's, so that they need neither limits nor consent.
func (r *resolver) collectNodes() {
	for i, n := range r.profile.Spec.Nodes {
		path := r.profile.Path.Child("nodes").Index(i)
		if r.networkPolicyForm {
			r.refuse(report.UnsupportedInNetworkPolicy, r.profile.Ref, path, "a NetworkPolicy selects pods alone, and never a node")
			continue
		}
		reason := r.fence.Profile.Child("nodes[" + n.Name + "]")
		node := policy.Node{
			Name: n.Name, Selector: n.NodeSelector, Enforcement: n.Enforcement, Reason: reason, EnforcementReason: reason.Child("enforcement"),
		}
		if len(n.Ingress) > 0 {
			node.DefaultDeny = append(node.DefaultDeny, policy.Ingress)
		}
		if len(n.Egress) > 0 {
			node.DefaultDeny = append(node.DefaultDeny, policy.Egress)
		}
		r.fence.Nodes = append(r.fence.Nodes, node)
		// No Tenant has them: one without a name stands for the entry.
		own := &tenant{}
		own.flows = flowsOf(own, v1alpha1.AllTenantsFlows{Ingress: n.Ingress, Egress: n.Egress}, r.profile.Ref, path, reason)
		for _, f := range own.flows {
			f.fromProfile, f.node = true, n.Name
			on := r.resolveFlow(f)
			r.recordFlow(f, !on)
			if on {
				r.reportNodesNotDistinguished(f)
				r.flows = append(r.flows, f)
			}
		}
	}
}

// declaredBy names who declared a flow.
func (f *flow) declaredBy() string {
	if f.node != "" {
		return fmt.Sprintf("nodes %q", f.node)
	}
	return fmt.Sprintf("Tenant %q", f.tenant.Name)
}

// reportNodesNotDistinguished says what a flow between nodes and fenced pods comes to at the pods.
func (r *resolver) reportNodesNotDistinguished(f *flow) {
	for _, e := range f.resolvedPeers {
		for _, owner := range r.affectedTenants(e) {
			if f.direction == policy.Egress {
				r.warn(report.NodesNotDistinguished, f.ref, e.path, "pods of Tenant %q are to admit these nodes, and a policy about pods cannot tell nodes apart: they admit every node (host, remote-node), and with it every hostNetwork pod of the cluster", owner.Name)
			} else {
				r.warn(report.NodesNotDistinguished, f.ref, e.path, "pods of Tenant %q are to reach these nodes, and a policy about pods cannot tell nodes apart: they are let out to every node (host, remote-node) on these ports, and only the nodes' own policies close others", owner.Name)
			}
		}
	}
}

// affectedTenants are the tenants whose pods are at an end, and those whose pods resolve its
// names.
func (r *resolver) affectedTenants(e resolvedPeer) []*tenant {
	var owners []*tenant
	if e.peer.Kind == policy.Pods {
		owners = append(owners, r.ownerOf(e.peer))
	}
	if e.peer.Kind == policy.FQDNs || len(e.hostnames) > 0 {
		dns := r.profile.Spec.Baseline.DNS
		_, dnsOwners := r.podsByTenant(dns.Namespace, policy.SelectorOf(dns.Pods))
		owners = append(owners, dnsOwners...)
	}
	return slices.DeleteFunc(owners, func(t *tenant) bool { return t == nil })
}

// reportNodes says what host policies can do to a cluster.
func (r *resolver) reportNodes() {
	const auditHint = "to see what they deny before they do: with the host firewall on in the agents, put the host endpoint of one node into audit mode (cilium-dbg endpoint config HOST_ENDPOINT PolicyAuditMode=Enabled), enforce, and look for the action audit in cilium-dbg monitor -t policy-verdict --related-to HOST_ENDPOINT"
	for i, n := range r.fence.Nodes {
		at := r.profile.Path.Child("nodes").Index(i)
		if n.Enforcement == v1alpha1.Enforce {
			r.warn(report.HostPolicyIsolatesNode, r.profile.Ref, at,
				"these host policies are enforced, and can cut a node off: %s; %s", describeDefaultDeny(n), auditHint)
			r.reportMissingEssentials(n, i)
			continue
		}
		r.warn(report.HostPolicyIsolatesNode, r.profile.Ref, at,
			"in AllowOnly, so nothing is closed yet, and nothing shows either; enforced, these host policies can cut a node off: %s; %s", describeDefaultDeny(n), auditHint)
	}
}

// describeDefaultDeny says what is denied to nodes, and what people forget of it.
func describeDefaultDeny(n policy.Node) string {
	examples := map[policy.Direction]string{
		policy.Ingress: "the apiserver's calls to the kubelet, agents of other nodes, SSH",
		policy.Egress:  "the apiserver, agents of other nodes, the kubelet's probes of pods, images, time",
	}
	var out []string
	for _, d := range n.DefaultDeny {
		out = append(out, fmt.Sprintf("%s that no flow says is denied (%s, for instance)", d, examples[d]))
	}
	return strings.Join(out, ", and ")
}
