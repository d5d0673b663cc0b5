package netpol

import (
	"maps"

	"go4.org/netipx"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
)

// match is a rule that allows an endpoint, or some of its possible addresses.
type match struct {
	by    string
	share share
	// addresses, of a part, are those that pass. None: it is not known which.
	addresses *netipx.IPSet
	ports     []portRange
}

// matches are what rules allow from or to the other endpoint. The ports' names are those of the
// destination.
func matches(rules []*rule, v variant, destination *endpoints.Endpoint) []match {
	var out []match
	for _, r := range rules {
		m := match{by: r.by}
		if m.share, m.addresses = r.share(v); m.share == none {
			continue
		}
		if m.ports = r.portRanges(destination); len(m.ports) > 0 {
			out = append(out, m)
		}
		if possiblePorts := r.possiblePorts(); v.unknownPod && destination == nil && len(possiblePorts) > 0 {
			out = append(out, match{by: r.by, share: part, addresses: &netipx.IPSet{}, ports: possiblePorts})
		}
	}
	return out
}

// share is how much of an endpoint the peers of a rule match.
func (r *rule) share(v variant) (share, *netipx.IPSet) {
	if len(r.peers) == 0 {
		return whole, v.addresses
	}
	most, addresses := none, &netipx.IPSet{}
	for _, p := range r.peers {
		s, by := p.share(v)
		most, addresses = max(most, s), union(addresses, by)
	}
	if most == part && shareOf(addresses, v.addresses) == whole {
		most = whole
	}
	return most, addresses
}

func (p *peer) share(v variant) (share, *netipx.IPSet) {
	switch {
	case p.block != nil:
		return shareOf(p.block, v.addresses), p.block
	case v.unknownPod:
		return part, &netipx.IPSet{}
	case v.pod != nil && p.selects(*v.pod):
		return whole, v.addresses
	default:
		return none, &netipx.IPSet{}
	}
}

func (p *peer) selects(pod endpoints.Endpoint) bool {
	if p.namespaces == nil {
		return p.namespace == pod.Namespace && p.pods.Matches(labelsOf(pod))
	}
	return p.namespaces.Matches(namespaceLabels(pod.Namespace, pod.NamespaceLabels)) && p.pods.Matches(labelsOf(pod))
}

// labelsOf returns all labels of a pod: a NetworkPolicy matches labels outside of the identity,
// too.
func labelsOf(pod endpoints.Endpoint) labels.Set {
	if pod.AllLabels != nil {
		return pod.AllLabels
	}
	return pod.Labels
}

// namespaceLabels returns the labels of a namespace, with the one that the apiserver sets.
func namespaceLabels(name string, of map[string]string) labels.Set {
	out := labels.Set{}
	maps.Copy(out, of)
	out[corev1.LabelMetadataName] = name
	return out
}

// portRanges returns the ports of a rule as numbers. The destination defines port names, so only
// pods have them.
func (r *rule) portRanges(destination *endpoints.Endpoint) []portRange {
	if len(r.ports) == 0 {
		return []portRange{{}}
	}
	var out []portRange
	for _, p := range r.ports {
		if p.name == "" {
			out = append(out, p.portRange)
			continue
		}
		if destination == nil {
			continue
		}
		for _, named := range destination.Ports {
			if named.Name == p.name && defaultProtocol(named.Protocol) == p.protocol {
				out = append(out, portRange{p.protocol, named.Port, named.Port})
			}
		}
	}
	return out
}

// possiblePorts returns the ports that an unknown pod may give the rule's names.
func (r *rule) possiblePorts() []portRange {
	var out []portRange
	for _, p := range r.ports {
		if p.name != "" {
			out = append(out, p.portRange)
		}
	}
	return out
}

func defaultProtocol(p v1alpha1.Protocol) v1alpha1.Protocol {
	if p == "" {
		return v1alpha1.TCP
	}
	return p
}

// covers reports whether a rule allows something on these ports, the same on each.
func (m match) covers(at portRange) bool {
	for _, s := range m.ports {
		if s.includes(at) {
			return true
		}
	}
	return false
}

// portBoundaries are where the decision of rules may change.
func portBoundaries(all []match) []portRange {
	var out []portRange
	for _, m := range all {
		out = append(out, m.ports...)
	}
	return out
}
