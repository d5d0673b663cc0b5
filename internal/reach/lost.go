package reach

import (
	"fmt"
	"slices"

	"github.com/tenantfence/tenantfence/internal/policy"
)

// Lost finds what one policy lets pass before and nothing lets pass after, at the pods
// that it selects. Each end is judged alone, as if all of the pods were closed.
func (p Proof) Lost(after policy.Engine, name string, ref policy.Ref) (policy.Findings, error) {
	known, err := p.Engine.Imagine(p.surroundings())
	if err != nil {
		return nil, fmt.Errorf("imagine what policies tell apart: %w", err)
	}
	surroundings := p.surroundings()
	surroundings.Known = known
	if _, err := after.Imagine(surroundings); err != nil {
		return nil, fmt.Errorf("imagine what policies tell apart: %w", err)
	}
	var lost leaks
	for _, pod := range p.fenced(known) {
		for _, d := range []policy.Direction{policy.Egress, policy.Ingress} {
			if err := p.lostAt(after, subject{pod: pod, direction: d}, name, &lost); err != nil {
				return nil, err
			}
		}
	}
	var out policy.Findings
	for _, l := range lost.list {
		what := l.ports().String()
		if !l.opening.L7.All() {
			what += ", " + l.opening.L7.String()
		}
		out = append(out, policy.Finding{
			Check: "adopted-flow-lost", Severity: policy.Warning, Resource: ref,
			Message: fmt.Sprintf("let %s%s reach %s%s on %s, which nothing does any more, now that it is taken over",
				l.pair.From.Name, l.ends().others(), l.pair.To.Name, l.otherEnds().others(), what),
		})
	}
	return out, nil
}

func (p Proof) lostAt(after policy.Engine, s subject, name string, lost *leaks) error {
	before, err := p.Engine.Openings(s.pod, s.direction)
	if err != nil {
		return fmt.Errorf("find what is open: %w", err)
	}
	var left map[string][]passage
	for _, o := range before {
		if !slices.Contains(o.By, name) {
			continue
		}
		if left == nil {
			if left, err = byPeer(after, s); err != nil {
				return err
			}
		}
		for _, peer := range o.Peers {
			for _, rest := range closed(o, slices.Concat(left[peer.Name], left[everybody])) {
				// Whoever else let it pass is not to be told apart.
				rest.By = nil
				l := lost.of(s, rest)
				if l.add(s, peer); l.pair.From.Kind == "" {
					l.pair = flowOf(s, rest, peer)
				}
			}
		}
	}
	return nil
}

// everybody stands for all peers of a pod that nothing isolates.
const everybody = ""

// byPeer are the openings of a pod by the names of the peers.
func byPeer(e policy.Engine, s subject) (map[string][]passage, error) {
	all, err := e.Openings(s.pod, s.direction)
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
