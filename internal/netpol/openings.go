package netpol

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
)

// Openings goes through the rules of the policies that select a pod: its cost depends on what they
// match, not on the number of endpoints. Access from the pod's own node is no opening, as no policy
// can deny it.
//
// A pod is a peer of an ipBlock that has a part of its possible addresses. The world, nodes and the
// apiserver represent the rest of their addresses: each network that something distinguishes has an
// address of its own.
func (e *Engine) Openings(pod endpoints.Endpoint, d flow.Direction) ([]flow.Opening, error) {
	if err := checkPod(pod); err != nil {
		return nil, fmt.Errorf("%s of %s: %w", d, pod.Name, err)
	}
	rules, isolated := e.rulesAt(pod, d)
	if !isolated {
		all := allPorts("")
		return []flow.Opening{{First: all.first, Last: all.last}}, nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	o := openingCollector{index: e.index, rules: rules, pod: pod, direction: d, allowEntries: map[string][]allowEntry{}, byKey: map[string]int{}}
	byKnown := map[int][]ruleMatch{}
	for i, r := range rules {
		for _, m := range e.index.matchedBy(r) {
			byKnown[m.known] = append(byKnown[m.known], ruleMatch{i, m.share})
		}
	}
	for _, i := range slices.Sorted(maps.Keys(byKnown)) {
		o.open(i, byKnown[i])
	}
	return o.sorted(), nil
}

// ruleMatch is one of a pod's rules that matches an endpoint.
type ruleMatch struct {
	rule  int
	share share
}

// allowEntry is a range of ports that is open by some policies.
type allowEntry struct {
	ports portRange
	by    []string
	// partial reports that they are open to a part of the endpoint's addresses.
	partial bool
	// key is equal for the same.
	key string
}

// openingCollector collects the openings of one pod in one direction.
type openingCollector struct {
	index     *index
	rules     []*rule
	pod       endpoints.Endpoint
	direction flow.Direction
	// allowEntries are those of endpoints that pass alike.
	allowEntries map[string][]allowEntry
	// buffer is for the keys of allow entries: each endpoint has one.
	buffer []byte
	out    []flow.Opening
	// byKey finds an opening by all but its peers.
	byKey map[string]int
}

// open adds what passes from or to one endpoint.
func (o *openingCollector) open(known int, by []ruleMatch) {
	peer := o.index.known[known].endpoint
	destination := &o.pod
	if o.direction == flow.Egress {
		if destination = nil; peer.Kind == endpoints.PodEndpoint {
			destination = &peer
		}
	}
	o.buffer = o.buffer[:0]
	for _, f := range by {
		o.buffer = append(strconv.AppendInt(o.buffer, int64(f.rule), 10), byte('a'+f.share))
	}
	if destination != nil && len(destination.Ports) > 0 {
		o.buffer = fmt.Append(o.buffer, destination.Ports)
	}
	entries, ok := o.allowEntries[string(o.buffer)]
	if !ok {
		entries = allowEntries(o.matches(by, destination))
		o.allowEntries[string(o.buffer)] = entries
	}
	for _, p := range entries {
		o.add(p, peer)
	}
}

func (o *openingCollector) matches(by []ruleMatch, destination *endpoints.Endpoint) []match {
	var out []match
	for _, f := range by {
		r := o.rules[f.rule]
		out = append(out, match{by: r.by, share: f.share, ports: r.portRanges(destination)})
	}
	return out
}

// allowEntries returns the allowed ports. Policies that allow a part of the peer are listed one by
// one: each may allow another part.
func allowEntries(all []match) []allowEntry {
	portRanges, entryByKey := map[string][]portRange{}, map[string]allowEntry{}
	add := func(s portRange, by []string, partial bool) {
		key := fmt.Sprintf("%s %v", strings.Join(by, " "), partial)
		entryByKey[key] = allowEntry{by: by, partial: partial}
		if n := len(portRanges[key]) - 1; n >= 0 && portRanges[key][n].protocol == s.protocol && portRanges[key][n].last+1 == s.first {
			portRanges[key][n].last = s.last
			return
		}
		portRanges[key] = append(portRanges[key], s)
	}
	for _, p := range protocols {
		for _, s := range splitRange(allPorts(p), portBoundaries(all)) {
			full, partial := policiesOf(all, s)
			if len(full) > 0 {
				add(s, full, false)
				continue
			}
			for _, name := range partial {
				add(s, []string{name}, true)
			}
		}
	}
	var out []allowEntry
	for _, key := range slices.Sorted(maps.Keys(portRanges)) {
		for _, s := range mergeProtocols(portRanges[key]) {
			p := entryByKey[key]
			out = append(out, allowEntry{s, p.by, p.partial, fmt.Sprintf("%v %s", s, key)})
		}
	}
	return out
}

// mergeProtocols returns one range for all protocols if the ranges cover every port of every
// protocol.
func mergeProtocols(portRanges []portRange) []portRange {
	if len(portRanges) != len(protocols) {
		return portRanges
	}
	for _, s := range portRanges {
		if s != allPorts(s.protocol) {
			return portRanges
		}
	}
	return []portRange{allPorts("")}
}

func (o *openingCollector) add(p allowEntry, peer endpoints.Endpoint) {
	i, ok := o.byKey[p.key]
	if !ok {
		i = len(o.out)
		o.byKey[p.key] = i
		o.out = append(o.out, flow.Opening{First: p.ports.first, Last: p.ports.last, Protocol: p.ports.protocol, Policies: slices.Clone(p.by), Partial: p.partial})
	}
	o.out[i].Peers = append(o.out[i].Peers, peer)
}

func (o *openingCollector) sorted() []flow.Opening {
	rank := func(p v1alpha1.Protocol) int { return slices.Index(protocols, p) }
	slices.SortFunc(o.out, func(a, b flow.Opening) int {
		return cmp.Or(cmp.Compare(rank(a.Protocol), rank(b.Protocol)), cmp.Compare(a.First, b.First), cmp.Compare(a.Last, b.Last),
			cmp.Compare(strings.Join(a.Policies, " "), strings.Join(b.Policies, " ")))
	})
	return o.out
}
