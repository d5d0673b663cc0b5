package netpol

import (
	"fmt"
	"slices"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/flow"
)

// portRange is a range of ports of one protocol, or of types of ICMP. Without a protocol it is
// everything.
type portRange struct {
	protocol    v1alpha1.Protocol
	first, last uint16
}

func (s portRange) String() string {
	return flow.PortRange{Protocol: s.protocol, First: s.first, Last: s.last}.String()
}

// includes reports whether all of another range is in it, adjacent ranges included.
func (s portRange) includes(o portRange) bool {
	return s.protocol == "" || s.protocol == o.protocol && s.first <= o.first && o.last <= s.last
}

var (
	// portProtocols are the protocols that have ports, protocols all that are distinguished, in the
	// order in which they are listed.
	portProtocols = v1alpha1.Protocols()
	protocols     = append(v1alpha1.Protocols(), flow.ICMP, flow.ICMPv6)
)

func isICMP(p v1alpha1.Protocol) bool { return p == flow.ICMP || p == flow.ICMPv6 }

// allPorts returns all ports of a protocol.
func allPorts(p v1alpha1.Protocol) portRange {
	all := flow.AllPorts(p)
	return portRange{p, all.First, all.Last}
}

// splitRange splits a range at the bounds of other ranges.
func splitRange(s portRange, by []portRange) []portRange {
	starts := []int{int(s.first)}
	for _, b := range by {
		if b.protocol != s.protocol {
			continue
		}
		for _, at := range []int{int(b.first), int(b.last) + 1} {
			if at > int(s.first) && at <= int(s.last) {
				starts = append(starts, at)
			}
		}
	}
	slices.Sort(starts)
	starts = slices.Compact(starts)
	out := make([]portRange, len(starts))
	for i, first := range starts {
		out[i] = portRange{s.protocol, uint16(first), s.last}
		if i+1 < len(starts) {
			out[i].last = uint16(starts[i+1] - 1)
		}
	}
	return out
}

// requestedPorts are the ports that a flow is about.
func requestedPorts(f flow.Flow) ([]portRange, error) {
	if f.ICMP != "" {
		v4, v6, known := flow.ICMPTypeNumbers(f.ICMP)
		if !known {
			return nil, fmt.Errorf("unknown ICMP type %q", f.ICMP)
		}
		return []portRange{{flow.ICMP, v4, v4}, {flow.ICMPv6, v6, v6}}, nil
	}
	if f.Port == 0 && f.Protocol == "" {
		var out []portRange
		for _, p := range portProtocols {
			out = append(out, allPorts(p))
		}
		return out, nil
	}
	p, err := protocol(f.Protocol)
	if err != nil || f.Port == 0 {
		return []portRange{allPorts(p)}, err
	}
	return []portRange{{p, f.Port, f.Port}}, nil
}

func protocol(p v1alpha1.Protocol) (v1alpha1.Protocol, error) {
	switch {
	case p == "":
		return v1alpha1.TCP, nil
	case slices.Contains(portProtocols, p):
		return p, nil
	default:
		return "", fmt.Errorf("protocol %q is not TCP, UDP or SCTP", p)
	}
}
