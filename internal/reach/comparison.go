package reach

import (
	"fmt"

	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
)

// describe is "a to reach b on port 80/TCP".
func (l *leak) describe() string {
	return fmt.Sprintf("%s%s to reach %s%s on %s", l.from, l.sources().moreSuffix(), l.to, l.destinations().moreSuffix(), l.portsAndL7())
}

// lost collects what policies allow at some pods or nodes, and other policies do not.
type lost struct {
	before, after *flow.View
	// ignored are the names of pods and peers that are not compared.
	ignored map[string]bool
	leaks   leaks
}

// search goes through the openings of pods and nodes.
func (l *lost) search(all []endpoints.Endpoint) error {
	for _, subject := range flow.Ahead(all, l.before, l.after) {
		if l.ignored[subject.Name] {
			continue
		}
		for _, d := range flow.Directions() {
			before, after, err := bothOpenings(l.before, l.after, subject, d)
			if err != nil {
				return err
			}
			v := view{subject: subject, direction: d}
			for peer, rest := range before.Without(after, nil) {
				if !l.ignored[peer.Name] {
					l.leaks.leakOf(v, rest, "").add(v, *peer)
				}
			}
		}
	}
	return nil
}

// bothOpenings returns what two sets of policies allow at a pod or node.
func bothOpenings(one, other *flow.View, subject endpoints.Endpoint, d flow.Direction) (before, after flow.Openings, err error) {
	if before, err = one.Openings(subject, d); err == nil {
		after, err = other.Openings(subject, d)
	}
	if err != nil {
		err = fmt.Errorf("find what is open: %w", err)
	}
	return before, after, err
}
