package resolve

import (
	"slices"

	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// checkNodePorts warns about flows to nodes on a node port of a Service: if Cilium replaces kube-proxy,
// it translates the destination to a pod before policies decide.
func (r *resolver) checkNodePorts() {
	severity, state := report.Warning, ""
	switch {
	case r.networkPolicyForm || r.usesNetworkPolicies():
		return
	case r.fence.Agent.MayTranslateNodePorts():
		severity, state = report.Info, ", and set kube-proxy-replacement in cluster.ciliumConfig"
	case !r.fence.Agent.TranslatesNodePorts():
		return
	}
	ports := r.index.NodePorts()
	for _, f := range r.flows {
		if f.direction != flow.Egress {
			continue
		}
		for _, e := range f.resolvedPeers {
			i := slices.IndexFunc(ports, func(n resource.NodePort) bool {
				return r.targetsNodes(e.peer) && len(f.portsOf(e)) > 0 && n.MatchesAny(f.portsOf(e))
			})
			if i >= 0 {
				r.report(severity, report.NodePortTranslated, f.ref, e.path,
					"flow %q: port %s of nodes is %s, and with kube-proxy-replacement, Cilium forwards it to the pods before policies decide: declare the flow to the Service or the pods instead%s",
					f.name, ports[i].Port, ports[i].Source, state)
			}
		}
	}
}

// targetsNodes reports whether a peer includes nodes.
func (r *resolver) targetsNodes(p policy.Peer) bool {
	return p.Kind == policy.Nodes || p.Kind == policy.Entities && slices.ContainsFunc(p.Entities, resource.IncludesNodes)
}
