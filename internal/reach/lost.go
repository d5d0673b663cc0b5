package reach

import (
	"fmt"
	"slices"

	"github.com/tenantfence/tenantfence/internal/policy"
)

// Lost finds what some policies let pass before and nothing lets pass after, at the pods
// that they select. Each end is judged alone. The policies are given by the names that
// the engine has for them; the Proof's engine is the one before.
func (p Proof) Lost(after policy.Engine, policies map[string]policy.Ref) (policy.Findings, error) {
	known, err := p.Engine.Imagine(p.surroundings())
	if err != nil {
		return nil, fmt.Errorf("imagine what policies tell apart: %w", err)
	}
	surroundings := p.surroundings()
	surroundings.Known = known
	if _, err := after.Imagine(surroundings); err != nil {
		return nil, fmt.Errorf("imagine what policies tell apart: %w", err)
	}
	c := change{before: p.Engine, after: after, policies: policies}
	for _, pod := range p.fenced(known) {
		for _, d := range []policy.Direction{policy.Egress, policy.Ingress} {
			if err := c.lost(view{pod: pod, direction: d}); err != nil {
				return nil, err
			}
		}
	}
	return c.findings(), nil
}

// change is what becomes of what is open.
type change struct {
	before, after policy.Engine
	policies      map[string]policy.Ref
	leaks         leaks
}

func (c *change) lost(v view) error {
	before, err := c.before.Openings(v.pod, v.direction)
	if err != nil {
		return fmt.Errorf("find what is open: %w", err)
	}
	var left map[string][]passage
	for _, o := range before {
		by := slices.DeleteFunc(slices.Clone(o.By), func(name string) bool { _, ok := c.policies[name]; return !ok })
		if len(by) == 0 {
			continue
		}
		if left == nil {
			if left, err = byPeer(c.after, v); err != nil {
				return err
			}
		}
		for _, peer := range o.Peers {
			for _, rest := range closed(o, slices.Concat(left[peer.Name], left[everybody])) {
				// Whoever else let it pass is not to be told apart.
				rest.By = by
				c.leaks.of(v, rest).add(v, peer)
			}
		}
	}
	return nil
}

func (c *change) findings() policy.Findings {
	var out policy.Findings
	for _, l := range c.leaks.list {
		out = append(out, policy.Finding{
			Check: "adopted-flow-lost", Severity: policy.Warning, Resource: c.policies[l.opening.By[0]],
			Message: fmt.Sprintf("let %s%s reach %s%s on %s, which nothing does any more, now that it is taken over",
				l.from, l.ends().others(), l.to, l.otherEnds().others(), l.what()),
		})
	}
	return out
}

// everybody stands for all peers of a pod that nothing isolates.
const everybody = ""

// byPeer are the openings of a pod by the names of the peers.
func byPeer(e policy.Engine, v view) (map[string][]passage, error) {
	all, err := e.Openings(v.pod, v.direction)
	if err != nil {
		return nil, fmt.Errorf("find what is open: %w", err)
	}
	out := map[string][]passage{}
	for _, o := range all {
		if len(o.By) == 0 && len(o.Peers) == 0 {
			out[everybody] = append(out[everybody], passage{ports{o.Protocol, o.First, o.Last}, o.L7})
		}
		for _, peer := range o.Peers {
			out[peer.Name] = append(out[peer.Name], passage{ports{o.Protocol, o.First, o.Last}, o.L7})
		}
	}
	return out, nil
}
