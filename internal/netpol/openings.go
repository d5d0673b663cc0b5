package netpol

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
)

// Openings goes through the rules of the policies that select a pod: its cost is that of
// what they match, not of all that there is. That the node reaches its own pods is no
// opening, as no policy could close it.
//
// Where an ipBlock has a part of the addresses that a pod may have, that pod is a peer.
// The world, nodes and the apiserver stand for the rest of their addresses, beside the
// networks that somebody tells apart: of these an address each is known by itself.
func (e *Engine) Openings(pod policy.Endpoint, d policy.Direction) ([]policy.Opening, error) {
	if err := checkPod(pod); err != nil {
		return nil, fmt.Errorf("%s of %s: %w", d, pod.Name, err)
	}
	rules, isolated := e.at(pod, d)
	if !isolated {
		all := every("")
		return []policy.Opening{{First: all.first, Last: all.last}}, nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	o := opener{index: e.index, rules: rules, pod: pod, direction: d, passages: map[string][]passage{}, at: map[string]int{}}
	byKnown := map[int][]found{}
	for i, r := range rules {
		for _, m := range e.index.of(r) {
			byKnown[m.known] = append(byKnown[m.known], found{i, m.share})
		}
	}
	for _, i := range slices.Sorted(maps.Keys(byKnown)) {
		o.open(i, byKnown[i])
	}
	return o.sorted(), nil
}

// found is one of a pod's rules that matches an endpoint.
type found struct {
	rule  int
	share share
}

// passage is a range of ports that is open by some policies.
type passage struct {
	ports span
	by    []string
	// partial reports that they are open to a part of the endpoint's addresses.
	partial bool
	// key is equal for the same.
	key string
}

// opener collects the openings of one pod in one direction.
type opener struct {
	index     *index
	rules     []*rule
	pod       policy.Endpoint
	direction policy.Direction
	// passages are those of endpoints that pass alike.
	passages map[string][]passage
	// buffer is for the keys of passages: there is one for every endpoint.
	buffer []byte
	out    []policy.Opening
	// at finds an opening by all but its peers.
	at map[string]int
}

// open adds what passes from or to one endpoint.
func (o *opener) open(known int, by []found) {
	peer := o.index.known[known].endpoint
	destination := &o.pod
	if o.direction == policy.Egress {
		if destination = nil; peer.Kind == policy.PodEndpoint {
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
	through, ok := o.passages[string(o.buffer)]
	if !ok {
		through = passages(o.matches(by, destination))
		o.passages[string(o.buffer)] = through
	}
	for _, p := range through {
		o.add(p, peer)
	}
}

func (o *opener) matches(by []found, destination *policy.Endpoint) []match {
	var out []match
	for _, f := range by {
		r := o.rules[f.rule]
		out = append(out, match{by: r.by, share: f.share, ports: r.spans(destination)})
	}
	return out
}

// passages are the ports that are open. Policies that let a part of the peer pass are
// told one by one: what the one lets pass, another may not.
func passages(all []match) []passage {
	spans, authored := map[string][]span{}, map[string]passage{}
	add := func(s span, by []string, partial bool) {
		key := fmt.Sprintf("%s %v", strings.Join(by, " "), partial)
		authored[key] = passage{by: by, partial: partial}
		if n := len(spans[key]) - 1; n >= 0 && spans[key][n].protocol == s.protocol && spans[key][n].last+1 == s.first {
			spans[key][n].last = s.last
			return
		}
		spans[key] = append(spans[key], s)
	}
	for _, p := range protocols {
		for _, s := range cut(every(p), edges(all)) {
			wholly, partly := authors(all, s)
			if len(wholly) > 0 {
				add(s, wholly, false)
				continue
			}
			for _, name := range partly {
				add(s, []string{name}, true)
			}
		}
	}
	var out []passage
	for _, key := range slices.Sorted(maps.Keys(spans)) {
		for _, s := range together(spans[key]) {
			p := authored[key]
			out = append(out, passage{s, p.by, p.partial, fmt.Sprintf("%v %s", s, key)})
		}
	}
	return out
}

// together is one span of everything, where that is what spans are.
func together(spans []span) []span {
	if len(spans) != len(protocols) {
		return spans
	}
	for _, s := range spans {
		if s != every(s.protocol) {
			return spans
		}
	}
	return []span{every("")}
}

func (o *opener) add(p passage, peer policy.Endpoint) {
	i, ok := o.at[p.key]
	if !ok {
		i = len(o.out)
		o.at[p.key] = i
		o.out = append(o.out, policy.Opening{First: p.ports.first, Last: p.ports.last, Protocol: p.ports.protocol, By: slices.Clone(p.by), Partial: p.partial})
	}
	o.out[i].Peers = append(o.out[i].Peers, peer)
}

func (o *opener) sorted() []policy.Opening {
	rank := func(p v1alpha1.Protocol) int { return slices.Index(protocols, p) }
	slices.SortFunc(o.out, func(a, b policy.Opening) int {
		return cmp.Or(cmp.Compare(rank(a.Protocol), rank(b.Protocol)), cmp.Compare(a.First, b.First), cmp.Compare(a.Last, b.Last),
			cmp.Compare(strings.Join(a.By, " "), strings.Join(b.By, " ")))
	})
	return o.out
}
