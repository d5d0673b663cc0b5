package resolve

import (
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
	"github.com/tenantfence/tenantfence/internal/strict"
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
func (r *endsPass) resolveNames(f *declaredFlow, a flowNames) (resolvedPeers []resolvedPeer, found bool) {
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
func (r *endsPass) clusterHostnamePeers(f *declaredFlow, n clusterHostname) (resolvedPeers []resolvedPeer, found bool) {
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
func (r *endsPass) clusterHostnameService(f *declaredFlow, index int) (s *resource.Service, pods []policy.Peer, found bool) {
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
func (r *endsPass) gatewayPeers(f *declaredFlow, n clusterHostname) []resolvedPeer {
	l := r.fence.ClusterHostnames[n.index]
	if r.refuseInNetworkPolicies(report.ClusterHostnameWithoutPods, f, n.path, "name %q resolves to %s (the profile's clusterHostnames), which no NetworkPolicy can select", n.name, l.Target()) {
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
func (r *endsPass) refuseMissingHostname(f *declaredFlow, at *field.Path, format string, args ...any) bool {
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
func (r *endsPass) clusterHostnamePorts(f *declaredFlow, s *resource.Service, n clusterHostname) []flow.Port {
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

// In a shared namespace, each tenant chooses the labels of its pods, and may write a Service that
// selects pods of another. So the profile binds the rights of such pods to one owner.

// needsSingleOwner reports whether all pods behind a cluster hostname must be those of the tenant that
// the profile names.
func (r *endsPass) needsSingleOwner(l policy.ClusterHostname) bool {
	return r.isShared(l.Namespace) || l.Tenant != "" && r.isPartial(l.Namespace)
}

// singleOwnerPods are the pods behind a Service in a shared namespace, of the tenant that the profile
// names. ok is false if that is refused.
func (r *endsPass) singleOwnerPods(l policy.ClusterHostname, s *resource.Service, at *field.Path) (pods []policy.Peer, ok bool) {
	behind := endpoints.Selector{MatchLabels: s.Selector}
	owner := r.byName[l.Tenant]
	switch {
	case r.unread[l.Tenant]:
		return nil, false
	case l.Tenant == "":
		r.refuse(report.ClusterHostnameWithoutTenant, r.profile.Ref, at.Child("tenant"), "is not set, and Service %q is in a shared namespace, where each Tenant may write it: set the Tenant of the pods behind it", l.Target())
		return nil, false
	case owner == nil || !slices.Contains(r.partialTenants[l.Namespace], owner):
		r.refuse(report.ClusterHostnameWithoutTenant, r.profile.Ref, at.Child("tenant"), "Tenant %q has no pods in namespace %q of Service %q: %s", l.Tenant, l.Namespace, l.Target(), r.ownerFix(l))
		return nil, false
	}
	for _, w := range r.index.WorkloadsIn(l.Namespace, behind) {
		if t := r.ownerOfPod(w); t != owner {
			r.refuse(report.ClusterHostnameWithoutTenant, r.profile.Ref, at.Child("service"), "Service %q selects %s, which belongs to %s and not to Tenant %q: add its labels, %s, to the Service's selector",
				l.Target(), w.Ref.Name, describeTenant(t), owner.Name, endpoints.FormatLabels(owner.Selector.MatchLabels))
			return nil, false
		}
	}
	return r.podPeers(owner, []string{l.Namespace}, behind), true
}

// ownerFix is the fix for an entry of clusterHostnames with a tenant that is not in its namespace.
func (r *endsPass) ownerFix(l policy.ClusterHostname) string {
	sharing := texts(r.partialTenants[l.Namespace], func(t *tenant) string { return t.Name })
	if len(sharing) == 0 {
		return "set the Tenant of the pods behind it"
	}
	return strict.DidYouMean(l.Tenant, sharing)
}

// checkTargetPortsDeclared refuses target ports that no pod behind a Service declares, in a shared
// namespace: a tenant that writes the Service could choose any port of another tenant's pods.
func (r *endsPass) checkTargetPortsDeclared(s *resource.Service, ports []flow.Port, at *field.Path) bool {
	if !r.isShared(s.Ref.Namespace) {
		return true
	}
	pods := r.index.WorkloadsIn(s.Ref.Namespace, endpoints.Selector{MatchLabels: s.Selector})
	for _, p := range ports {
		if !p.IsNamed() && !slices.ContainsFunc(pods, func(w *resource.Workload) bool { return slices.Contains(w.DeclaredPorts, p) }) {
			r.refuse(report.ContainerPortUndeclared, r.profile.Ref, at, "Service %s/%s in a shared namespace, where any Tenant may write it, has target port %s, which no container behind it declares: add it to the containers' ports, or correct the Service", s.Ref.Namespace, s.Ref.Name, p)
			return false
		}
	}
	return true
}

// checkHostnameTenant refuses clusterHostnames[].tenant without effect: the namespace is not shared,
// and belongs to another tenant or none.
func (r *endsPass) checkHostnameTenant(l policy.ClusterHostname, at *field.Path) bool {
	owner := r.holderOf(l.Namespace)
	if l.Tenant == "" || owner != nil && owner.Name == l.Tenant {
		return true
	}
	r.refuse(report.ClusterHostnameWithoutTenant, r.profile.Ref, at.Child("tenant"), "Tenant %q does not have namespace %q of Service %q, which is not in sharedNamespaces either: correct the Tenant, or remove it", l.Tenant, l.Namespace, l.Target())
	return false
}

// withTenantConsent is a flow of the profile as one of its tenant, if its peer is a Service in a shared
// namespace: the profile does not name the tenants of the pods behind it, so they must consent. No
// tenant can consent for nodes: for them, the ports must be declared.
func (r *endsPass) withTenantConsent(f *declaredFlow, s *resource.Service) *declaredFlow {
	out := *f
	out.fromProfile = f.fromProfile && (f.tenant.IsNodes() || !r.isShared(s.Ref.Namespace))
	return &out
}
