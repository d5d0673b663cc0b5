package netpol

import (
	"fmt"
	"slices"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
)

// span is a range of ports of one protocol, or of types of ICMP. Without a protocol it is
// everything.
type span struct {
	protocol    v1alpha1.Protocol
	first, last uint16
}

func (s span) String() string {
	return policy.PortRange{Protocol: s.protocol, First: s.first, Last: s.last}.String()
}

// has says whether all of another is in it, which lies in it or beside it.
func (s span) has(o span) bool {
	return s.protocol == "" || s.protocol == o.protocol && s.first <= o.first && o.last <= s.last
}

var (
	// ported are the protocols that have ports, protocols all that are told apart, in the
	// order in which they are said.
	ported    = v1alpha1.Protocols()
	protocols = append(v1alpha1.Protocols(), policy.ICMP, policy.ICMPv6)
)

func isICMP(p v1alpha1.Protocol) bool { return p == policy.ICMP || p == policy.ICMPv6 }

// every is all that a protocol has.
func every(p v1alpha1.Protocol) span {
	all := policy.EveryPort(p)
	return span{p, all.First, all.Last}
}

// cut splits a span where another one of some begins or ends.
func cut(s span, by []span) []span {
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
	out := make([]span, len(starts))
	for i, first := range starts {
		out[i] = span{s.protocol, uint16(first), s.last}
		if i+1 < len(starts) {
			out[i].last = uint16(starts[i+1] - 1)
		}
	}
	return out
}

// asks are the ports that a flow is about.
func asks(f policy.Flow) ([]span, error) {
	if f.ICMP != "" {
		v4, v6, known := policy.ICMPTypes(f.ICMP)
		if !known {
			return nil, fmt.Errorf("unknown ICMP type %q", f.ICMP)
		}
		return []span{{policy.ICMP, v4, v4}, {policy.ICMPv6, v6, v6}}, nil
	}
	if f.Port == 0 && f.Protocol == "" {
		var out []span
		for _, p := range ported {
			out = append(out, every(p))
		}
		return out, nil
	}
	p, err := protocol(f.Protocol)
	if err != nil || f.Port == 0 {
		return []span{every(p)}, err
	}
	return []span{{p, f.Port, f.Port}}, nil
}

func protocol(p v1alpha1.Protocol) (v1alpha1.Protocol, error) {
	switch {
	case p == "":
		return v1alpha1.TCP, nil
	case slices.Contains(ported, p):
		return p, nil
	default:
		return "", fmt.Errorf("protocol %q is not TCP, UDP or SCTP", p)
	}
}
