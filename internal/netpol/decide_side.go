package netpol

import (
	"fmt"
	"slices"
	"strings"

	"go4.org/netipx"

	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
)

// instance is one case of the other endpoint: one variant, and a range of ports with the same
// rules.
type instance struct {
	peer  variant
	ports portRange
	side  flow.Side
	note  string
}

// decideSide decides one side of a flow: what policies allow there, from or to every variant of the
// other endpoint.
func (e *Engine) decideSide(end endpoints.Endpoint, of, peers []variant, asked []portRange, d flow.Direction) (flow.Side, string) {
	if end.Kind != endpoints.PodEndpoint {
		return sideOfNonPod(of)
	}
	rules, isolated := e.rulesAt(end, d)
	if !isolated {
		return flow.Side{Decision: flow.Allowed}, ""
	}
	var all []instance
	for _, peer := range peers {
		destination := peer.pod
		if d == flow.Ingress {
			destination = &end
		}
		found := matches(rules, peer, destination)
		for _, a := range asked {
			for _, ports := range splitRange(a, portBoundaries(found)) {
				all = append(all, decideInstance(found, peer, ports, d))
			}
		}
	}
	return combine(all)
}

// sideOfNonPod is the side of an endpoint that is not a known pod.
func sideOfNonPod(of []variant) (flow.Side, string) {
	for _, v := range of {
		if v.unknownPod {
			return flow.Side{Decision: flow.Depends}, v.note
		}
	}
	return flow.Side{Decision: flow.NotEnforced}, ""
}

// decideInstance decides one instance.
func decideInstance(found []match, peer variant, ports portRange, d flow.Direction) instance {
	out := instance{peer: peer, ports: ports, note: peer.note}
	if isICMP(ports.protocol) {
		out.note = joinNotes(out.note, "NetworkPolicy does not define ICMP, and enforcers differ: here it is allowed where every port is")
	}
	full, partial := policiesOf(found, ports)
	allowedAddresses := allowedAddresses(found, ports)
	switch known := shareOf(allowedAddresses, peer.addresses); {
	case len(full) > 0:
		out.side = flow.Side{Decision: flow.Allowed, Policies: full}
	case known == whole:
		out.side = flow.Side{Decision: flow.Allowed, Policies: partial}
	case peer.own && d == flow.Ingress:
		out.side = flow.Side{Decision: flow.Allowed}
		out.note = joinNotes(out.note, "a node always reaches its own pods")
	case len(partial) == 0:
		out.side = flow.Side{Decision: flow.Denied}
	default:
		out.side = flow.Side{Decision: flow.Depends, Policies: partial}
		if known == part {
			out.note = joinNotes(out.note, fmt.Sprintf("its address %s: what passes is %s", peer.where, formatSet(intersection(allowedAddresses, peer.addresses))))
		}
	}
	return out
}

// policiesOf are the policies that allow all variants of the other endpoint on some ports, and
// those that allow a part of them.
func policiesOf(found []match, ports portRange) (full, partial []string) {
	for _, m := range found {
		switch {
		case !m.covers(ports):
		case m.share == whole:
			full = append(full, m.by)
		default:
			partial = append(partial, m.by)
		}
	}
	return sortedUnique(full), sortedUnique(partial)
}

// allowedAddresses returns the addresses that partial matches allow.
func allowedAddresses(found []match, ports portRange) *netipx.IPSet {
	var sets []*netipx.IPSet
	for _, m := range found {
		if m.share == part && m.covers(ports) {
			sets = append(sets, m.addresses)
		}
	}
	return union(sets...)
}

func sortedUnique(names []string) []string {
	slices.Sort(names)
	return slices.Compact(names)
}

// combine returns the common decision of all instances, or Depends with a note about the
// differences.
func combine(all []instance) (flow.Side, string) {
	side := flow.Side{Decision: all[0].side.Decision}
	var notes []string
	for _, i := range all {
		if i.side.Decision != side.Decision {
			side.Decision = flow.Depends
		}
		side.Policies = append(side.Policies, i.side.Policies...)
		notes = append(notes, i.note)
	}
	side.Policies = sortedUnique(side.Policies)
	return side, joinNotes(append([]string{difference(all)}, notes...)...)
}

// difference lists which instances are allowed and which denied, where they differ.
func difference(all []instance) string {
	text := distinguishingText(all)
	what := map[flow.Decision][]string{}
	for _, i := range all {
		if s := text(i); !slices.Contains(what[i.side.Decision], s) {
			what[i.side.Decision] = append(what[i.side.Decision], s)
		}
	}
	if len(what) < 2 {
		return ""
	}
	var out []string
	for _, d := range []flow.Decision{flow.Allowed, flow.Denied, flow.Depends} {
		if len(what[d]) > 0 {
			out = append(out, string(d)+" "+strings.Join(what[d], " and "))
		}
	}
	return strings.Join(out, ", ")
}

// distinguishingText returns the shortest name that distinguishes instances with different
// decisions.
func distinguishingText(all []instance) func(instance) string {
	onPorts := func(i instance) string { return "on " + i.ports.String() }
	byPeer := func(i instance) string { return i.peer.what }
	for _, name := range []func(instance) string{byPeer, onPorts} {
		decided := map[string]flow.Decision{}
		distinct := true
		for _, i := range all {
			have, ok := decided[name(i)]
			distinct = distinct && (!ok || have == i.side.Decision)
			decided[name(i)] = i.side.Decision
		}
		if distinct {
			return name
		}
	}
	return func(i instance) string { return onPorts(i) + " " + byPeer(i) }
}

func joinNotes(notes ...string) string {
	var text []string
	for _, n := range notes {
		if n != "" && !slices.Contains(text, n) {
			text = append(text, n)
		}
	}
	return strings.Join(text, "; ")
}
