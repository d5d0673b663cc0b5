package engine

import (
	"fmt"
	"slices"

	"github.com/cilium/cilium/pkg/identity"
	ciliumpolicy "github.com/cilium/cilium/pkg/policy"
	"github.com/cilium/cilium/pkg/u8proto"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/flow"
)

// portRange is a range of ports of one protocol with the same policy entries. For ICMP, it is a
// range of types.
type portRange struct {
	proto       u8proto.U8proto
	first, last uint16
}

func (s portRange) String() string { return s.ports().String() }

func (s portRange) whole() bool { return s.ports().IsAllPorts() }

func (s portRange) ports() flow.PortRange {
	return flow.PortRange{Protocol: protocolName(s.proto), First: s.first, Last: s.last}
}

// protocols are those that policies distinguish, in the order of reports.
var protocols = []u8proto.U8proto{u8proto.TCP, u8proto.UDP, u8proto.SCTP, u8proto.ICMP, u8proto.ICMPv6}

var protocolNames = map[u8proto.U8proto]v1alpha1.Protocol{
	u8proto.TCP: v1alpha1.TCP, u8proto.UDP: v1alpha1.UDP, u8proto.SCTP: v1alpha1.SCTP,
	u8proto.ICMP: flow.ICMP, u8proto.ICMPv6: flow.ICMPv6,
}

// protocolName returns the name of a protocol, or "" for all protocols. Protocols without ports
// have Cilium's name.
func protocolName(proto u8proto.U8proto) v1alpha1.Protocol {
	if name, ok := protocolNames[proto]; ok || proto == 0 {
		return name
	}
	return v1alpha1.Protocol(proto.String())
}

func lastPort(proto u8proto.U8proto) uint16 { return flow.AllPorts(protocolName(proto)).Last }

// entries are the entries of a policy map in one direction, by the identity of the peer. An
// entry without a protocol is for all protocols.
type entries map[identity.NumericIdentity][]portRange

// aggregates are the identities that represent many others.
var aggregates = ciliumpolicy.AllAggregates

// entriesOf collects the entries of a policy map once.
func (d *policyMap) entriesOf(dir flow.Direction) entries {
	if e, ok := d.entries[dir]; ok {
		return e
	}
	out := entries{}
	for key := range d.endpointPolicy.Entries() {
		if key.IsIngress() == (dir == flow.Ingress) {
			out[key.Identity] = append(out[key.Identity], portRange{key.Nexthdr, key.DestPort, key.EndPort()})
		}
	}
	d.entries[dir] = out
	return out
}

// protocols returns the protocols that the entries for an identity may affect.
func (e entries) protocols(id identity.NumericIdentity) []u8proto.U8proto {
	out := slices.Clone(protocols)
	for _, candidate := range append([]identity.NumericIdentity{id}, aggregates...) {
		for _, s := range e[candidate] {
			if s.proto != 0 && !slices.Contains(out, s.proto) {
				out = append(out, s.proto)
			}
		}
	}
	slices.Sort(out[len(protocols):])
	return out
}

// portRanges splits all ports of a protocol at the bounds of the entries for an identity.
func (e entries) portRanges(id identity.NumericIdentity, proto u8proto.U8proto) []portRange {
	last := lastPort(proto)
	starts := []int{1}
	add := func(s portRange) {
		if s.proto != proto {
			return
		}
		for _, at := range []int{int(s.first), int(s.last) + 1} {
			if at > 1 && at <= int(last) {
				starts = append(starts, at)
			}
		}
	}
	for _, candidate := range append([]identity.NumericIdentity{id}, aggregates...) {
		for _, s := range e[candidate] {
			add(s)
		}
	}
	slices.Sort(starts)
	starts = slices.Compact(starts)
	out := make([]portRange, len(starts))
	for i, first := range starts {
		out[i] = portRange{proto, uint16(first), last}
		if i+1 < len(starts) {
			out[i].last = uint16(starts[i+1] - 1)
		}
	}
	return out
}

// protocolOf returns the protocol of a flow: one with ports, or ICMP with a type as its port.
func protocolOf(f flow.Flow) (u8proto.U8proto, error) {
	switch f.Protocol {
	case flow.ICMP:
		return u8proto.ICMP, nil
	case flow.ICMPv6:
		return u8proto.ICMPv6, nil
	}
	return protocol(f.Protocol)
}

// requestedPorts returns the ports of a flow, and the protocols with all ports in the flow. It
// omits protocols that agents do not handle, unless the flow names one.
func (e *Engine) requestedPorts(f flow.Flow) ([]portRange, []u8proto.U8proto, error) {
	if f.ICMP != "" {
		v4, v6, known := flow.ICMPTypeNumbers(f.ICMP)
		if !known {
			return nil, nil, fmt.Errorf("unknown ICMP type %q", f.ICMP)
		}
		out := []portRange{{u8proto.ICMP, v4, v4}, {u8proto.ICMPv6, v6, v6}}
		return slices.DeleteFunc(out, func(s portRange) bool { return !e.handles(s.proto) }), nil, nil
	}
	if f.Port == 0 && f.Protocol == "" {
		return nil, e.handledProtocols([]u8proto.U8proto{u8proto.TCP, u8proto.UDP, u8proto.SCTP}), nil
	}
	proto, err := protocolOf(f)
	if err != nil || f.Port == 0 {
		return nil, []u8proto.U8proto{proto}, err
	}
	return []portRange{{proto, f.Port, f.Port}}, nil, nil
}
