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

// essential is a flow without which a node does not work in the cluster.
type essential struct {
	direction flow.Direction
	// peer is one entity, or pods.
	peer policy.Peer
	// ports are alternatives: one is enough.
	ports []flow.Port
	what  string
}

// essentials are those of every node.
func (r *advisePass) essentials() []essential {
	remote := policy.Peer{Kind: policy.Entities, Entities: []v1alpha1.Entity{v1alpha1.EntityRemoteNode}}
	apiServer := policy.Peer{Kind: policy.Entities, Entities: []v1alpha1.Entity{v1alpha1.EntityKubeAPIServer}}
	on := func(protocol v1alpha1.Protocol, ports ...int32) []flow.Port {
		var out []flow.Port
		for _, p := range ports {
			out = append(out, flow.Port{Port: p, Protocol: protocol})
		}
		return out
	}
	dns := r.profile.Spec.Baseline.DNS
	servers := policy.Peer{Kind: policy.Pods, Namespace: dns.Namespace, Pods: endpoints.SelectorOf(dns.Pods)}
	if dns.HostNetwork {
		servers = remote
	}
	out := []essential{
		{flow.Egress, apiServer, on(v1alpha1.TCP, r.apiServerClientPorts()...), "the apiserver (entity kube-apiserver)"},
		{flow.Egress, servers, on(v1alpha1.UDP, dns.Port), "the cluster's DNS"},
		{flow.Ingress, apiServer, on(v1alpha1.TCP, 10250), "the kubelet, from the apiserver (entity kube-apiserver)"},
	}
	for _, d := range flow.Directions() {
		out = append(out,
			essential{d, remote, on(v1alpha1.TCP, 4240), "the health checks between Cilium's agents (entity remote-node)"},
			essential{d, remote, on(v1alpha1.UDP, 8472), "the tunnel between nodes, where it is VXLAN on its default port (entity remote-node)"})
	}
	return out
}

// apiServerClientPorts are the ports of the apiserver, of the baseline or else the usual ones.
func (r *advisePass) apiServerClientPorts() []int32 {
	if api := r.profile.Spec.Baseline.APIServer; api != nil {
		return api.Ports
	}
	return v1alpha1.APIServerPorts()
}

// reportMissingEssentials warns about essential flows of default-denied nodes that no flow allows, of
// this entry or of one that selects all of its nodes.
func (r *advisePass) reportMissingEssentials(n *policy.Owner, i int) {
	for _, e := range r.essentials() {
		if !slices.Contains(n.DefaultDeny, e.direction) || r.allowed(n, e) {
			continue
		}
		r.warn(report.NodeFlowMissing, r.profile.Ref, r.profile.Path.Child("nodes").Index(i).Child(string(e.direction)),
			"no flow allows %s on %s, which nodes need to work in the cluster: add the flow, unless this cluster does not use it", e.what, formatPorts(e.ports, " or "))
	}
}

// allowed reports whether a flow of such nodes allows an essential flow.
func (r *advisePass) allowed(n *policy.Owner, e essential) bool {
	return slices.ContainsFunc(r.fence.Grants, func(g policy.Grant) bool {
		own, peer := g.From, g.To
		if e.direction == flow.Ingress {
			own, peer = g.To, g.From
		}
		other := r.fence.OwnerOf(own)
		return own.Kind == policy.Nodes && other != nil && selectsSubset(n.Selector, other.Selector) && peerIncludes(peer, e.peer) &&
			(len(g.Ports) == 0 || slices.ContainsFunc(e.ports, func(p flow.Port) bool { return p.CoveredBy(g.Ports) }))
	})
}

// selectsSubset reports whether a selector is known to select nothing that another does not.
func selectsSubset(inner, outer endpoints.Selector) bool {
	both, ok := endpoints.Intersect(inner, outer)
	same, _ := endpoints.Intersect(inner, inner)
	return ok && endpoints.JSONKey(both) == endpoints.JSONKey(same)
}

// peerIncludes reports whether a peer includes all of an essential one.
func peerIncludes(peer, essential policy.Peer) bool {
	if peer.Kind == policy.Entities {
		wide := []v1alpha1.Entity{v1alpha1.EntityCluster, v1alpha1.EntityAll}
		return slices.ContainsFunc(peer.Entities, func(e v1alpha1.Entity) bool {
			return slices.Contains(wide, e) || slices.Contains(essential.Entities, e)
		})
	}
	return peer.Kind == policy.Pods && essential.Kind == policy.Pods &&
		(peer.Namespace == "" || peer.Namespace == essential.Namespace) && selectsSubset(essential.Pods, peer.Pods)
}

// reportNodes warns about what host policies can do to a cluster.
func (r *advisePass) reportNodes() {
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
	return strings.Join(texts(n.DefaultDeny, func(d flow.Direction) string {
		return fmt.Sprintf("undeclared %s is denied, such as %s", d, examples[d])
	}), ", and ")
}
