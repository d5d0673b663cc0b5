package reach

import (
	"fmt"
	"slices"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
)

// Lost finds what some policies let pass before and nothing lets pass after, at the pods
// that they select. Each end is judged alone. The policies are given by the names that
// the engine has for them; the Proof's engine is the one before.
func (p Proof) Lost(after policy.Engine, policies map[string]policy.Ref) (policy.Findings, error) {
	c := change{before: p.Engine, after: after, of: func(by []string) []string {
		return slices.DeleteFunc(slices.Clone(by), func(name string) bool { _, ok := policies[name]; return !ok })
	}}
	known, err := meet(p.Engine, after, p.surroundings())
	if err != nil {
		return nil, err
	}
	if err := c.search(p.closedEnds(known)); err != nil {
		return nil, err
	}
	var out policy.Findings
	for _, l := range c.leaks.list {
		out = append(out, policy.Finding{
			Check: "adopted-flow-lost", Severity: policy.Warning, Resource: policies[l.opening.By[0]],
			Message: fmt.Sprintf("let %s, which nothing does any more, now that it is taken over", l.sentence()),
		})
	}
	return out, nil
}

// sentence is "a reach b on port 80/TCP".
func (l *leak) sentence() string {
	return fmt.Sprintf("%s%s reach %s%s on %s", l.from, l.ends().others(), l.to, l.otherEnds().others(), l.what())
}

// change is what becomes of what is open.
type change struct {
	before, after policy.Engine
	// of are those of the policies behind an opening that are looked at.
	of func(by []string) []string
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
			return nil, fmt.Errorf("imagine what policies tell apart: %w", err)
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
	before, err := c.before.Openings(v.subject, v.direction)
	if err != nil {
		return fmt.Errorf("find what is open: %w", err)
	}
	var left map[string][]passage
	for _, o := range before {
		by := c.of(o.By)
		if len(by) == 0 {
			continue
		}
		if left == nil {
			if left, err = byPeer(c.after, v); err != nil {
				return err
			}
		}
		for _, peer := range o.Peers {
			if c.ignored[peer.Name] {
				continue
			}
			passages := left[everybody]
			for _, name := range namesOf(peer) {
				passages = slices.Concat(passages, left[name])
			}
			if peer.Kind == policy.NameEndpoint {
				// Whoever reaches all of the world needs no name.
				passages = slices.Concat(passages, left[string(v1alpha1.EntityWorldIPv4)])
			}
			for _, rest := range closed(o, passages) {
				// Whoever else let it pass is not to be told apart.
				rest.By = by
				c.leaks.of(v, rest).add(v, peer)
			}
		}
	}
	return nil
}

// everybody stands for all peers of a pod that nothing isolates.
const everybody = ""

// byPeer are the openings of a pod by the names of the peers.
func byPeer(e policy.Engine, v view) (map[string][]passage, error) {
	all, err := e.Openings(v.subject, v.direction)
	if err != nil {
		return nil, fmt.Errorf("find what is open: %w", err)
	}
	out := map[string][]passage{}
	for _, o := range all {
		if len(o.By) == 0 && len(o.Peers) == 0 {
			out[everybody] = append(out[everybody], passage{ports: ports{o.Protocol, o.First, o.Last}, l7: o.L7})
		}
		for _, peer := range o.Peers {
			for _, name := range namesOf(peer) {
				out[name] = append(out[name], passage{ports: ports{o.Protocol, o.First, o.Last}, l7: o.L7})
			}
		}
	}
	return out, nil
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
