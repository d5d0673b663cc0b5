package reach

import (
	"fmt"
	"slices"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
)

// sentence is "a reach b on port 80/TCP".
func (l *leak) sentence() string {
	return fmt.Sprintf("%s%s reach %s%s on %s", l.from, l.ends().others(), l.to, l.otherEnds().others(), l.what())
}

// change is what becomes of what is open.
type change struct {
	before, after answers
	// ignored are the names of pods that are not looked at.
	ignored map[string]bool
	leaks   leaks
}

// meet has two engines know what either of them tells apart, and returns it.
func meet(one, other policy.Engine, s policy.Surroundings) ([]policy.Endpoint, error) {
	var known [4][]policy.Endpoint
	s.Compared = &policy.Compared{}
	elsewhere := s.Known
	// The first one learns the selectors of the other by its second turn, and the other then
	// the pods that these make the first one think of.
	for i, e := range []policy.Engine{one, other, one, other} {
		var err error
		if known[i], err = e.Imagine(s); err != nil {
			return nil, fmt.Errorf("add representative endpoints: %w", err)
		}
		s.Known = slices.Concat(elsewhere, known[i])
	}
	return known[2], nil
}

// search goes through the openings of pods and nodes that both engines know.
func (c *change) search(ends []policy.Endpoint) error {
	for _, pod := range ends {
		if c.ignored[pod.Name] {
			continue
		}
		for _, d := range policy.Directions() {
			if err := c.lost(view{subject: pod, direction: d}); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *change) lost(v view) error {
	before, err := c.before.of(v)
	if err != nil {
		return err
	}
	var left answer
	for _, o := range before.openings {
		if len(o.By) == 0 {
			continue
		}
		if left.byPeer == nil {
			if left, err = c.after.of(v); err != nil {
				return err
			}
		}
		for _, peer := range o.Peers {
			if c.ignored[peer.Name] {
				continue
			}
			for _, rest := range closed(o, left.passages(peer)) {
				c.leaks.of(v, rest).add(v, peer)
			}
		}
	}
	return nil
}

// everybody stands for all peers of a pod that nothing isolates.
const everybody = ""

// passagesByPeer are openings by the names of the peers.
func passagesByPeer(openings []policy.Opening) map[string][]passage {
	out := map[string][]passage{}
	for _, o := range openings {
		p := passage{ports: ports{o.Protocol, o.First, o.Last}, l7: o.L7}
		if everything(o) {
			out[everybody] = append(out[everybody], p)
		}
		for _, peer := range o.Peers {
			for _, name := range namesOf(peer) {
				out[name] = append(out[name], p)
			}
		}
	}
	return out
}

// namesOf are the names by which another engine may know a peer: an address of a node or
// of the apiserver is that, where the engine matches addresses.
func namesOf(peer policy.Endpoint) []string {
	out := []string{peer.Name}
	if peer.Kind == policy.AddressEndpoint {
		for _, e := range []v1alpha1.Entity{v1alpha1.EntityHost, v1alpha1.EntityRemoteNode, v1alpha1.EntityKubeAPIServer} {
			if slices.Contains(peer.Entities, e) {
				out = append(out, string(e))
			}
		}
	}
	return out
}
