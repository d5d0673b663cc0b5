package reach

import (
	"fmt"
	"slices"

	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
)

// Equivalence counts what was compared between two engines, and lists the differences.
type Equivalence struct {
	// Pods is how many pods were inspected, Peers all that is known at the other side, and Openings
	// what is allowed between them.
	Pods, Peers, Openings int
	// Differences are sentences: what another engine no longer does, and what it does
	// besides.
	Differences []string
}

// Equivalence finds whether another engine allows the same at every known or representative pod, and
// isolates the same pods. Two policies that are equal alone are equal with any others, since allows
// add up. Deny rules are credited only for pods in the build. For representative pods they are
// ignored.
func (p Proof) Equivalence(other *flow.View) (Equivalence, error) {
	known := p.View.Set.Known()
	pods := slices.DeleteFunc(slices.Clone(known), func(ep endpoints.Endpoint) bool { return ep.Kind != endpoints.PodEndpoint || ep.Cluster != "" })
	s := equivalence{Equivalence: Equivalence{Pods: len(pods), Peers: len(known)}, before: p.View, after: other}
	for _, pod := range pods {
		for _, d := range flow.Directions() {
			if err := s.compare(view{subject: pod, direction: d}); err != nil {
				return Equivalence{}, err
			}
		}
	}
	return s.Equivalence, s.explain()
}

type equivalence struct {
	Equivalence
	before, after *flow.View
	// differing are the pods at which not the same passes.
	differing []endpoints.Endpoint
}

// compare counts what passes at a pod, and remembers the pod where that differs.
func (s *equivalence) compare(v view) error {
	before, after, err := bothOpenings(s.before, s.after, v.subject, v.direction)
	if err != nil {
		return err
	}
	s.Openings += before.Connections()
	if before.Equal(after) {
		return nil
	}
	s.differing = append(s.differing, v.subject)
	switch a, b := before.Isolate(), after.Isolate(); {
	case a && !b:
		s.report("no longer isolates the %s of %s", v.direction, v.subject.Name)
	case b && !a:
		s.report("isolates the %s of %s, which was not isolated", v.direction, v.subject.Name)
	}
	return nil
}

func (s *equivalence) report(format string, args ...any) {
	s.Differences = append(s.Differences, fmt.Sprintf(format, args...))
}

// explain finds what passes only before, and only after.
func (s *equivalence) explain() error {
	for _, way := range []struct {
		text          string
		before, after *flow.View
	}{{"no longer allows", s.before, s.after}, {"also allows", s.after, s.before}} {
		c := lost{before: way.before, after: way.after}
		if err := c.search(s.differing); err != nil {
			return err
		}
		for _, l := range c.leaks.list {
			s.report("%s %s", way.text, l.describe())
		}
	}
	if len(s.differing) > 0 && len(s.Differences) == 0 {
		s.report("does not allow the same at %s", s.differing[0].Name)
	}
	return nil
}
