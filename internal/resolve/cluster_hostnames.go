package resolve

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/internal/report"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// flowNames are names that a flow reaches on some ports.
type flowNames struct {
	names []string
	ports []policy.Port
	path  *field.Path
	// at is the field of a name.
	at func(int) *field.Path
}

// resolveNames are what names come to: those that end at pods of this cluster, these pods,
// and the others, themselves. A pattern that is wider than those that do is both.
func (r *resolver) resolveNames(f *flow, a flowNames) (resolvedPeers []resolvedPeer, found bool) {
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
	// complete says that all names that it stands for end there.
	complete bool
	ports    []policy.Port
	path     *field.Path
	index    int
}

// clusterHostnamePeers are the pods at which a name ends, on their own ports.
func (r *resolver) clusterHostnamePeers(f *flow, n clusterHostname) (resolvedPeers []resolvedPeer, found bool) {
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

// clusterHostnameService is the Service of one of the profile's clusterHostnames, with the pods behind
// it, or nil where that is refused, or not found: then an optional flow is off.
func (r *resolver) clusterHostnameService(f *flow, index int) (s *resource.Service, pods []policy.Peer, found bool) {
	entry := r.profile.Path.Child("clusterHostnames").Index(index)
	at := entry.Child("service")
	l := r.fence.ClusterHostnames[index]
	s = r.index.Service(l.Namespace, l.Service)
	switch {
	case r.unreadNamespaces[l.Namespace]:
		return nil, nil, true
	case s == nil:
		return nil, nil, r.refuseMissingHostname(f, at, "%s", r.serviceNotFound([]string{l.Namespace}, l.Service, false))
	case s.Type == "ExternalName":
		r.refuse(report.ClusterHostnameWithoutPods, r.profile.Ref, at, "Service %q is an ExternalName, which selects no pods: remove it here, and a flow to the name leads out of the cluster", l.Target())
		return nil, nil, true
	case len(s.Selector) == 0:
		r.refuse(report.ClusterHostnameWithoutPods, r.profile.Ref, at, "Service %q selects no pods, so the pods that the names lead to are unknown: for a Gateway or Ingress of Cilium's own, write entity: ingress instead of service; else name a Service that selects pods", l.Target())
		return nil, nil, true
	case !r.checkSelectable(r.profile.Ref, s, at) || !r.isShared(l.Namespace) && !r.checkHostnameTenant(l, entry):
		return nil, nil, true
	}
	if r.isShared(l.Namespace) {
		var ok bool
		if pods, ok = r.singleOwnerPods(l, s, entry); !ok {
			return nil, nil, true
		}
	} else {
		pods, _ = r.podsByTenant(l.Namespace, policy.Selector{MatchLabels: s.Selector})
	}
	if len(pods) == 0 {
		return nil, nil, r.refuseMissingHostname(f, at, "the selector of Service %q %s", l.Target(), r.podsNotFound([]string{l.Namespace}, policy.Selector{MatchLabels: s.Selector}, false))
	}
	return s, pods, true
}

// gatewayPeers is Cilium's own proxy, to which a name resolves, on the flow's ports.
func (r *resolver) gatewayPeers(f *flow, n clusterHostname) []resolvedPeer {
	l := r.fence.ClusterHostnames[n.index]
	if r.usesNetworkPolicies() {
		r.refuse(report.ClusterHostnameWithoutPods, f.ref, n.path, "name %q resolves to %s (the profile's clusterHostnames), which no NetworkPolicy can select", n.name, l.Target())
		return nil
	}
	if slices.ContainsFunc(n.ports, func(p policy.Port) bool { return p.Protocol == policy.ICMP }) {
		r.refuse(report.PortNotFound, f.ref, n.path, "name %q resolves to %s (the profile's clusterHostnames), and no Gateway forwards icmp: remove it", n.name, l.Target())
		return nil
	}
	r.warn(report.GatewayEnforcesAgain, f.ref, n.path, "name %q resolves to Cilium's own Gateway, whose proxy decides this flow again by the pods behind its routes, on their own ports: declare egress to these pods as well, or the proxy answers 403", n.name)
	return []resolvedPeer{{peer: policy.Peer{Kind: policy.Entities, Entities: []v1alpha1.Entity{l.Entity}}, hostnames: []string{n.name}, path: n.path}}
}

// refuseMissingHostname is missing, of what a flow needs of the profile's clusterHostnames: the profile
// is wrong then, and not the flow.
func (r *resolver) refuseMissingHostname(f *flow, at *field.Path, format string, args ...any) bool {
	if f.optional {
		return false
	}
	if !r.index.Partial {
		r.refuse(report.PeerNotInBuild, r.profile.Ref, at, format, args...)
	}
	return true
}

// clusterHostnamePorts are the ports of a flow that the Service has at which a name ends. All must
// be, unless the name is wider: then the others are for what it stands for besides.
func (r *resolver) clusterHostnamePorts(f *flow, s *resource.Service, n clusterHostname) []policy.Port {
	var out []policy.Port
	for _, p := range n.ports {
		found := matchingPorts(s, p)
		switch {
		case len(found) > 0 && p.Name == "" && p.End <= p.Port:
			out = append(out, clientPorts(found)...)
		case n.complete && p.Protocol == policy.ICMP:
			r.refuse(report.PortNotFound, f.ref, n.path, "name %q resolves to Service %s/%s (the profile's clusterHostnames), and no Service forwards icmp: remove it", n.name, s.Ref.Namespace, s.Ref.Name)
		case n.complete:
			r.refuse(report.PortNotFound, f.ref, n.path, "name %q resolves to Service %s/%s (the profile's clusterHostnames), which has no port %s: its ports are %s; list the intended ones, each by its number",
				n.name, s.Ref.Namespace, s.Ref.Name, p, formatPorts(clientPorts(s.Ports), ", "))
		}
	}
	return out
}

// clientPorts are a Service's own, which its clients dial.
func clientPorts(ports []resource.ServicePort) []policy.Port {
	var out []policy.Port
	for _, p := range ports {
		out = append(out, policy.Port{Port: p.Port, Protocol: p.Protocol})
	}
	return out
}

// reportWorldExclusions says where a flow to the world leaves out names that end at pods of this
// cluster, on ports that they have, and no flow of the tenant, or the nodes, names them.
func (r *resolver) reportWorldExclusions() {
	// A flow of the profile's allTenants is one of each tenant, and is spoken of once.
	reported := map[string]bool{}
	for _, f := range r.flows {
		if f.direction == policy.Ingress || f.broken {
			continue
		}
		for i, p := range f.peers {
			if !includesWorld(p) {
				continue
			}
			at := f.peersPath().Index(i)
			key := policy.JSONKey([]any{f.ref, at.String()})
			if excluded := r.unnamedHostnames(f); len(excluded) > 0 && !reported[key] {
				reported[key] = true
				r.report(report.Info, report.WorldExcludesClusterHostnames, f.ref, at,
					"the world holds no name that ends at pods of this cluster (the profile's clusterHostnames), as do %s: for these, add a peer fqdns", strings.Join(excluded, ", "))
			}
		}
	}
}

// includesWorld says whether a peer is all that is outside of the cluster.
func includesWorld(p v1alpha1.Peer) bool {
	return slices.ContainsFunc(p.Entities, func(e v1alpha1.Entity) bool {
		return e == v1alpha1.EntityWorld || e == v1alpha1.EntityWorldIPv4 || e == v1alpha1.EntityWorldIPv6
	}) || coversWorld(setOf(p.CIDRs, p.Except))
}

// unnamedHostnames are the clusterHostnames whose Service has a port of a flow, and that no flow of its
// tenant, or of its nodes, names.
func (r *resolver) unnamedHostnames(f *flow) []string {
	var out []string
	for _, l := range r.fence.ClusterHostnames {
		if l.Entity != "" && !r.usesHostname(f.tenant, l) {
			out = append(out, fmt.Sprintf("%s at %s", strings.Join(l.FQDNs, ", "), l.Target()))
			continue
		}
		s := r.index.Service(l.Namespace, l.Service)
		if s == nil || r.usesHostname(f.tenant, l) || !slices.ContainsFunc(clientPorts(s.Ports), func(p policy.Port) bool { return len(f.ports) == 0 || p.CoveredBy(policy.ExpandProtocols(f.ports)) }) {
			continue
		}
		out = append(out, fmt.Sprintf("%s at %s", strings.Join(l.FQDNs, ", "), l.Target()))
	}
	return out
}

// usesHostname says whether a flow of a tenant is about some of these names.
func (r *resolver) usesHostname(t *tenant, l policy.ClusterHostname) bool {
	return slices.ContainsFunc(t.flows, func(f *flow) bool {
		return slices.ContainsFunc(f.peers, func(p v1alpha1.Peer) bool {
			return slices.ContainsFunc(p.FQDNs, l.MatchesAny)
		})
	})
}
