package engine

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	ciliumpolicy "github.com/cilium/cilium/pkg/policy"

	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
)

// instance is one case of a flow on one side: one identity of the peer, and a range of ports
// with the same policy entries.
type instance struct {
	peer  variant
	ports portRange
	side  flow.Side
}

// decideSide decides one side of a flow: whether the pod's policies allow the peer, on each of
// the flow's ports.
func (e *Engine) decideSide(pod endpoints.Endpoint, peers []variant, f flow.Flow, dir flow.Direction) (flow.Side, string, error) {
	d, err := e.policyOf(pod)
	if err != nil {
		return flow.Side{}, "", err
	}
	all, err := e.instances(d, peers, f, dir)
	if err != nil {
		return flow.Side{}, "", err
	}
	var notes []string
	for i := range all {
		var note string
		if all[i].side, note, err = e.decideInstance(d, all[i], f, dir); err != nil {
			return flow.Side{}, "", err
		}
		notes = append(notes, note)
	}
	all = slices.DeleteFunc(all, func(i instance) bool { return i.ownNode(pod, dir) })
	if side, ok := agreedSide(all); ok {
		return side, joinNotes(notes), nil
	}
	return flow.Side{Decision: flow.Depends, Policies: union(all)}, joinNotes(append([]string{difference(all)}, notes...)), nil
}

func (e *Engine) instances(d *policyMap, peers []variant, f flow.Flow, dir flow.Direction) ([]instance, error) {
	requested, allPorts, err := e.requestedPorts(f)
	if err != nil {
		return nil, err
	}
	var out []instance
	for _, peer := range peers {
		ports := slices.Clone(requested)
		for _, proto := range allPorts {
			ports = append(ports, d.entriesOf(dir).portRanges(peer.id.ID, proto)...)
		}
		for _, p := range ports {
			out = append(out, instance{peer: peer, ports: p})
		}
	}
	return out, nil
}

func keyOf(dir flow.Direction, ports portRange) ciliumpolicy.Key {
	key := ciliumpolicy.IngressKey()
	if dir == flow.Egress {
		key = ciliumpolicy.EgressKey()
	}
	return key.WithPortProto(ports.proto, ports.first)
}

func (e *Engine) decideInstance(d *policyMap, i instance, f flow.Flow, dir flow.Direction) (flow.Side, string, error) {
	key, peer := keyOf(dir, i.ports), i.peer
	if !e.handles(i.ports.proto) {
		return flow.Side{Decision: flow.Denied}, fmt.Sprintf("agents drop %s: %s is %s", protocolName(i.ports.proto), cilium.EnableSCTP, e.agent.Value(cilium.EnableSCTP)), nil
	}
	if policies := e.unauthenticated(d, key.WithIdentity(peer.id.ID)); len(policies) > 0 {
		return flow.Side{Decision: flow.Denied, Policies: policies}, fmt.Sprintf("%s requires authentication, and agents do not authenticate: %s is %s, and %s is %s", strings.Join(policies, ", "),
			cilium.MeshAuth, e.agent.Value(cilium.MeshAuth), cilium.MeshAuthMutual, e.agent.Value(cilium.MeshAuthMutual)), nil
	}
	side, note, err := narrowToRequest(e.lookup(d, key, peer.id), f)
	if peer.unresolved == nil || side.Decision == flow.Denied || err != nil {
		return side, note, err
	}
	// A policy that allows the address itself does not depend on DNS.
	byAddress, _, unknown := narrowToRequest(e.lookup(d, key, peer.unresolved), f)
	if unknown == nil && byAddress.Decision == flow.Allowed {
		return byAddress, "", nil
	}
	mayLookUp, err := d.mayLookUp(peer.name)
	if err != nil || mayLookUp || unknown != nil {
		if !mayLookUp {
			err = cmp.Or(err, unknown)
		}
		return side, "", err
	}
	note = fmt.Sprintf("the name is never resolved through the DNS proxy: %s would allow %s, but no DNS rule allows the pod to query it over UDP",
		strings.Join(side.Policies, ", "), strings.TrimSuffix(peer.name, "."))
	return flow.Side{Decision: flow.Denied}, note, nil
}

// ownNode reports whether the peer is the pod's own node, and allowed. Cilium allows it unless
// a policy denies it, so the other nodes decide the flow.
func (i instance) ownNode(pod endpoints.Endpoint, dir flow.Direction) bool {
	return pod.Kind == endpoints.PodEndpoint && dir == flow.Ingress && i.peer.ownNode && i.side.Decision == flow.Allowed
}

// agreedSide returns the decision of all instances. It reports false if they differ.
func agreedSide(all []instance) (flow.Side, bool) {
	for _, i := range all {
		if i.side.Decision != all[0].side.Decision {
			return flow.Side{}, false
		}
	}
	out := flow.Side{Decision: all[0].side.Decision, Policies: union(all), L7: all[0].side.L7}
	for _, i := range all {
		out.L7 = common(out.L7, i.side.L7)
	}
	return out, true
}

// common returns the L7 rules that two cases of a flow share: only what both of them allow.
func common(a, b flow.L7) flow.L7 {
	switch {
	case a.Equal(b), b.Unrestricted():
		return a
	case a.Unrestricted():
		return b
	}
	notIn := func(list []string) func(string) bool {
		return func(n string) bool { return !slices.Contains(list, n) }
	}
	out := flow.L7{
		HTTP:        slices.DeleteFunc(slices.Clone(a.HTTP), func(r flow.HTTPRule) bool { return !slices.ContainsFunc(b.HTTP, r.Equal) }),
		ServerNames: slices.DeleteFunc(slices.Clone(a.ServerNames), notIn(b.ServerNames)),
		DNS:         slices.DeleteFunc(slices.Clone(a.DNS), notIn(b.DNS)),
	}
	if out.Unrestricted() {
		out.Other = "a different rule in each of its cases"
	}
	return out
}

func union(all []instance) []string {
	var policies []string
	for _, i := range all {
		policies = append(policies, i.side.Policies...)
	}
	slices.Sort(policies)
	return slices.Compact(policies)
}

// difference describes which instances are allowed and which are denied.
func difference(all []instance) string {
	cases := map[flow.Decision][]string{}
	for _, i := range all {
		if text := i.distinction(all); !slices.Contains(cases[i.side.Decision], text) {
			cases[i.side.Decision] = append(cases[i.side.Decision], text)
		}
	}
	return fmt.Sprintf("allowed %s, denied %s",
		strings.Join(cases[flow.Allowed], " and "), strings.Join(cases[flow.Denied], " and "))
}

// distinction describes how an instance differs from the others.
func (i instance) distinction(all []instance) string {
	var out []string
	if slices.ContainsFunc(all, func(o instance) bool { return o.ports != i.ports }) {
		out = append(out, "on "+i.ports.String())
	}
	if slices.ContainsFunc(all, func(o instance) bool { return o.peer.when != i.peer.when }) {
		out = append(out, i.peer.when)
	}
	return strings.Join(out, " ")
}

func joinNotes(notes []string) string {
	var text []string
	for _, n := range notes {
		if n != "" && !slices.Contains(text, n) {
			text = append(text, n)
		}
	}
	return strings.Join(text, "; ")
}
