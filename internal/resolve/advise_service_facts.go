package resolve

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// checkServiceFacts warns about flows that a Service changes: it sends connections to other clusters,
// its load balancer denies networks, or nodes replace the addresses of clients.
func (r *advisePass) checkServiceFacts() {
	if r.index.WithoutResources {
		return
	}
	if !r.usesNetworkPolicies() {
		for _, f := range r.flows {
			r.checkGlobal(f)
		}
	}
	seen := map[string]bool{}
	for _, g := range r.fence.Grants {
		for _, s := range r.exposingServices(g) {
			if fromOutside(g.From) {
				r.checkSources(g, s, seen)
			} else {
				r.checkNodes(g, s, seen)
			}
		}
	}
}

// checkGlobal warns about a flow to a Service whose connections Cilium also sends to other clusters.
func (r *advisePass) checkGlobal(f *declaredFlow) {
	if f.direction != flow.Egress || r.fence.Cluster.Name == "" && !r.fence.Agent.Enabled(cilium.DefaultLocalCluster) {
		return
	}
	for i, p := range f.peers {
		if p.Service == "" || len(f.tenant.Namespaces) == 0 {
			continue
		}
		namespace, name, qualified := strings.Cut(p.Service, "/")
		if !qualified {
			namespace, name = r.namespaceOfService(f, p.Service), p.Service
		}
		if s := r.index.Service(namespace, name); s != nil && s.Global {
			r.warn(report.GlobalService, f.ref, f.peersPath().Index(i).Child("service"),
				"flow %q: Service %s/%s has the annotation service.cilium.io/global, so Cilium also sends connections to pods of other clusters, which this peer does not include: allow these by the label io.cilium.k8s.policy.cluster in a hand-written policy, or remove the annotation",
				f.name, namespace, name)
		}
	}
}

// exposingServices are the Services that expose the pods of a grant to clients outside the cluster.
func (r *advisePass) exposingServices(g policy.Grant) []*resource.Service {
	if !fromOutside(g.From) && !includesNodes(g.From) || r.isNodePeer(g.From) || g.To.Kind != policy.Pods || g.Destination == nil {
		return nil
	}
	var out []*resource.Service
	for _, s := range r.index.Services {
		if !s.IsExposed() || len(s.Selector) == 0 || s.Ref.Namespace != g.To.Namespace {
			continue
		}
		if r.servesGrant(s, g) {
			out = append(out, s)
		}
	}
	return out
}

// servesGrant reports whether a Service leads to pods of a grant, on one of its ports.
func (r *advisePass) servesGrant(s *resource.Service, g policy.Grant) bool {
	return slices.ContainsFunc(r.index.WorkloadsIn(s.Ref.Namespace, endpoints.Selector{MatchLabels: s.Selector}), func(w *resource.Workload) bool {
		return !w.HostNetwork && w.MatchesPeer(g.To) && slices.ContainsFunc(s.Ports, func(p resource.ServicePort) bool {
			target, ok := w.ResolveTargetPort(p.Target())
			return ok && (len(g.Ports) == 0 || target.CoveredBy(flow.ExpandProtocols(r.resolvePortNames(g.Ports, g.To))))
		})
	})
}

// isNodePeer reports whether a peer is the networks of the nodes.
func (r *advisePass) isNodePeer(p policy.Peer) bool {
	return slices.ContainsFunc(slices.Concat(r.fence.EntityAddresses[v1alpha1.EntityHost], r.fence.EntityAddresses[v1alpha1.EntityRemoteNode]), func(n policy.Peer) bool {
		return endpoints.JSONKey(n) == endpoints.JSONKey(p)
	})
}

func fromOutside(p policy.Peer) bool {
	return p.Kind == policy.CIDRs || p.Kind == policy.Entities && slices.ContainsFunc(p.Entities, func(e v1alpha1.Entity) bool {
		return e == v1alpha1.EntityWorld || e == v1alpha1.EntityWorldIPv4 || e == v1alpha1.EntityWorldIPv6
	})
}

// checkSources warns about a Service that denies the clients of a grant, or hides their addresses.
func (r *advisePass) checkSources(g policy.Grant, s *resource.Service, seen map[string]bool) {
	add := func(check *report.Check, field, format string, args ...any) {
		f := report.New(check, report.Warning, r.declaringRef(g.Destination), g.Destination.Reason.Field+field, format, args...)
		if key := f.Field + f.Message; !seen[key] {
			seen[key] = true
			r.findings = append(r.findings, f)
		}
	}
	service := fmt.Sprintf("Service %s/%s", s.Ref.Namespace, s.Ref.Name)
	if s.Type == "LoadBalancer" && len(s.SourceRanges) > 0 && g.From.Kind == policy.CIDRs {
		admitted := setOf(s.SourceRanges, nil)
		for _, network := range g.From.CIDRs {
			for _, part := range setOf([]string{network}, g.From.Except).Prefixes() {
				if !admitted.ContainsPrefix(part) {
					add(report.SourceRangesTooNarrow, "", "flow %q: loadBalancerSourceRanges of %s (%s) do not include all of %s, so its load balancer denies the rest: add the network there, or narrow the flow",
						g.Destination.Flow, service, strings.Join(s.SourceRanges, ", "), network)
					break
				}
			}
		}
	}
	if s.TranslatesSource() && g.Family != policy.AgentIngress && !r.admitsNodes(g) {
		add(report.SourceIPUncertain, "", "flow %q: %s of type %s does not set externalTrafficPolicy: Local, so nodes may replace the addresses of clients, and the policy denies these: set it in the Service",
			g.Destination.Flow, service, s.Type)
	}
}

// checkNodes warns about a grant to nodes that also allows clients outside the cluster.
func (r *advisePass) checkNodes(g policy.Grant, s *resource.Service, seen map[string]bool) {
	at := g.Destination.Reason.Field
	if !s.TranslatesSource() || g.Family == policy.AgentIngress || seen[at+s.Ref.Name] {
		return
	}
	seen[at+s.Ref.Name] = true
	r.findings = append(r.findings, report.New(report.SourceIPUncertain, report.Warning, r.declaringRef(g.Destination), at, "flow %q allows every node, and Service %s/%s of type %s does not set externalTrafficPolicy: Local: the flow also allows clients outside the cluster whose addresses nodes replace: set it in the Service",
		g.Destination.Flow, s.Ref.Namespace, s.Ref.Name, s.Type))
}

// includesNodes reports whether entities include other nodes.
func includesNodes(p policy.Peer) bool {
	return p.Kind == policy.Entities && slices.ContainsFunc(p.Entities, func(e v1alpha1.Entity) bool {
		return e == v1alpha1.EntityRemoteNode || e == v1alpha1.EntityCluster || e == v1alpha1.EntityAll
	})
}

// admitsNodes reports whether a grant to the same pods is from every node.
func (r *advisePass) admitsNodes(g policy.Grant) bool {
	return slices.ContainsFunc(r.fence.Grants, func(o policy.Grant) bool {
		return includesNodes(o.From) && o.To.Kind == policy.Pods && o.To.Namespace == g.To.Namespace && endpoints.JSONKey(o.To.Pods) == endpoints.JSONKey(g.To.Pods)
	})
}

// declaringRef is the resource that declares a flow.
func (r *advisePass) declaringRef(d *policy.Declaration) report.Ref {
	if t := r.byName[d.Owner]; t != nil && !d.AllTenants && d.Kind != policy.Nodes {
		return t.ref
	}
	return r.profile.Ref
}
