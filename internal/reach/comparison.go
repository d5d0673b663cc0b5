package reach

import (
	"fmt"
	"slices"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
)

// describe is "a to reach b on port 80/TCP".
func (l *leak) describe() string {
	return fmt.Sprintf("%s%s to reach %s%s on %s", l.from, l.sources().moreSuffix(), l.to, l.destinations().moreSuffix(), l.portsAndL7())
}

// comparison finds what one engine allows and the other does not.
type comparison struct {
	before, after openingsCache
	// ignored are the names of pods that are not compared.
	ignored map[string]bool
	leaks   leaks
}

// shareRepresentatives makes known to both engines what either of them distinguishes, and returns it.
func shareRepresentatives(one, other flow.Engine, s endpoints.Environment) ([]endpoints.Endpoint, error) {
	var known [4][]endpoints.Endpoint
	s.SharedSelections = &endpoints.SharedSelections{}
	knownBefore := s.Known
	// In its second turn, the first engine learns the selectors of the other, and the other then
	// learns the representative pods that the first one adds for them.
	for i, e := range []flow.Engine{one, other, one, other} {
		var err error
		if known[i], err = e.Representatives(s); err != nil {
			return nil, fmt.Errorf("add representative endpoints: %w", err)
		}
		s.Known = slices.Concat(knownBefore, known[i])
	}
	return known[2], nil
}

// search goes through the openings of pods and nodes that both engines know.
func (c *comparison) search(all []endpoints.Endpoint) error {
	for _, pod := range all {
		if c.ignored[pod.Name] {
			continue
		}
		for _, d := range flow.Directions() {
			if err := c.findLost(view{subject: pod, direction: d}); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *comparison) findLost(v view) error {
	before, err := c.before.openingSetOf(v)
	if err != nil {
		return err
	}
	var remaining openingSet
	for _, o := range before.openings {
		if len(o.Policies) == 0 {
			continue
		}
		if remaining.byPeer == nil {
			if remaining, err = c.after.openingSetOf(v); err != nil {
				return err
			}
		}
		for _, peer := range o.Peers {
			if c.ignored[peer.Name] {
				continue
			}
			for _, rest := range subtractAllowed(o, remaining.allowEntries(peer)) {
				c.leaks.leakOf(v, rest, "").add(v, peer)
			}
		}
	}
	return nil
}

// anyPeer represents all peers of a pod that nothing isolates.
const anyPeer = ""

// allowEntriesByPeer are openings by the names of the peers.
func allowEntriesByPeer(openings []flow.Opening) map[string][]allowEntry {
	out := map[string][]allowEntry{}
	for _, o := range openings {
		p := allowEntry{portRange: portRange{o.Protocol, o.First, o.Last}, l7: o.L7}
		if isUnrestricted(o) {
			out[anyPeer] = append(out[anyPeer], p)
		}
		for _, peer := range o.Peers {
			for _, name := range equivalentNames(peer) {
				out[name] = append(out[name], p)
			}
		}
	}
	return out
}

// equivalentNames returns the names that another engine may use for a peer: an address of a node or
// of the apiserver is that entity, where the engine matches addresses.
func equivalentNames(peer endpoints.Endpoint) []string {
	out := []string{peer.Name}
	if peer.Kind == endpoints.AddressEndpoint {
		for _, e := range []v1alpha1.Entity{v1alpha1.EntityHost, v1alpha1.EntityRemoteNode, v1alpha1.EntityKubeAPIServer} {
			if slices.Contains(peer.Entities, e) {
				out = append(out, string(e))
			}
		}
	}
	return out
}
