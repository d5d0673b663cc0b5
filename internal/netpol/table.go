package netpol

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
)

// table has the policies of a program, compiled for the endpoints of a set.
type table struct {
	program *Program
	set     *endpoints.Set
	cells   cells
	index   index
	// matched are the pods that peers select, by the keys of the peers.
	matched map[string][]endpoints.ID
	// blockCells are the addresses that the networks of a rule have.
	blockCells map[*rule][]int
	peers      []flow.Peer
}

func (t *table) Peers() []flow.Peer             { return t.peers }
func (t *table) Cells() []flow.Cell             { return t.cells }
func (t *table) Protocols() []v1alpha1.Protocol { return flow.Protocols() }

// Class names the policies that select a pod, and its ports.
func (t *table) Class(id endpoints.ID) (string, error) {
	ep := t.set.Of(id)
	if ep.Kind != endpoints.PodEndpoint || ep.Cluster != "" {
		return "", nil
	}
	if err := checkPod(ep); err != nil {
		return "", err
	}
	out := []string{ep.Namespace}
	for _, p := range t.program.policies[ep.Namespace] {
		if p.pods.Matches(labelsOf(ep)) {
			out = append(out, p.id.Name)
		}
	}
	return strings.Join(append(out, fmt.Sprint(ep.Ports)), " "), nil
}

// Selecting implements flow.Table.
func (t *table) Selecting(id endpoints.ID, d flow.Direction) flow.Policies {
	ep := t.set.Of(id)
	if ep.Kind != endpoints.PodEndpoint || ep.Cluster != "" {
		return nil
	}
	var out flow.Policies
	for _, p := range t.program.policies[ep.Namespace] {
		if _, isolates := p.rules[d]; isolates && p.pods.Matches(labelsOf(ep)) {
			out = append(out, p.id)
		}
	}
	return out.Sorted()
}

// At returns what the policies at a pod decide. No policy decides at other endpoints.
func (t *table) At(id endpoints.ID) (flow.Rows, error) {
	ep := t.set.Of(id)
	if ep.Kind != endpoints.PodEndpoint || ep.Cluster != "" {
		return flow.Rows{Egress: flow.Row{NotEnforced: true}, Ingress: flow.Row{NotEnforced: true}}, nil
	}
	if err := checkPod(ep); err != nil {
		return flow.Rows{}, err
	}
	return flow.Rows{Egress: t.row(ep, flow.Egress), Ingress: t.row(ep, flow.Ingress)}, nil
}

func (t *table) row(pod endpoints.Endpoint, d flow.Direction) flow.Row {
	rules, isolated := t.program.rulesAt(pod, d)
	if !isolated {
		return flow.Row{}
	}
	b := rowBuilder{table: t, pod: pod, direction: d, row: flow.Row{Isolated: true, Cases: map[flow.CaseID]int{}, Scopes: map[int]int{}}, byKey: map[string]int{}}
	b.addScopes(rules)
	b.addPods(rules)
	return b.row
}

// rulesAt are the rules of the policies that select a pod. It reports whether any policy selects it.
func (p *Program) rulesAt(pod endpoints.Endpoint, d flow.Direction) (rules []*rule, isolated bool) {
	for _, one := range p.policies[pod.Namespace] {
		if policyRules, isolates := one.rules[d]; isolates && one.pods.Matches(labelsOf(pod)) {
			isolated = true
			rules = append(rules, policyRules...)
		}
	}
	return rules, isolated
}

// rowBuilder collects what policies decide at one pod in one direction.
type rowBuilder struct {
	*table
	pod       endpoints.Endpoint
	direction flow.Direction
	row       flow.Row
	byKey     map[string]int
}

// hit is a rule that allows some ports at some addresses.
type hit struct {
	by flow.PolicyID
	// cells are the addresses. Nil: all.
	cells []int
	ports []flow.PortRange
	// maybe reports that the rule may match.
	maybe bool
}

// addScopes adds what is allowed to endpoints that no selector matches.
func (b *rowBuilder) addScopes(rules []*rule) {
	for _, scope := range []int{pods, outside, ownNode, unknownPod} {
		var hits []hit
		for _, r := range rules {
			hits = append(hits, b.hitsOf(r, scope)...)
		}
		b.row.Scopes[scope] = len(b.row.Lists)
		b.row.Lists = append(b.row.Lists, b.list(hits, scope))
	}
}

// hitsOf are what a rule allows to an endpoint that no selector matches. Only pods give ports a name.
func (b *rowBuilder) hitsOf(r *rule, scope int) []hit {
	var destination []endpoints.NamedPort
	if b.direction == flow.Ingress {
		destination = b.pod.Ports
	}
	var out []hit
	ports := r.portRanges(destination)
	if cells, whole := b.blocks(r); len(ports) > 0 && (whole || len(cells) > 0) {
		out = append(out, hit{by: r.by, cells: cells, ports: ports})
	}
	if scope != unknownPod {
		return out
	}
	selects := slices.ContainsFunc(r.peers, func(p *peer) bool { return !p.isBlock() })
	if selects && len(ports) > 0 {
		out = append(out, hit{by: r.by, ports: ports, maybe: true})
	}
	if possible := r.possiblePorts(); b.direction == flow.Egress && len(possible) > 0 {
		out = append(out, hit{by: r.by, ports: possible, maybe: true})
	}
	return out
}

// addPods adds what is allowed to single pods: those that selectors match, and those that give a port of
// any other rule its name.
func (b *rowBuilder) addPods(rules []*rule) {
	selected := map[endpoints.ID]map[int]bool{}
	for i, r := range rules {
		for _, p := range r.peers {
			for _, id := range b.matched[p.key] {
				if selected[id] == nil {
					selected[id] = map[int]bool{}
				}
				selected[id][i] = true
			}
		}
		if blocks, whole := b.blocks(r); b.direction == flow.Egress && len(r.possiblePorts()) > 0 && (whole || len(blocks) > 0) {
			b.addNaming(selected)
		}
	}
	for id, of := range selected {
		b.addPod(id, of, rules)
	}
}

// addNaming adds the pods that give ports a name.
func (b *rowBuilder) addNaming(selected map[endpoints.ID]map[int]bool) {
	for _, ep := range b.set.Endpoints {
		if id := ep.ID; ep.Kind == endpoints.PodEndpoint && len(ep.Ports) > 0 && selected[id] == nil {
			selected[id] = map[int]bool{}
		}
	}
}

// addPod adds the list of a pod, once for all pods that are alike.
func (b *rowBuilder) addPod(id endpoints.ID, selectedBy map[int]bool, rules []*rule) {
	destination := b.pod.Ports
	if b.direction == flow.Egress {
		destination = b.set.Of(id).Ports
	}
	var key []byte
	for i := range rules {
		if selectedBy[i] {
			key = fmt.Appendf(key, "%d ", i)
		}
	}
	key = fmt.Append(key, destination)
	at, done := b.byKey[string(key)]
	if !done {
		var hits []hit
		for i, r := range rules {
			cells, whole := b.blocks(r)
			ports := r.portRanges(destination)
			switch {
			case len(ports) == 0:
			case whole || selectedBy[i]:
				hits = append(hits, hit{by: r.by, ports: ports})
			case len(cells) > 0:
				hits = append(hits, hit{by: r.by, cells: cells, ports: ports})
			}
		}
		at = len(b.row.Lists)
		b.byKey[string(key)] = at
		b.row.Lists = append(b.row.Lists, b.list(hits, pods))
	}
	b.row.Cases[caseOf(id)] = at
}

// icmpNote is part of every decision about ICMP.
const icmpNote = "NetworkPolicy does not define ICMP, and enforcers differ: here it is allowed where every port is"

// list returns the entries for hits, in the order of their ports.
func (b *rowBuilder) list(hits []hit, scope int) []flow.Entry {
	var bounds []flow.PortRange
	for _, h := range hits {
		bounds = append(bounds, h.ports...)
	}
	var out []flow.Entry
	for _, p := range flow.Protocols() {
		for _, ports := range flow.AllPorts(p).Split(bounds) {
			here := slices.DeleteFunc(slices.Clone(hits), func(h hit) bool {
				return !slices.ContainsFunc(h.ports, func(r flow.PortRange) bool { return r.Includes(ports) })
			})
			entries := b.entriesAt(here, scope)
			if len(entries) == 0 && flow.IsICMP(p) {
				entries = []flow.Entry{{Deny: true}}
			}
			for _, e := range entries {
				if e.Ports = ports; flow.IsICMP(p) {
					e.Note = strings.Trim(icmpNote+"; "+e.Note, "; ")
				}
				out = append(out, e)
			}
		}
	}
	return out
}

// entriesAt returns what hits on the same ports decide: the policies that allow each part of the addresses.
func (b *rowBuilder) entriesAt(hits []hit, scope int) []flow.Entry {
	var full, maybe flow.Policies
	byCell := map[int]flow.Policies{}
	for _, h := range hits {
		switch {
		case h.maybe:
			maybe = append(maybe, h.by)
		case h.cells == nil:
			full = append(full, h.by)
		}
		for _, c := range h.cells {
			byCell[c] = append(byCell[c], h.by)
		}
	}
	if len(full) > 0 && len(byCell) == 0 {
		return []flow.Entry{{Policies: full.Sorted()}}
	}
	out, rest := b.entriesByCell(full, byCell)
	switch {
	case len(rest) == 0:
	case len(full) > 0:
		out = append(out, flow.Entry{Cells: rest, Policies: full.Sorted()})
	case scope == ownNode && b.direction == flow.Ingress:
		out = append(out, flow.Entry{Cells: rest, Own: true, Note: "a node always reaches its own pods"})
	case len(maybe) > 0:
		out = append(out, flow.Entry{Cells: rest, Maybe: true, Policies: maybe.Sorted()})
	}
	return out
}

// entriesByCell returns an entry for the addresses that the same policies allow, and the addresses that only
// policies for all addresses allow, or none.
func (b *rowBuilder) entriesByCell(full flow.Policies, byCell map[int]flow.Policies) (out []flow.Entry, rest []int) {
	for c := range b.cells {
		if len(byCell[c]) == 0 {
			rest = append(rest, c)
			continue
		}
		policies := slices.Concat(full, byCell[c]).Sorted()
		at := slices.IndexFunc(out, func(e flow.Entry) bool { return slices.Equal(e.Policies, policies) })
		if at < 0 {
			at = len(out)
			out = append(out, flow.Entry{Policies: policies})
		}
		out[at].Cells = append(out[at].Cells, c)
	}
	return out, rest
}
