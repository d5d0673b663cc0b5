package reach

import (
	"fmt"
	"slices"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// checkNodePort returns an error where a case is about a port of a node that leads to pods: where
// Cilium replaces kube-proxy, it sends the connection on to these before policies decide. A case
// about every port is decided, unless it comes out otherwise at such pods.
func (e Endpoints) checkNodePort(asked *flow.View, c v1alpha1.FlowCase, f flow.Flow) error {
	if !e.Fence.Agent.TranslatesNodePorts() || e.Fence.Cluster.CNI == v1alpha1.CNIKubernetes || !isNode(f.To) {
		return nil
	}
	for _, n := range e.Index.NodePorts() {
		if !f.MatchesPort(n.Port) || f.Port == 0 && !e.differsAtPods(asked, c, f, n) {
			continue
		}
		return fmt.Errorf("port %s of nodes is %s, and kube-proxy-replacement sends its connections to these pods before policies decide: write the Service or the pods, or other ports", n.Port, n.Source)
	}
	return nil
}

// differsAtPods reports whether a flow to pods behind a port of a node comes out other than a case
// expects.
func (e Endpoints) differsAtPods(asked *flow.View, c v1alpha1.FlowCase, f flow.Flow, n resource.NodePort) bool {
	return slices.ContainsFunc(n.Pods, func(p resource.PodPort) bool {
		at := flow.Flow{From: f.From, To: e.Pod(p.Workload), Port: uint16(p.Port.Port), Protocol: p.Port.Protocol}
		v, err := asked.Decide(at)
		return err != nil || v.Decision() != expectedDecision(c)
	})
}

// isNode reports whether an endpoint is a node, by whatever name.
func isNode(to endpoints.Endpoint) bool {
	return to.Kind == endpoints.NodeEndpoint || slices.ContainsFunc(to.Entities, resource.IncludesNodes) ||
		to.Kind == endpoints.EntityEndpoint && resource.IncludesNodes(v1alpha1.Entity(to.Name))
}
