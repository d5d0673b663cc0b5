package resolve

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// askedNames are names that a flow reaches on some ports.
type askedNames struct {
	names []string
	ports []policy.Port
	path  *field.Path
	// at is the field of a name.
	at func(int) *field.Path
}

// nameEnds are what names come to: those that end at pods of this cluster, these pods,
// and the others, themselves. A pattern that is wider than those that do is both.
func (r *resolver) nameEnds(f *flow, a askedNames) (ends []end, found bool) {
	var outside []string
	for i, name := range a.names {
		all := false
		for j, l := range r.fence.LocalNames {
			if !l.HoldsSome(name) {
				continue
			}
			whole := l.Holds(name)
			local, ok := r.localEnds(f, localName{name: name, whole: whole, ports: a.ports, path: a.at(i), index: j})
			if !ok {
				return nil, false
			}
			ends, all = append(ends, local...), all || whole
		}
		if !all {
			outside = append(outside, name)
		}
	}
	if len(outside) > 0 {
		ends = append(ends, end{peer: policy.Peer{Kind: policy.FQDNs, FQDNs: outside}, path: a.path})
	}
	return ends, true
}

// localName is a name of a flow, at one of the profile's localNames.
type localName struct {
	name string
	// whole says that all names that it stands for end there.
	whole bool
	ports []policy.Port
	path  *field.Path
	index int
}

// localEnds are the pods at which a name ends, on their own ports.
func (r *resolver) localEnds(f *flow, n localName) (ends []end, found bool) {
	if r.fence.LocalNames[n.index].Entity != "" {
		return r.gatewayEnds(f, n), true
	}
	if r.refuseBlind(f, n.path) {
		return nil, true
	}
	s, pods, found := r.localService(f, n.index)
	if s == nil {
		return nil, found
	}
	wanted := r.localPorts(f, s, n)
	if len(wanted) == 0 {
		return nil, true
	}
	ports := r.targetPorts(f, s, wanted, n.path)
	if len(ports) == 0 || !r.declaredPorts(s, ports, r.profile.Path.Child("localNames").Index(n.index).Child("service")) {
		return nil, true
	}
	for _, p := range pods {
		ends = append(ends, end{peer: p, ports: ports, names: []string{n.name}, path: n.path})
	}
	return ends, true
}

// localService is the Service of one of the profile's localNames, with the pods behind
// it, or nil where that is refused, or not found: then an optional flow is off.
func (r *resolver) localService(f *flow, index int) (s *resource.Service, pods []policy.Peer, found bool) {
	entry := r.profile.Path.Child("localNames").Index(index)
	at := entry.Child("service")
	l := r.fence.LocalNames[index]
	s = r.index.Service(l.Namespace, l.Service)
	switch {
	case r.unreadNamespaces[l.Namespace]:
		return nil, nil, true
	case s == nil:
		return nil, nil, r.missingLocal(f, at, "Service %q is not in the build: correct the name, or tell the Service as inventory", l.At())
	case s.Type == "ExternalName":
		r.refuse("local-name-without-pods", r.profile.Ref, at, "Service %q is an ExternalName, which selects no pods: remove it here, and a flow to the name leads out of the cluster", l.At())
		return nil, nil, true
	case len(s.Selector) == 0:
		r.refuse("local-name-without-pods", r.profile.Ref, at, "Service %q selects no pods, so the pods that the names lead to are unknown: for a Gateway or Ingress of Cilium's own, write entity: ingress instead of service; else name a Service that selects pods", l.At())
		return nil, nil, true
	case !r.selectable(r.profile.Ref, s, at) || !r.shared(l.Namespace) && !r.boundTenant(l, entry):
		return nil, nil, true
	}
	if r.shared(l.Namespace) {
		var ok bool
		if pods, ok = r.boundService(l, s, entry); !ok {
			return nil, nil, true
		}
	} else {
		pods, _ = r.partsOf(l.Namespace, policy.Selector{MatchLabels: s.Selector})
	}
	if len(pods) == 0 {
		return nil, nil, r.missingLocal(f, at, "the selector of Service %q selects no pod in the build: correct it, or tell the pods as inventory", l.At())
	}
	return s, pods, true
}

// gatewayEnds is Cilium's own proxy, to which a name resolves, on the flow's ports.
func (r *resolver) gatewayEnds(f *flow, n localName) []end {
	l := r.fence.LocalNames[n.index]
	if r.kubernetes() {
		r.refuse("local-name-without-pods", f.ref, n.path, "name %q resolves to %s (the profile's localNames), which no NetworkPolicy can select", n.name, l.At())
		return nil
	}
	if slices.ContainsFunc(n.ports, func(p policy.Port) bool { return p.Protocol == policy.ICMP }) {
		r.refuse("no-such-port", f.ref, n.path, "name %q resolves to %s (the profile's localNames), and no Gateway forwards icmp: remove it", n.name, l.At())
		return nil
	}
	r.warn("gateway-decides-again", f.ref, n.path, "name %q resolves to Cilium's own Gateway, whose proxy decides this flow again by the pods behind its routes, on their own ports: declare egress to these pods as well, or the proxy answers 403", n.name)
	return []end{{peer: policy.Peer{Kind: policy.Entities, Entities: []v1alpha1.Entity{l.Entity}}, names: []string{n.name}, path: n.path}}
}

// missingLocal is missing, of what a flow needs of the profile's localNames: the profile
// is wrong then, and not the flow.
func (r *resolver) missingLocal(f *flow, at *field.Path, format string, args ...any) bool {
	if f.optional {
		return false
	}
	if !r.index.Partial {
		r.refuse("not-in-build", r.profile.Ref, at, format, args...)
	}
	return true
}

// localPorts are the ports of a flow that the Service has at which a name ends. All must
// be, unless the name is wider: then the others are for what it stands for besides.
func (r *resolver) localPorts(f *flow, s *resource.Service, n localName) []policy.Port {
	var out []policy.Port
	for _, p := range n.ports {
		found := portsNamed(s, p)
		switch {
		case len(found) > 0 && p.Name == "" && p.End <= p.Port:
			out = append(out, ownPorts(found)...)
		case n.whole && p.Protocol == policy.ICMP:
			r.refuse("no-such-port", f.ref, n.path, "name %q resolves to Service %s/%s (the profile's localNames), and no Service forwards icmp: remove it", n.name, s.Ref.Namespace, s.Ref.Name)
		case n.whole:
			r.refuse("no-such-port", f.ref, n.path, "name %q resolves to Service %s/%s (the profile's localNames), which has no port %s: its ports are %s; list the intended ones, each by its number",
				n.name, s.Ref.Namespace, s.Ref.Name, p, listed(ownPorts(s.Ports), ", "))
		}
	}
	return out
}

// ownPorts are a Service's own, which its clients dial.
func ownPorts(ports []resource.ServicePort) []policy.Port {
	var out []policy.Port
	for _, p := range ports {
		out = append(out, policy.Port{Port: p.Port, Protocol: p.Protocol})
	}
	return out
}

// sayWorld says where a flow to the world leaves out names that end at pods of this
// cluster, on ports that they have, and no flow of the tenant, or the nodes, names them.
func (r *resolver) sayWorld() {
	// A flow of the profile's every is one of each tenant, and is spoken of once.
	said := map[string]bool{}
	for _, f := range r.flows {
		if f.direction == policy.Ingress || f.broken {
			continue
		}
		for i, p := range f.peers {
			if !everywhere(p) {
				continue
			}
			at := f.peersPath().Index(i)
			key := policy.Key([]any{f.ref, at.String()})
			if left := r.leftOut(f); len(left) > 0 && !said[key] {
				said[key] = true
				r.say(policy.Info, "world-has-no-local-names", f.ref, at,
					"the world holds no name that ends at pods of this cluster (the profile's localNames), as do %s: for these, add a peer fqdns", strings.Join(left, ", "))
			}
		}
	}
}

// everywhere says whether a peer is all that is outside of the cluster.
func everywhere(p v1alpha1.Peer) bool {
	return slices.ContainsFunc(p.Entities, func(e v1alpha1.Entity) bool {
		return e == v1alpha1.EntityWorld || e == v1alpha1.EntityWorldIPv4 || e == v1alpha1.EntityWorldIPv6
	}) || holdsWorld(setOf(p.CIDRs, p.Except))
}

// leftOut are the localNames whose Service has a port of a flow, and that no flow of its
// tenant, or of its nodes, names.
func (r *resolver) leftOut(f *flow) []string {
	var out []string
	for _, l := range r.fence.LocalNames {
		if l.Entity != "" && !r.named(f.tenant, l) {
			out = append(out, fmt.Sprintf("%s at %s", strings.Join(l.FQDNs, ", "), l.At()))
			continue
		}
		s := r.index.Service(l.Namespace, l.Service)
		if s == nil || r.named(f.tenant, l) || !slices.ContainsFunc(ownPorts(s.Ports), func(p policy.Port) bool { return len(f.ports) == 0 || p.CoveredBy(policy.EachProtocol(f.ports)) }) {
			continue
		}
		out = append(out, fmt.Sprintf("%s at %s", strings.Join(l.FQDNs, ", "), l.At()))
	}
	return out
}

// named says whether a flow of a tenant is about some of these names.
func (r *resolver) named(t *tenant, l policy.LocalName) bool {
	return slices.ContainsFunc(t.flows, func(f *flow) bool {
		return slices.ContainsFunc(f.peers, func(p v1alpha1.Peer) bool {
			return slices.ContainsFunc(p.FQDNs, l.HoldsSome)
		})
	})
}
