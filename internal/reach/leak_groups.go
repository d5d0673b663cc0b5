package reach

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/report"
)

// peerKind distinguishes peers that are declared in different ways.
type peerKind string

// The kinds of peers.
const (
	podPeers     peerKind = "pods"
	clusterPeers peerKind = "cluster entities"
	outsidePeers peerKind = "addresses"
	namePeers    peerKind = "names"
)

func kindOf(ep endpoints.Endpoint) peerKind {
	switch ep.Kind {
	case endpoints.PodEndpoint:
		return podPeers
	case endpoints.NameEndpoint:
		return namePeers
	case endpoints.AddressEndpoint:
		return outsidePeers
	}
	if isWorld(ep.Name) {
		return outsidePeers
	}
	return clusterPeers
}

// leakGroup has the leaks of one policy, one direction and one kind of peers. It also has other
// kinds of peers with the same ports and L7 rules.
type leakGroup struct {
	leaks []*leak
	// policy is the policy to change.
	policy report.Ref
	// open reports that the other side allows some of it.
	open bool
	// text is the ports and L7 rules of all pairs together.
	text string
}

// groupKey identifies a group, or a group before those of several kinds of peers are joined.
type groupKey struct {
	policy    report.Ref
	direction flow.Direction
	allowOnly bool
	// subjects are the kind of subjects: pods of a tenant, nodes, or unclaimed pods.
	subjects string
	kind     peerKind
	text     string
	open     bool
}

// group joins leaks, so that one policy has few groups. Each leak is in exactly one of them.
func (s *search) group(list []*leak) []*leakGroup {
	var groups []*leakGroup
	joinBy(list, s.keyOf, func(key groupKey, leaks []*leak) {
		groups = append(groups, &leakGroup{leaks: leaks, policy: key.policy, open: anyOpen(leaks), text: s.textOf(leaks, inMessage)})
	})
	var out []*leakGroup
	joinBy(groups, func(g *leakGroup) groupKey {
		key := s.keyOf(g.leaks[0])
		key.kind, key.text, key.open = "", g.text, g.open
		return key
	}, func(_ groupKey, same []*leakGroup) {
		joined := *same[0]
		for _, g := range same[1:] {
			joined.leaks = slices.Concat(joined.leaks, g.leaks)
		}
		joined.text = s.textOf(joined.leaks, inMessage)
		slices.SortStableFunc(joined.leaks, func(a, b *leak) int { return exampleRank(a) - exampleRank(b) })
		out = append(out, &joined)
	})
	return out
}

// joinBy passes on the elements of each key, in the order of the keys.
func joinBy[T any](list []T, keyOf func(T) groupKey, add func(groupKey, []T)) {
	var order []groupKey
	byKey := map[groupKey][]T{}
	for _, one := range list {
		key := keyOf(one)
		if byKey[key] == nil {
			order = append(order, key)
		}
		byKey[key] = append(byKey[key], one)
	}
	for _, key := range order {
		add(key, byKey[key])
	}
}

func (s *search) keyOf(l *leak) groupKey {
	key := groupKey{policy: s.policyToChange(l.opening.Policies), direction: l.direction, allowOnly: isAllowOnly(l.owner), kind: l.kind, subjects: "unclaimed pods"}
	switch {
	case s.IntentUnknown:
		key.subjects = l.owner.String()
	case l.owner == nil:
	case l.owner.IsNodes():
		key.subjects = "nodes"
	default:
		key.subjects = "pods"
	}
	return key
}

func anyOpen(list []*leak) bool {
	return slices.ContainsFunc(list, func(l *leak) bool { return l.open })
}

// exampleRank prefers an example that is open, of pods of the build.
func exampleRank(l *leak) int {
	switch {
	case l.open && l.deployed:
		return 0
	case l.open:
		return 1
	case l.deployed:
		return 2
	}
	return 3
}

// textOf returns the ports and L7 rules of leaks.
func (s *search) textOf(list []*leak, limit int) string {
	var parts allowedParts
	for _, l := range list {
		parts.add(l.opening)
	}
	return parts.text(s.Fence.Handles, limit)
}

// side returns one side of all leaks, with the example first.
func (g *leakGroup) side(example string, of func(*leak) *orderedSet) *orderedSet {
	out := &orderedSet{}
	out.add(example)
	for _, l := range g.leaks {
		out.add(of(l).list...)
	}
	return out
}

// morePeers counts the peers other than the example. Of several kinds, it names them.
func (g *leakGroup) morePeers() string {
	byKind := map[peerKind]*orderedSet{}
	for _, l := range g.leaks {
		if byKind[l.kind] == nil {
			byKind[l.kind] = &orderedSet{}
		}
		byKind[l.kind].add(l.peers.list...)
	}
	example := g.leaks[0].peer()
	all := g.side(example, (*leak).peerSet)
	if len(byKind) < 2 {
		return all.moreSuffix()
	}
	var kinds []string
	for _, kind := range []peerKind{podPeers, clusterPeers, outsidePeers, namePeers} {
		if byKind[kind] == nil {
			continue
		}
		if more := slices.DeleteFunc(byKind[kind].list, func(name string) bool { return name == example }); len(more) > 0 {
			kinds = append(kinds, kind.list(more))
		}
	}
	return fmt.Sprintf(" (and %d more: %s)", len(all.list)-1, strings.Join(kinds, ", "))
}

// list names peers, or counts them if they are many or pods.
func (k peerKind) list(names []string) string {
	switch {
	case k == podPeers:
		return report.Count(len(names), "pod")
	case len(names) <= inMessage:
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%d %s", len(names), k)
}

// pairLine is some pairs, and the leaks that they have in common.
type pairLine struct {
	sources, destinations []string
	oneSided              bool
	leaks                 []*leak
}

// pairLines returns all pairs of a group, joined where they have the same sources and destinations.
func (g *leakGroup) pairLines() []*pairLine {
	var out []*pairLine
	byKey := map[string]*pairLine{}
	for _, l := range g.leaks {
		for _, pair := range l.pairs.all() {
			line := &pairLine{sources: pair.subjects, destinations: pair.peers, oneSided: !l.open}
			if l.direction == flow.Ingress {
				line.sources, line.destinations = line.destinations, line.sources
			}
			key := endpoints.JSONKey([]any{line.sources, line.destinations, line.oneSided})
			if byKey[key] == nil {
				byKey[key] = line
				out = append(out, line)
			}
			byKey[key].leaks = append(byKey[key].leaks, l)
		}
	}
	return out
}

// addDetails lists every pair of a group: "a, b -> c: port 80/TCP". It adds nothing if the message
// has them all.
func (s *search) addDetails(f *report.Finding, g *leakGroup) {
	lines := g.pairLines()
	if len(lines) == 1 && len(lines[0].sources) == 1 && len(lines[0].destinations) == 1 {
		return
	}
	for _, line := range lines {
		text := strings.Join(line.sources, ", ") + " -> " + strings.Join(line.destinations, ", ") + ": " + s.textOf(line.leaks, noLimit)
		if line.oneSided {
			text += " (the other side denies it so far)"
		}
		f.Details = append(f.Details, text)
	}
}

// otherPolicies are further hand-written policies that allow some of it, or all policies if none
// is hand-written.
func (s *search) otherPolicies(g *leakGroup) []string {
	var handWritten, all flow.Policies
	for _, l := range g.leaks {
		for _, id := range l.opening.Policies {
			if slices.Contains(all, id) {
				continue
			}
			all = append(all, id)
			if p := s.Policies[id]; p == nil || p.Fence != s.Fence.Name {
				handWritten = append(handWritten, id)
			}
		}
	}
	others := handWritten
	if len(others) == 0 {
		others = all
	}
	return slices.DeleteFunc(others, func(id flow.PolicyID) bool {
		p := s.Policies[id]
		return p == nil && id.String() == g.policy.Name || p != nil && p.Ref == g.policy
	}).Names()
}
