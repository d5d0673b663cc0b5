package reach

import (
	"fmt"
	"slices"

	"github.com/tenantfence/tenantfence/internal/policy"
)

// Sameness is how far two engines were compared, and where they are not the same.
type Sameness struct {
	// Pods were looked at, Peers are all that is known at the other end, and Openings is
	// what passes between them.
	Pods, Peers, Openings int
	// Differences are sentences: what another engine no longer does, and what it does
	// besides.
	Differences []string
}

// Same finds out whether another engine lets the same pass at every pod that is known or
// imagined, and isolates the same pods. Two policies that alone are the same are so beside
// any others, since what policies let pass adds up. A deny counts at pods that are there,
// as everywhere: at imagined ones it hides nothing.
func (p Proof) Same(other policy.Engine) (Sameness, error) {
	known, err := meet(p.Engine, other, p.surroundings())
	if err != nil {
		return Sameness{}, err
	}
	pods := slices.DeleteFunc(slices.Clone(known), func(ep policy.Endpoint) bool { return ep.Kind != policy.PodEndpoint || ep.Cluster != "" })
	s := sameness{Sameness: Sameness{Pods: len(pods), Peers: len(known)}, before: p.Engine, after: other}
	for _, pod := range pods {
		for _, d := range policy.Directions() {
			if err := s.compare(view{subject: pod, direction: d}); err != nil {
				return Sameness{}, err
			}
		}
	}
	err = s.explain()
	return s.Sameness, err
}

type sameness struct {
	Sameness
	before, after policy.Engine
	// differing are the pods at which not the same passes.
	differing []policy.Endpoint
}

// compare counts what passes at a pod, and remembers the pod where that differs.
func (s *sameness) compare(v view) error {
	before, err := s.before.Openings(v.subject, v.direction)
	if err != nil {
		return fmt.Errorf("find what is open: %w", err)
	}
	after, err := s.after.Openings(v.subject, v.direction)
	if err != nil {
		return fmt.Errorf("find what is open: %w", err)
	}
	one, other := spelledOut(before), spelledOut(after)
	s.Openings += len(one)
	if slices.Equal(one, other) {
		return nil
	}
	s.differing = append(s.differing, v.subject)
	switch a, b := isolates(before), isolates(after); {
	case a && !b:
		s.say("no longer closes the %s of %s", v.direction, v.subject.Name)
	case b && !a:
		s.say("closes the %s of %s, which was open", v.direction, v.subject.Name)
	}
	return nil
}

func (s *sameness) say(format string, args ...any) {
	s.Differences = append(s.Differences, fmt.Sprintf(format, args...))
}

// explain finds what passes only before, and only after.
func (s *sameness) explain() error {
	for _, way := range []struct {
		says          string
		before, after policy.Engine
	}{{"no longer lets", s.before, s.after}, {"also lets", s.after, s.before}} {
		c := change{before: newAnswers(way.before), after: newAnswers(way.after)}
		if err := c.search(s.differing); err != nil {
			return err
		}
		for _, l := range c.leaks.list {
			s.say("%s %s", way.says, l.sentence())
		}
	}
	if len(s.differing) > 0 && len(s.Differences) == 0 {
		s.say("does not let the same pass at %s", s.differing[0].Name)
	}
	return nil
}

// isolates says whether openings are those of a pod that something isolates.
func isolates(openings []policy.Opening) bool {
	return !slices.ContainsFunc(openings, everything)
}

// spelledOut are openings peer by peer, in order, whoever opened them.
func spelledOut(openings []policy.Opening) []string {
	var out []string
	for _, o := range openings {
		what := []any{o.Protocol, o.First, o.Last, o.L7}
		if len(o.Peers) == 0 {
			out = append(out, policy.Key(what))
		}
		for _, peer := range o.Peers {
			out = append(out, policy.Key([]any{peer.Kind, peer.Name, peer.Entities, what}))
		}
	}
	slices.Sort(out)
	return out
}
