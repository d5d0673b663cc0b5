package propose

import (
	"net/netip"
	"slices"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
)

type peer = v1alpha1.Peer

// match is whether a peer of a flow includes an endpoint.
type match int

const (
	never match = iota
	// perhaps: it depends on what is not resolved here, such as the pods behind a Service.
	perhaps
	always
)

var matchIf = map[bool]match{true: always, false: never}

// matches reports whether a peer of a flow of a tenant includes an endpoint.
func (w Wanted) matches(p peer, own *policy.Owner, s Side) match {
	isPod := s.Kind == endpoints.PodEndpoint
	switch {
	case isUnresolved(p) || isPod && len(p.FQDNs) > 0:
		return perhaps // A name may resolve to a Service of the cluster.
	case len(p.Entities) > 0:
		return w.matchesEntity(p.Entities, s)
	case len(p.CIDRs) > 0:
		return matchIf[containsAddress(p.CIDRs, s.Name) && !containsAddress(p.Except, s.Name)]
	case len(p.FQDNs) > 0:
		return matchIf[s.Kind == endpoints.NameEndpoint && flow.AnyCovers(p.FQDNs, s.Name)]
	}
	return matchIf[isPod && isIn(p, own, s)]
}

// isUnresolved reports whether the pods of a peer are unknown here.
func isUnresolved(p peer) bool { return p.Service != "" || p.Children || p.Parent }

// isIn reports whether a pod is one of the pods of a peer.
func isIn(p peer, own *policy.Owner, s Side) bool {
	switch {
	case s.Cluster != "" || !endpoints.Selects(endpoints.SelectorOf(p.Pods), s.Labels):
		return false
	case p.Tenant != "":
		return s.Owner.String() == p.Tenant
	case p.AnyTenant:
		return s.Owner != nil && s.Owner != own
	case p.Namespace != "":
		return s.Namespace == p.Namespace
	case p.NamespaceLabels != nil:
		return endpoints.Selects(endpoints.Selector{MatchLabels: p.NamespaceLabels}, s.NamespaceLabels)
	}
	return s.Owner == own
}

func (w Wanted) matchesEntity(entities []v1alpha1.Entity, s Side) match {
	switch {
	case s.Kind == endpoints.EntityEndpoint:
		return matchIf[slices.Contains(entities, v1alpha1.Entity(s.Name)) || slices.Contains(entities, v1alpha1.EntityAll)]
	case slices.ContainsFunc(s.Entities, func(e v1alpha1.Entity) bool { return slices.Contains(entities, e) }):
		return always
	}
	return perhaps
}

func containsAddress(cidrs []string, address string) bool {
	addr, err := netip.ParseAddr(address)
	return err == nil && slices.ContainsFunc(cidrs, func(c string) bool {
		p, err := netip.ParsePrefix(c)
		return err == nil && p.Contains(addr)
	})
}

// missingPorts returns the wanted ports that a flow lacks. For ICMP and for every port it returns a value
// that no flow has.
func (w Wanted) missingPorts(a addition) []v1alpha1.Port {
	ports, icmp := w.ports()
	if len(a.ports)+len(a.icmp) == 0 {
		return nil
	}
	if len(icmp) > 0 || len(ports) == 0 {
		if len(icmp) > 0 && !slices.ContainsFunc(icmp, func(t v1alpha1.ICMPType) bool { return !slices.Contains(a.icmp, t) }) {
			return nil
		}
		return []v1alpha1.Port{{}}
	}
	have := flow.PortsOf(a.ports)
	return slices.DeleteFunc(ports, func(p v1alpha1.Port) bool { return flow.DeclaredPort(p).CoveredBy(have) })
}

// hasOnlyPorts reports whether a flow has no other port than those that are wanted.
func (w Wanted) hasOnlyPorts(a addition) bool {
	ports, icmp := w.ports()
	wanted := flow.PortsOf(ports)
	return len(a.ports)+len(a.icmp) > 0 == (len(ports)+len(icmp) > 0) &&
		!slices.ContainsFunc(flow.PortsOf(a.ports), func(p flow.Port) bool { return !p.CoveredBy(wanted) }) &&
		!slices.ContainsFunc(a.icmp, func(t v1alpha1.ICMPType) bool { return !slices.Contains(icmp, t) })
}
