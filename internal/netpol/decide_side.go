package netpol

import (
	"fmt"
	"slices"
	"strings"

	"go4.org/netipx"

	"github.com/tenantfence/tenantfence/internal/policy"
)

// instance is one of the cases that a flow stands for at one of its ends: one variant of
// the other end, and ports on which the policies say the same.
type instance struct {
	peer  variant
	ports span
	side  policy.Side
	note  string
}

// judge decides one side of a flow: what policies let pass at one end, from or to every
// variant of the other.
func (e *Engine) judge(end policy.Endpoint, of, peers []variant, asked []span, d policy.Direction) (policy.Side, string) {
	if end.Kind != policy.PodEndpoint {
		return unjudged(of)
	}
	rules, isolated := e.at(end, d)
	if !isolated {
		return policy.Side{Decision: policy.Allowed}, ""
	}
	var all []instance
	for _, peer := range peers {
		destination := peer.pod
		if d == policy.Ingress {
			destination = &end
		}
		found := matches(rules, peer, destination)
		for _, a := range asked {
			for _, ports := range cut(a, edges(found)) {
				all = append(all, weigh(found, peer, ports, d))
			}
		}
	}
	return conclude(all)
}

// unjudged is the side of an end that is no pod that is known.
func unjudged(of []variant) (policy.Side, string) {
	for _, v := range of {
		if v.stranger {
			return policy.Side{Decision: policy.Depends}, v.note
		}
	}
	return policy.Side{Decision: policy.NotJudged}, ""
}

// weigh decides one instance.
func weigh(found []match, peer variant, ports span, d policy.Direction) instance {
	out := instance{peer: peer, ports: ports, note: peer.note}
	if isICMP(ports.protocol) {
		out.note = joined(out.note, "NetworkPolicy says nothing of ICMP, and enforcers differ: here it passes where every port does")
	}
	wholly, partly := authors(found, ports)
	passing := passing(found, ports)
	switch known := shareOf(passing, peer.addresses); {
	case len(wholly) > 0:
		out.side = policy.Side{Decision: policy.Allowed, By: wholly}
	case known == whole:
		out.side = policy.Side{Decision: policy.Allowed, By: partly}
	case peer.own && d == policy.Ingress:
		out.side = policy.Side{Decision: policy.Allowed}
		out.note = joined(out.note, "a node always reaches its own pods")
	case len(partly) == 0:
		out.side = policy.Side{Decision: policy.Denied}
	default:
		out.side = policy.Side{Decision: policy.Depends, By: partly}
		if known == part {
			out.note = joined(out.note, fmt.Sprintf("its address %s: what passes is %s", peer.where, spelled(common(passing, peer.addresses))))
		}
	}
	return out
}

// authors are the policies that let everything that the other end may be pass on some
// ports, and those that let a part of it.
func authors(found []match, ports span) (wholly, partly []string) {
	for _, m := range found {
		switch {
		case !m.on(ports):
		case m.share == whole:
			wholly = append(wholly, m.by)
		default:
			partly = append(partly, m.by)
		}
	}
	return sorted(wholly), sorted(partly)
}

// passing are the addresses that pass by parts.
func passing(found []match, ports span) *netipx.IPSet {
	var sets []*netipx.IPSet
	for _, m := range found {
		if m.share == part && m.on(ports) {
			sets = append(sets, m.addresses)
		}
	}
	return union(sets...)
}

func sorted(names []string) []string {
	slices.Sort(names)
	return slices.Compact(names)
}

// conclude is what all instances agree on, and how they differ where they do not.
func conclude(all []instance) (policy.Side, string) {
	side := policy.Side{Decision: all[0].side.Decision}
	var notes []string
	for _, i := range all {
		if i.side.Decision != side.Decision {
			side.Decision = policy.Depends
		}
		side.By = append(side.By, i.side.By...)
		notes = append(notes, i.note)
	}
	side.By = sorted(side.By)
	return side, joined(append([]string{difference(all)}, notes...)...)
}

// difference says which instances are allowed and which denied, where they differ.
func difference(all []instance) string {
	said := telling(all)
	what := map[policy.Decision][]string{}
	for _, i := range all {
		if s := said(i); !slices.Contains(what[i.side.Decision], s) {
			what[i.side.Decision] = append(what[i.side.Decision], s)
		}
	}
	if len(what) < 2 {
		return ""
	}
	var out []string
	for _, d := range []policy.Decision{policy.Allowed, policy.Denied, policy.Depends} {
		if len(what[d]) > 0 {
			out = append(out, string(d)+" "+strings.Join(what[d], " and "))
		}
	}
	return strings.Join(out, ", ")
}

// telling is the shortest name that tells instances apart which are decided differently.
func telling(all []instance) func(instance) string {
	onPorts := func(i instance) string { return "on " + i.ports.String() }
	byPeer := func(i instance) string { return i.peer.what }
	for _, name := range []func(instance) string{byPeer, onPorts} {
		decided := map[string]policy.Decision{}
		tells := true
		for _, i := range all {
			have, ok := decided[name(i)]
			tells = tells && (!ok || have == i.side.Decision)
			decided[name(i)] = i.side.Decision
		}
		if tells {
			return name
		}
	}
	return func(i instance) string { return onPorts(i) + " " + byPeer(i) }
}

func joined(notes ...string) string {
	var said []string
	for _, n := range notes {
		if n != "" && !slices.Contains(said, n) {
			said = append(said, n)
		}
	}
	return strings.Join(said, "; ")
}
