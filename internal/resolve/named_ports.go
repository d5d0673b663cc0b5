package resolve

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
)

// portNumbers are the numbers that pods of the build give a port name, sorted.
func (r *resolver) portNumbers(p flow.Port, pods ...policy.Peer) []flow.Port {
	var out []flow.Port
	for _, peer := range pods {
		for _, w := range r.index.WorkloadsIn(peer.Namespace, peer.Pods) {
			for _, n := range w.Ports {
				if n.Name == p.Name && n.Protocol == p.Protocol {
					out = append(out, flow.Port{Port: int32(n.Port), Protocol: p.Protocol})
				}
			}
		}
	}
	slices.SortFunc(out, func(a, b flow.Port) int { return cmp.Compare(a.Port, b.Port) })
	return slices.Compact(out)
}

// portNumber is the number of a port name, if the pods of the build that have the name agree on it.
func (r *resolver) portNumber(p flow.Port, pods ...policy.Peer) (flow.Port, bool) {
	if !p.IsNamed() {
		return p, true
	}
	if all := r.portNumbers(p, pods...); len(all) == 1 {
		return all[0], true
	}
	return p, false
}

// resolvePortNames are the ports, with numbers instead of names if these are known.
func (r *resolver) resolvePortNames(ports []flow.Port, pods ...policy.Peer) []flow.Port {
	var out []flow.Port
	for _, p := range ports {
		if n, ok := r.portNumber(p, pods...); ok {
			p = n
		}
		out = append(out, p)
	}
	return out
}

// portOverlap is what two ports of the same pods have in common. A name and its number are the same
// port, and the name is more exact.
func (r *resolver) portOverlap(p, q flow.Port, at policy.Peer) (flow.Port, bool) {
	if p.Name == "" && q.Name != "" {
		p, q = q, p
	}
	if p.Name == "" || q.Name != "" {
		return p.Overlap(q)
	}
	n, ok := r.portNumber(p, at)
	return p, ok && n.CoveredBy([]flow.Port{q})
}

// sourcePorts are the ports of the egress side of a grant. Before 1.20, Cilium looks up a port name in
// egress among all pods of the cluster, and denies the flow if two of them give it different numbers.
// So the egress side has the numbers of the destination pods. The ingress side keeps the name.
func (r *resolver) sourcePorts(f *declaredFlow, g policy.Grant) []flow.Port {
	fenced := g.From.Kind == policy.Pods && r.ownerOf(g.From) != nil || g.From.Kind == policy.Nodes
	if r.supports(cilium.NamedEgressPorts) || !fenced {
		return nil
	}
	named := slices.ContainsFunc(g.Ports, flow.Port.IsNamed)
	if !named {
		return nil
	}
	var out []flow.Port
	for _, p := range g.Ports {
		all := []flow.Port{p}
		if p.IsNamed() {
			if all = r.portNumbers(p, g.To); len(all) == 0 {
				all = []flow.Port{p}
			}
			if len(all) == 1 && all[0].IsNamed() && !f.broken {
				r.warn(report.NamedPortInEgress, f.ref, f.path.Child("ports"),
					"before Cilium %s, a port name works in egress only if all pods of the cluster give it the same number, and the number of %q is unknown: use numbers", cilium.NamedEgressPorts.Introduced(), p.Name)
			}
		}
		out = append(out, all...)
	}
	return out
}

// portsYAML are the ports, or types of ICMP message, of a flow in YAML, after its other fields.
func portsYAML(ports []flow.Port) string {
	var icmp, list []string
	for _, p := range flow.MergeProtocols(ports) {
		if p.Protocol == flow.ICMP {
			icmp = append(icmp, p.Name)
		} else {
			list = append(list, portYAML(p))
		}
	}
	switch {
	case len(icmp) > 0:
		return ", icmp: [" + strings.Join(icmp, ", ") + "]"
	case len(list) > 0:
		return ", ports: [" + strings.Join(list, ", ") + "]"
	}
	return ""
}

// portYAML is a port of a flow in YAML.
func portYAML(p flow.Port) string {
	s := "{port: " + strconv.Itoa(int(p.Port))
	if p.Name != "" {
		s = "{port: " + p.Name
	}
	if p.End > p.Port {
		s += ", endPort: " + strconv.Itoa(int(p.End))
	}
	if p.Protocol != v1alpha1.TCP {
		s += ", protocol: " + string(p.Protocol)
	}
	return s + "}"
}
