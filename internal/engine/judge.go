package engine

import (
	"fmt"
	"slices"
	"strings"

	ciliumpolicy "github.com/cilium/cilium/pkg/policy"

	"github.com/tenantfence/tenantfence/internal/policy"
)

// judge decides one side of a flow: what the pod's policy says of the other end.
func (e *Engine) judge(pod policy.Endpoint, peers []variant, key ciliumpolicy.Key) (policy.Side, string, error) {
	d, err := e.policyOf(pod)
	if err != nil {
		return policy.Side{}, "", err
	}
	sides := make([]policy.Side, len(peers))
	var notes []string
	for i, peer := range peers {
		side, note, err := e.judgeOne(d, peer, key)
		if err != nil {
			return policy.Side{}, "", err
		}
		sides[i], notes = side, append(notes, note)
	}
	if side, ok := agreed(sides); ok {
		return side, joinNotes(notes), nil
	}
	side := policy.Side{Decision: policy.Depends, By: union(sides)}
	return side, joinNotes(append([]string{difference(peers, sides)}, notes...)), nil
}

func (e *Engine) judgeOne(d *distilled, peer variant, key ciliumpolicy.Key) (policy.Side, string, error) {
	side := e.lookup(d, key, peer.id)
	if peer.unresolved == nil || side.Decision == policy.Denied {
		return side, "", nil
	}
	// What reaches the address without knowing the name needs no DNS.
	if open := e.lookup(d, key, peer.unresolved); open.Decision == policy.Allowed {
		return open, "", nil
	}
	asks, err := d.mayLookUp(peer.name)
	if err != nil || asks {
		return side, "", err
	}
	note := fmt.Sprintf("the name is never resolved through the DNS proxy: %s would allow %s, but no DNS rule lets the pod ask for it over UDP",
		strings.Join(side.By, ", "), strings.TrimSuffix(peer.name, "."))
	return policy.Side{Decision: policy.Denied}, note, nil
}

// agreed returns the one decision of all sides.
func agreed(sides []policy.Side) (policy.Side, bool) {
	for _, s := range sides {
		if s.Decision != sides[0].Decision {
			return policy.Side{}, false
		}
	}
	return policy.Side{Decision: sides[0].Decision, By: union(sides)}, true
}

func union(sides []policy.Side) []string {
	var by []string
	for _, s := range sides {
		by = append(by, s.By...)
	}
	slices.Sort(by)
	return slices.Compact(by)
}

// difference says which variants are allowed and which denied.
func difference(peers []variant, sides []policy.Side) string {
	what := map[policy.Decision][]string{}
	for i, s := range sides {
		what[s.Decision] = append(what[s.Decision], peers[i].what)
	}
	return fmt.Sprintf("allowed %s, denied %s",
		strings.Join(what[policy.Allowed], " and "), strings.Join(what[policy.Denied], " and "))
}

func joinNotes(notes []string) string {
	var said []string
	for _, n := range notes {
		if n != "" && !slices.Contains(said, n) {
			said = append(said, n)
		}
	}
	return strings.Join(said, "; ")
}
