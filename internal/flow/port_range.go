package flow

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
)

// The protocols of a PortRange that the API does not have.
const (
	ICMP   v1alpha1.Protocol = "ICMP"
	ICMPv6 v1alpha1.Protocol = "ICMPv6"
)

// Protocols returns the protocols that policies distinguish, in the order of reports.
func Protocols() []v1alpha1.Protocol { return append(v1alpha1.Protocols(), ICMP, ICMPv6) }

// PortRange is the range of ports of a protocol from First to Last. For ICMP, the ports are types
// of message. Without a protocol it is every port of every protocol.
type PortRange struct {
	Protocol    v1alpha1.Protocol
	First, Last uint16
}

// AllPorts is the full range of a protocol or, without one, of all.
func AllPorts(p v1alpha1.Protocol) PortRange {
	if IsICMP(p) {
		return PortRange{p, 1, 255}
	}
	return PortRange{p, 1, 65535}
}

// IsICMP reports whether the ports of a protocol are types of message.
func IsICMP(p v1alpha1.Protocol) bool { return p == ICMP || p == ICMPv6 }

// IsAllPorts reports whether the range is the full range of its protocol.
func (r PortRange) IsAllPorts() bool { return r == AllPorts(r.Protocol) }

// String is "443/TCP", "1-52/TCP" or "every port/TCP".
func (r PortRange) String() string {
	port := r.Number()
	if r.IsAllPorts() {
		port = "every port"
	}
	return port + "/" + string(r.Protocol)
}

// Number is the range without its protocol: "443" or "1-52".
func (r PortRange) Number() string {
	if r.First == r.Last {
		return fmt.Sprint(r.First)
	}
	return fmt.Sprintf("%d-%d", r.First, r.Last)
}

// Compare orders ranges by protocol and ports.
func (r PortRange) Compare(o PortRange) int {
	return cmp.Or(cmp.Compare(r.Protocol, o.Protocol), cmp.Compare(r.First, o.First), cmp.Compare(r.Last, o.Last))
}

func (r PortRange) sameProtocol(o PortRange) bool {
	return r.Protocol == "" || o.Protocol == "" || r.Protocol == o.Protocol
}

// Overlaps reports whether two ranges have a port in common.
func (r PortRange) Overlaps(o PortRange) bool {
	return r.sameProtocol(o) && r.First <= o.Last && o.First <= r.Last
}

// Common returns the ports that two ranges have in common, and reports whether any exist.
func (r PortRange) Common(o PortRange) (PortRange, bool) {
	if !r.Overlaps(o) {
		return PortRange{}, false
	}
	out := PortRange{cmp.Or(r.Protocol, o.Protocol), max(r.First, o.First), min(r.Last, o.Last)}
	if r.Protocol == "" && r.IsAllPorts() {
		out = o
	} else if o.Protocol == "" && o.IsAllPorts() {
		out = r
	}
	return out, true
}

// Includes reports whether the range has all ports of another.
func (r PortRange) Includes(o PortRange) bool {
	return (r.Protocol == "" || r.Protocol == o.Protocol) && r.First <= o.First && o.Last <= r.Last
}

// Without returns the parts of the range that no other range has.
func (r PortRange) Without(others []PortRange) []PortRange {
	rest := []PortRange{r}
	for _, o := range others {
		if o.Protocol != "" && o.Protocol != r.Protocol {
			continue
		}
		var next []PortRange
		for _, p := range rest {
			if o.Last < p.First || p.Last < o.First {
				next = append(next, p)
				continue
			}
			if p.First < o.First {
				next = append(next, PortRange{p.Protocol, p.First, o.First - 1})
			}
			if o.Last < p.Last {
				next = append(next, PortRange{p.Protocol, o.Last + 1, p.Last})
			}
		}
		rest = next
	}
	return rest
}

// Split cuts the range where others of its protocol begin or end.
func (r PortRange) Split(others []PortRange) []PortRange {
	starts := []int{int(r.First)}
	for _, o := range others {
		if o.Protocol != r.Protocol {
			continue
		}
		for _, at := range []int{int(o.First), int(o.Last) + 1} {
			if at > int(r.First) && at <= int(r.Last) {
				starts = append(starts, at)
			}
		}
	}
	slices.Sort(starts)
	starts = slices.Compact(starts)
	out := make([]PortRange, len(starts))
	for i, first := range starts {
		out[i] = PortRange{r.Protocol, uint16(first), r.Last}
		if i+1 < len(starts) {
			out[i].Last = uint16(starts[i+1] - 1)
		}
	}
	return out
}

// MergeRanges returns the union of ranges, sorted by protocol, in as few ranges as possible.
func MergeRanges(ranges []PortRange) []PortRange {
	if slices.ContainsFunc(ranges, func(r PortRange) bool { return r.Protocol == "" && r.First <= 1 && r.Last == 65535 }) {
		return []PortRange{AllPorts("")}
	}
	var out []PortRange
	for _, r := range slices.SortedFunc(slices.Values(ranges), PortRange.Compare) {
		if n := len(out); n > 0 && out[n-1].Protocol == r.Protocol && int(r.First) <= int(out[n-1].Last)+1 {
			out[n-1].Last = max(out[n-1].Last, r.Last)
			continue
		}
		out = append(out, r)
	}
	return out
}

// PortRanges returns the ports of a flow. A flow without port and protocol has those of every protocol
// that has ports.
func (f Flow) PortRanges() ([]PortRange, error) {
	if f.ICMP != "" {
		v4, v6, known := ICMPTypeNumbers(f.ICMP)
		if !known {
			return nil, fmt.Errorf("unknown ICMP type %q", f.ICMP)
		}
		return []PortRange{{ICMP, v4, v4}, {ICMPv6, v6, v6}}, nil
	}
	protocol := cmp.Or(f.Protocol, v1alpha1.TCP)
	switch {
	case f.Port == 0 && f.Protocol == "":
		var out []PortRange
		for _, p := range v1alpha1.Protocols() {
			out = append(out, AllPorts(p))
		}
		return out, nil
	case !slices.Contains(Protocols(), protocol):
		return nil, fmt.Errorf("protocol %q is not TCP, UDP or SCTP", protocol)
	case f.Port == 0:
		return []PortRange{AllPorts(protocol)}, nil
	}
	return []PortRange{{protocol, f.Port, f.Port}}, nil
}

// Text is "port 80/TCP", "ports 80-90/TCP" or "every port of TCP", and for ICMP the same with
// types.
func (r PortRange) Text() string {
	if r.Protocol == "" {
		return "every port of every protocol"
	}
	icmp := IsICMP(r.Protocol)
	switch all := r.IsAllPorts(); {
	case icmp && all:
		return "every " + string(r.Protocol) + " type"
	case icmp && r.First == r.Last:
		return fmt.Sprintf("%s type %d", r.Protocol, r.First)
	case icmp:
		return fmt.Sprintf("%s types %d-%d", r.Protocol, r.First, r.Last)
	case all:
		return "every port of " + string(r.Protocol)
	case r.First == r.Last:
		return fmt.Sprintf("port %d/%s", r.First, r.Protocol)
	default:
		return fmt.Sprintf("ports %d-%d/%s", r.First, r.Last, r.Protocol)
	}
}
