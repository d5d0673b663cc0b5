package reach

import (
	"slices"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
)

// view is a fenced pod or node in one direction, with its declared flows.
type view struct {
	fence     *policy.Fence
	subject   endpoints.Endpoint
	direction flow.Direction
	// owner is the tenant of a pod, or the nodes that a node belongs to. Nil: the namespace is
	// unclaimed.
	owner *policy.Owner
	// byNamespace are the declared flows with pods of one namespace, others the rest.
	byNamespace map[string][]*Expected
	others      []*Expected
	// ids are those of the declared flows.
	ids []int
}

// isAllowOnly reports whether an owner is in AllowOnly.
func isAllowOnly(o *policy.Owner) bool { return o != nil && o.Enforcement != v1alpha1.Enforce }

// viewOf collects what a pod or node may do.
func (x *Expectation) viewOf(subject endpoints.Endpoint, d flow.Direction) view {
	v := view{fence: x.fence, subject: subject, direction: d, byNamespace: map[string][]*Expected{}}
	if subject.Kind == endpoints.NodeEndpoint {
		x.viewOfNode(&v)
		return v
	}
	v.owner = x.fence.OwnerOfPod(subject.Namespace, subject.Labels)
	all := x.expectedAt(subject.Namespace, d)
	for i := range all {
		if w := &all[i]; endpoints.Selects(w.Subject, subject.Labels) {
			v.addExpected(w)
		}
	}
	return v
}

// viewOfNode collects what a node may do, of whichever kinds it is.
func (x *Expectation) viewOfNode(v *view) {
	for _, n := range defaultDenyNodes(x.fence, v.subject.Labels, v.direction) {
		if v.owner == nil {
			v.owner = n
		}
		all := x.at[subjectKey{node: n.Name, direction: v.direction}]
		for i := range all {
			v.addExpected(&all[i])
		}
	}
}

func (v *view) addExpected(w *Expected) {
	v.ids = append(v.ids, w.id)
	if w.Peer.Kind == policy.Pods && w.Peer.Namespace != "" {
		v.byNamespace[w.Peer.Namespace] = append(v.byNamespace[w.Peer.Namespace], w)
	} else {
		v.others = append(v.others, w)
	}
}

// isSubject reports whether an endpoint is the subject itself, as others see it.
func (v view) isSubject(ep *endpoints.Endpoint) bool {
	if v.subject.Kind == endpoints.NodeEndpoint {
		return ep.Kind == endpoints.EntityEndpoint && slices.Contains(policy.AnyNode().Entities, v1alpha1.Entity(ep.Name))
	}
	return ep.Name == v.subject.Name
}

// expected returns the flows that the subject may have with a peer.
func (v view) expected(peer endpoints.Endpoint) []*Expected {
	var out []*Expected
	for _, list := range [][]*Expected{v.byNamespace[peer.Namespace], v.others} {
		for _, w := range list {
			if w.matches(v.fence, peer) {
				out = append(out, w)
			}
		}
	}
	return out
}

// undeclared returns the part of an opening that nothing declares for a peer.
func (v view) undeclared(o flow.Opening, peer endpoints.Endpoint) []flow.Opening {
	named := slices.Concat(peer.Ports, peer.SameIdentityPorts)
	if v.direction == flow.Ingress {
		named = v.subject.Ports
	}
	var declared []flow.Traffic
	for _, w := range v.expected(peer) {
		for _, r := range portRangesOf(w.Ports, named) {
			declared = append(declared, flow.Traffic{Ports: r, L7: w.L7, Lookups: &w.lookups})
		}
	}
	return o.Without(declared)
}

// portRangesOf are ports as numbers, names those that the destination gives them.
func portRangesOf(in []flow.Port, named []endpoints.NamedPort) []flow.PortRange {
	if len(in) == 0 {
		return []flow.PortRange{flow.AllPorts("")}
	}
	var out []flow.PortRange
	for _, p := range in {
		switch {
		case p.Protocol == flow.ICMP:
			if v4, v6, known := flow.ICMPTypeNumbers(v1alpha1.ICMPType(p.Name)); known {
				out = append(out, flow.PortRange{Protocol: flow.ICMP, First: v4, Last: v4}, flow.PortRange{Protocol: flow.ICMPv6, First: v6, Last: v6})
			}
		case p.IsNamed():
			for _, have := range named {
				if have.Name == p.Name && have.Protocol == p.Protocol {
					out = append(out, flow.PortRange{Protocol: p.Protocol, First: have.Port, Last: have.Port})
				}
			}
		default:
			out = append(out, flow.PortRange{Protocol: p.Protocol, First: uint16(p.Port), Last: uint16(max(p.Port, p.End))})
		}
	}
	return out
}
