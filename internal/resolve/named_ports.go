package resolve

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/tenantfence/tenantfence/internal/report"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
)

// portNumbers are the ports that a name stands for on the pods of the build that bear it, sorted.
func (r *resolver) portNumbers(p policy.Port, pods ...policy.Peer) []policy.Port {
	var out []policy.Port
	for _, peer := range pods {
		for _, w := range r.index.WorkloadsIn(peer.Namespace, peer.Pods) {
			for _, n := range w.Ports {
				if n.Name == p.Name && n.Protocol == p.Protocol {
					out = append(out, policy.Port{Port: int32(n.Port), Protocol: p.Protocol})
				}
			}
		}
	}
	slices.SortFunc(out, func(a, b policy.Port) int { return cmp.Compare(a.Port, b.Port) })
	return slices.Compact(out)
}

// portNumber is the port that a name stands for on the pods of the build, where those
// that bear it agree on one number.
func (r *resolver) portNumber(p policy.Port, pods ...policy.Peer) (policy.Port, bool) {
	if !p.IsNamed() {
		return p, true
	}
	if all := r.portNumbers(p, pods...); len(all) == 1 {
		return all[0], true
	}
	return p, false
}

// resolvePortNames are the ports with numbers for the names that have one.
func (r *resolver) resolvePortNames(ports []policy.Port, pods ...policy.Peer) []policy.Port {
	var out []policy.Port
	for _, p := range ports {
		if n, ok := r.portNumber(p, pods...); ok {
			p = n
		}
		out = append(out, p)
	}
	return out
}

// portOverlap is what two ports at the same pods have in common: a name and its number
// are the same port, and the name says it exactly.
func (r *resolver) portOverlap(p, q policy.Port, at policy.Peer) (policy.Port, bool) {
	if p.Name == "" && q.Name != "" {
		p, q = q, p
	}
	if p.Name == "" || q.Name != "" {
		return p.Overlap(q)
	}
	n, ok := r.portNumber(p, at)
	return p, ok && n.CoveredBy([]policy.Port{q})
}

// sourcePorts are the ports as the source's half of a grant must say them. Before
// 1.20 Cilium looks a port's name in egress up among all pods of the cluster, and
// denies the flow where two of them give it different numbers: then the numbers that
// the pods to be reached give it stand for it. Their own side still allows the name.
func (r *resolver) sourcePorts(f *flow, g policy.Grant) []policy.Port {
	fenced := g.From.Kind == policy.Pods && r.ownerOf(g.From) != nil || r.fence.NodeOf(g.From) != nil
	if r.supports(policy.NamedEgressPorts) || !fenced {
		return nil
	}
	named := slices.ContainsFunc(g.Ports, policy.Port.IsNamed)
	if !named {
		return nil
	}
	var out []policy.Port
	for _, p := range g.Ports {
		all := []policy.Port{p}
		if p.IsNamed() {
			if all = r.portNumbers(p, g.To); len(all) == 0 {
				all = []policy.Port{p}
				r.warn(report.NamedPortInEgress, f.ref, f.path.Child("ports"),
					"before Cilium %s a port's name works in egress only while all pods of the cluster that bear it agree on its number, and the number of %q is not known: give numbers", policy.NamedEgressPorts.Introduced(), p.Name)
			}
		}
		out = append(out, all...)
	}
	return out
}

// portsYAML are the ports, or types of ICMP message, of a flow as a Tenant would write
// them, behind its other fields.
func portsYAML(ports []policy.Port) string {
	var icmp, list []string
	for _, p := range policy.MergeProtocols(ports) {
		if p.Protocol == policy.ICMP {
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

// portYAML is a port as a Tenant would write it.
func portYAML(p policy.Port) string {
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
