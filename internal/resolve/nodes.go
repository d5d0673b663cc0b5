package resolve

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
)

// declareNodes collects the flows of the profile's nodes, and resolves their ends. They
// are the profile's, so that they need neither limits nor consent.
func (r *resolver) declareNodes() {
	for i, n := range r.profile.Spec.Nodes {
		path := r.profile.Path.Child("nodes").Index(i)
		if r.twin {
			r.refuse("host-policy", r.profile.Ref, path, "a NetworkPolicy selects pods alone, and never a node")
			continue
		}
		reason := r.fence.Profile.In("nodes[" + n.Name + "]")
		node := policy.Node{
			Name: n.Name, Selector: n.NodeSelector, Enforcement: n.Enforcement, Reason: reason, EnforcementReason: reason.In("enforcement"),
		}
		if len(n.Ingress) > 0 {
			node.Closes = append(node.Closes, policy.Ingress)
		}
		if len(n.Egress) > 0 {
			node.Closes = append(node.Closes, policy.Egress)
		}
		r.fence.Nodes = append(r.fence.Nodes, node)
		// No Tenant has them: one without a name stands for the entry.
		own := &tenant{}
		own.flows = flowsOf(own, v1alpha1.EveryTenant{Ingress: n.Ingress, Egress: n.Egress}, r.profile.Ref, path, reason)
		for _, f := range own.flows {
			f.ofProfile, f.node = true, n.Name
			on := r.resolveFlow(f)
			r.account(f, !on)
			if on {
				r.sayEveryNode(f)
				r.flows = append(r.flows, f)
			}
		}
	}
}

// whose names who declared a flow.
func (f *flow) whose() string {
	if f.node != "" {
		return fmt.Sprintf("nodes %q", f.node)
	}
	return fmt.Sprintf("Tenant %q", f.tenant.Name)
}

// sayEveryNode says what a flow between nodes and fenced pods comes to at the pods.
func (r *resolver) sayEveryNode(f *flow) {
	for _, e := range f.ends {
		for _, owner := range r.ownersBehind(e) {
			if f.direction == policy.Egress {
				r.warn("every-node", f.ref, e.path, "pods of Tenant %q are to admit these nodes, and a policy about pods cannot tell nodes apart: they admit every node (host, remote-node), and with it every hostNetwork pod of the cluster", owner.Name)
			} else {
				r.warn("every-node", f.ref, e.path, "pods of Tenant %q are to reach these nodes, and a policy about pods cannot tell nodes apart: they are let out to every node (host, remote-node) on these ports, and only the nodes' own policies close others", owner.Name)
			}
		}
	}
}

// ownersBehind are the tenants whose pods are at an end, and those whose pods resolve its
// names.
func (r *resolver) ownersBehind(e end) []*tenant {
	var owners []*tenant
	if e.peer.Kind == policy.Pods {
		owners = append(owners, r.ownerOf(e.peer))
	}
	if e.peer.Kind == policy.FQDNs || len(e.names) > 0 {
		dns := r.profile.Spec.Baseline.DNS
		_, asked := r.partsOf(dns.Namespace, policy.PodsOf(dns.Pods))
		owners = append(owners, asked...)
	}
	return slices.DeleteFunc(owners, func(t *tenant) bool { return t == nil })
}

// sayNodes says what host policies can do to a cluster.
func (r *resolver) sayNodes() {
	const watch = "to see what they deny before they do: with the host firewall on in the agents, put the host endpoint of one node into audit mode (cilium-dbg endpoint config HOST_ENDPOINT PolicyAuditMode=Enabled), enforce, and look for the action audit in cilium-dbg monitor -t policy-verdict --related-to HOST_ENDPOINT"
	for i, n := range r.fence.Nodes {
		at := r.profile.Path.Child("nodes").Index(i)
		if n.Enforcement == v1alpha1.Enforce {
			r.warn("host-policy-can-cut-off", r.profile.Ref, at,
				"these host policies are enforced, and can cut a node off: %s; %s", closed(n), watch)
			r.sayEssentials(n, i)
			continue
		}
		r.warn("host-policy-can-cut-off", r.profile.Ref, at,
			"in Audit, so nothing is closed yet, and nothing shows either; enforced, these host policies can cut a node off: %s; %s", closed(n), watch)
	}
}

// closed says what is denied to nodes, and what people forget of it.
func closed(n policy.Node) string {
	forgotten := map[policy.Direction]string{
		policy.Ingress: "the apiserver's calls to the kubelet, agents of other nodes, SSH",
		policy.Egress:  "the apiserver, agents of other nodes, the kubelet's probes of pods, images, time",
	}
	var out []string
	for _, d := range n.Closes {
		out = append(out, fmt.Sprintf("%s that no flow says is denied (%s, for instance)", d, forgotten[d]))
	}
	return strings.Join(out, ", and ")
}
