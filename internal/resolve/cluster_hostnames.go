package resolve

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// flowNames are hostnames that a flow reaches on some ports.
type flowNames struct {
	names []string
	ports []flow.Port
	path  *field.Path
	// at is the field of a name.
	at func(int) *field.Path
}

// resolveNames resolves names: those of clusterHostnames to pods of this cluster, and the others to
// themselves. A pattern that is wider than clusterHostnames resolves to both.
func (r *resolver) resolveNames(f *declaredFlow, a flowNames) (resolvedPeers []resolvedPeer, found bool) {
	var outside []string
	for i, name := range a.names {
		all := false
		for j, l := range r.fence.ClusterHostnames {
			if !l.MatchesAny(name) {
				continue
			}
			complete := l.MatchesAll(name)
			hostnamePeers, ok := r.clusterHostnamePeers(f, clusterHostname{name: name, complete: complete, ports: a.ports, path: a.at(i), index: j})
			if !ok {
				return nil, false
			}
			resolvedPeers, all = append(resolvedPeers, hostnamePeers...), all || complete
		}
		if !all {
			outside = append(outside, name)
		}
	}
	if len(outside) > 0 {
		resolvedPeers = append(resolvedPeers, resolvedPeer{peer: policy.Peer{Kind: policy.FQDNs, FQDNs: outside}, path: a.path})
	}
	return resolvedPeers, true
}

// clusterHostname is a name of a flow, at one of the profile's clusterHostnames.
type clusterHostname struct {
	name string
	// complete reports whether all names that it matches resolve to this entry.
	complete bool
	ports    []flow.Port
	path     *field.Path
	index    int
}

// clusterHostnamePeers are the pods to which a name resolves, on their own ports.
func (r *resolver) clusterHostnamePeers(f *declaredFlow, n clusterHostname) (resolvedPeers []resolvedPeer, found bool) {
	if r.fence.ClusterHostnames[n.index].Entity != "" {
		return r.gatewayPeers(f, n), true
	}
	if r.refuseInGenerator(f, n.path) {
		return nil, true
	}
	s, pods, found := r.clusterHostnameService(f, n.index)
	if s == nil {
		return nil, found
	}
	requested := r.clusterHostnamePorts(f, s, n)
	if len(requested) == 0 {
		return nil, true
	}
	ports := r.targetPorts(f, s, requested, n.path)
	if len(ports) == 0 || !r.checkTargetPortsDeclared(s, ports, r.profile.Path.Child("clusterHostnames").Index(n.index).Child("service")) {
		return nil, true
	}
	for _, p := range pods {
		resolvedPeers = append(resolvedPeers, resolvedPeer{peer: p, ports: ports, hostnames: []string{n.name}, path: n.path})
	}
	return resolvedPeers, true
}

// clusterHostnameService is the Service of an entry of clusterHostnames with its pods. It is nil if it
// is refused or not found: then an optional flow is inactive.
func (r *resolver) clusterHostnameService(f *declaredFlow, index int) (s *resource.Service, pods []policy.Peer, found bool) {
	entry := r.profile.Path.Child("clusterHostnames").Index(index)
	at := entry.Child("service")
	l := r.fence.ClusterHostnames[index]
	s = r.index.Service(l.Namespace, l.Service)
	switch {
	case r.unreadNamespaces[l.Namespace]:
		return nil, nil, true
	case s == nil:
		return nil, nil, r.refuseMissingHostname(f, at, "%s", r.serviceNotFound([]string{l.Namespace}, l.Service, ""))
	case s.Type == "ExternalName":
		r.refuse(report.ClusterHostnameWithoutPods, r.profile.Ref, at, "Service %q is an ExternalName, which selects no pods: remove this entry, so that flows to the name lead out of the cluster", l.Target())
		return nil, nil, true
	case len(s.Selector) == 0:
		r.refuse(report.ClusterHostnameWithoutPods, r.profile.Ref, at, "Service %q has no selector, so the pods behind the names are unknown: name a Service with a selector, or set entity: ingress instead of service for a Gateway or Ingress of Cilium", l.Target())
		return nil, nil, true
	case !r.checkSelectable(r.profile.Ref, s, at) || !r.isShared(l.Namespace) && !r.checkHostnameTenant(l, entry):
		return nil, nil, true
	}
	if r.needsSingleOwner(l) {
		var ok bool
		if pods, ok = r.singleOwnerPods(l, s, entry); !ok {
			return nil, nil, true
		}
	} else {
		pods, _ = r.podsByTenant(l.Namespace, endpoints.Selector{MatchLabels: s.Selector})
	}
	if len(pods) == 0 {
		return nil, nil, r.refuseMissingHostname(f, at, "the selector of Service %q %s", l.Target(), r.podsNotFound([]string{l.Namespace}, endpoints.Selector{MatchLabels: s.Selector}, ""))
	}
	return s, pods, true
}

// gatewayPeers is Cilium's own proxy, to which a name resolves, on the flow's ports.
func (r *resolver) gatewayPeers(f *declaredFlow, n clusterHostname) []resolvedPeer {
	l := r.fence.ClusterHostnames[n.index]
	if r.usesNetworkPolicies() {
		r.refuse(report.ClusterHostnameWithoutPods, f.ref, n.path, "name %q resolves to %s (the profile's clusterHostnames), which no NetworkPolicy can select", n.name, l.Target())
		return nil
	}
	if slices.ContainsFunc(n.ports, func(p flow.Port) bool { return p.Protocol == flow.ICMP }) {
		r.refuse(report.PortNotFound, f.ref, n.path, "name %q resolves to %s (the profile's clusterHostnames), and no Gateway forwards icmp: remove it", n.name, l.Target())
		return nil
	}
	r.warn(report.GatewayEnforcesAgain, f.ref, n.path, "name %q resolves to Cilium's own Gateway, whose proxy decides this flow again by the pods behind its routes, on their own ports: declare egress to these pods as well, or the proxy answers 403", n.name)
	return []resolvedPeer{{peer: policy.Peer{Kind: policy.Entities, Entities: []v1alpha1.Entity{l.Entity}}, hostnames: []string{n.name}, path: n.path}}
}

// refuseMissingHostname is refuseMissing for clusterHostnames: the mistake is in the profile, and not
// in the flow.
func (r *resolver) refuseMissingHostname(f *declaredFlow, at *field.Path, format string, args ...any) bool {
	if f.optional {
		return false
	}
	if !r.index.Partial {
		r.refuse(report.PeerNotInBuild, r.profile.Ref, at, format, args...)
	}
	return true
}

// clusterHostnamePorts are the ports of a flow that the Service behind a name has. It must have all of
// them, unless the name is a wider pattern: then the others are for other names.
func (r *resolver) clusterHostnamePorts(f *declaredFlow, s *resource.Service, n clusterHostname) []flow.Port {
	var out []flow.Port
	for _, p := range n.ports {
		found := matchingPorts(s, p)
		switch {
		case len(found) > 0 && p.Name == "" && p.End <= p.Port:
			out = append(out, clientPorts(found)...)
		case n.complete && p.Protocol == flow.ICMP:
			r.refuse(report.PortNotFound, f.ref, n.path, "name %q resolves to Service %s/%s (the profile's clusterHostnames), and no Service forwards icmp: remove it", n.name, s.Ref.Namespace, s.Ref.Name)
		case n.complete:
			r.refuse(report.PortNotFound, f.ref, n.path, "name %q resolves to Service %s/%s (the profile's clusterHostnames), which has no port %s: list its ports by number: %s",
				n.name, s.Ref.Namespace, s.Ref.Name, p, formatPorts(clientPorts(s.Ports), ", "))
		}
	}
	return out
}

// clientPorts returns the ports of a Service itself, to which clients connect.
func clientPorts(ports []resource.ServicePort) []flow.Port {
	var out []flow.Port
	for _, p := range ports {
		out = append(out, flow.Port{Port: p.Port, Protocol: p.Protocol})
	}
	return out
}

// reportWorldExclusions reports flows to the world that do not include clusterHostnames on the same
// ports, if no other flow of the tenant or the nodes names these.
func (r *resolver) reportWorldExclusions() {
	// A flow of allTenants is one of each tenant, and is reported once.
	reported := map[string]bool{}
	for _, f := range r.flows {
		if f.direction == flow.Ingress || f.broken {
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
func (r *resolver) unnamedHostnames(f *declaredFlow) []string {
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
func (r *resolver) usesHostname(t *tenant, l policy.ClusterHostname) bool {
	return slices.ContainsFunc(t.flows, func(f *declaredFlow) bool {
		return slices.ContainsFunc(f.peers, func(p v1alpha1.Peer) bool {
			return slices.ContainsFunc(p.FQDNs, l.MatchesAny)
		})
	})
}
