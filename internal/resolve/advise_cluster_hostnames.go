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

// reportWorldExclusions reports flows to the world that do not include clusterHostnames on the same
// ports, if no other flow of the tenant or the nodes names these.
func (r *advisePass) reportWorldExclusions() {
	// A flow of allTenants is one of each tenant, and is reported once.
	reported := map[string]bool{}
	for _, f := range r.flows {
		if f.direction == flow.Ingress || f.outcome == refused {
			continue
		}
		for i, p := range f.peers {
			if !includesWorld(p) {
				continue
			}
			at := f.peersPath().Index(i)
			key := endpoints.JSONKey([]any{f.ref, at.String()})
			if excluded := r.unnamedHostnames(f); len(excluded) > 0 && !reported[key] {
				reported[key] = true
				r.report(report.Info, report.WorldExcludesClusterHostnames, f.ref, at,
					"entity world and networks do not match pods, and clusterHostnames resolve to pods of this cluster (%s): to allow them too, add a peer fqdns", strings.Join(excluded, ", "))
			}
		}
	}
}

// includesWorld reports whether a peer is everything outside the cluster.
func includesWorld(p v1alpha1.Peer) bool {
	return slices.ContainsFunc(p.Entities, func(e v1alpha1.Entity) bool {
		return e == v1alpha1.EntityWorld || e == v1alpha1.EntityWorldIPv4 || e == v1alpha1.EntityWorldIPv6
	}) || coversWorld(setOf(p.CIDRs, p.Except))
}

// unnamedHostnames are the clusterHostnames whose Service has a port of a flow, and that no flow of the
// tenant or the nodes names.
func (r *advisePass) unnamedHostnames(f *declaredFlow) []string {
	var out []string
	for _, l := range r.fence.ClusterHostnames {
		if l.Entity != "" && !r.usesHostname(f.tenant, l) {
			out = append(out, fmt.Sprintf("%s: %s", strings.Join(l.FQDNs, ", "), l.Target()))
			continue
		}
		s := r.index.Service(l.Namespace, l.Service)
		if s == nil || r.usesHostname(f.tenant, l) || !slices.ContainsFunc(clientPorts(s.Ports), func(p flow.Port) bool { return len(f.ports) == 0 || p.CoveredBy(flow.ExpandProtocols(f.ports)) }) {
			continue
		}
		out = append(out, fmt.Sprintf("%s: %s", strings.Join(l.FQDNs, ", "), l.Target()))
	}
	return out
}

// usesHostname reports whether a flow of a tenant has some of these names as a peer.
func (r *advisePass) usesHostname(t *tenant, l policy.ClusterHostname) bool {
	return slices.ContainsFunc(t.flows, func(f *declaredFlow) bool {
		return slices.ContainsFunc(f.peers, func(p v1alpha1.Peer) bool {
			return slices.ContainsFunc(p.FQDNs, l.MatchesAny)
		})
	})
}
