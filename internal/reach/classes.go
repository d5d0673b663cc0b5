package reach

import (
	"fmt"
	"strconv"

	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
)

// classes are those of subjects and peers that no declared flow distinguishes. What is declared is decided
// once for each, so that many pods that are alike cost little.
type classes struct {
	fence *policy.Fence
	// selectors are the distinct peers that select pods, by their namespace, "" for any.
	selectors map[string][]selector
	peers     map[*endpoints.Endpoint]peerClass
	byKey     map[string]peerClass
	// examples has one peer of each class in a set.
	examples map[*flow.PeerSet][]*endpoints.Endpoint
	views    map[string]viewClass
	decided  map[openingOfView]undeclaredParts
}

// peerClass is the class of a peer, and viewClass that of a subject in one direction.
type (
	peerClass int32
	viewClass int32
)

// selector is a declared peer that selects pods, with a number.
type selector struct {
	policy.Peer
	number int
}

type openingOfView struct {
	view    viewClass
	opening *flow.Opening
}

// undeclaredParts are the parts of an opening that nothing declares, by the class of the peer.
type undeclaredParts map[peerClass][]flow.Opening

func newClasses(x *Expectation) *classes {
	c := &classes{
		fence: x.fence, selectors: map[string][]selector{}, peers: map[*endpoints.Endpoint]peerClass{}, byKey: map[string]peerClass{},
		examples: map[*flow.PeerSet][]*endpoints.Endpoint{}, views: map[string]viewClass{}, decided: map[openingOfView]undeclaredParts{},
	}
	seen := map[string]bool{}
	for _, all := range x.at {
		for i := range all {
			p := all[i].Peer
			if p.Kind != policy.Pods {
				continue
			}
			// The owner is not part of what matches.
			p.Owner = ""
			key := p.Namespace
			if p.Namespace == "" || !endpoints.SelectsAll(p.Pods) {
				key = endpoints.JSONKey(p)
			}
			if !seen[key] {
				seen[key] = true
				c.selectors[p.Namespace] = append(c.selectors[p.Namespace], selector{p, len(seen)})
			}
		}
	}
	return c
}

// undeclared returns the parts of an opening that nothing declares. None: everything is declared, for all of
// its peers.
func (c *classes) undeclared(v view, o *flow.Opening) undeclaredParts {
	key := openingOfView{c.classOfView(v), o}
	parts, known := c.decided[key]
	if !known {
		for _, peer := range c.examplesOf(o.Peers) {
			if rest := v.undeclared(*o, *peer); len(rest) > 0 {
				if parts == nil {
					parts = undeclaredParts{}
				}
				parts[c.classOf(peer)] = rest
			}
		}
		c.decided[key] = parts
	}
	return parts
}

// examplesOf returns one peer of each class in a set.
func (c *classes) examplesOf(set *flow.PeerSet) []*endpoints.Endpoint {
	out, known := c.examples[set]
	if !known {
		seen := map[peerClass]bool{}
		for peer := range set.All() {
			if class := c.classOf(peer); !seen[class] {
				seen[class] = true
				out = append(out, peer)
			}
		}
		c.examples[set] = out
	}
	return out
}

// classOf returns the class of a peer of a set, found once.
func (c *classes) classOf(peer *endpoints.Endpoint) peerClass {
	class, known := c.peers[peer]
	if !known {
		class = numberOf(c.byKey, c.keyOf(peer))
		c.peers[peer] = class
	}
	return class
}

// keyOf is equal for peers for which the same flows are declared, on ports with the same numbers.
func (c *classes) keyOf(peer *endpoints.Endpoint) string {
	if peer.Kind != endpoints.PodEndpoint {
		return fmt.Sprintf("%s %q %q", peer.Kind, peer.Name, peer.Entities)
	}
	key := fmt.Appendf(nil, "%s %q %q %q %#v %#v ", peer.Kind, peer.Cluster, peer.Namespace, peer.Entities, peer.Ports, peer.SameIdentityPorts)
	for _, ns := range []string{"", peer.Namespace} {
		for _, s := range c.selectors[ns] {
			if matches(c.fence, s.Peer, *peer) {
				key = append(strconv.AppendInt(key, int64(s.number), 10), ' ')
			}
		}
	}
	return string(key)
}

// classOfView is equal for subjects with the same declared flows. A peer names ports of a subject.
func (c *classes) classOfView(v view) viewClass {
	key := []byte(v.direction)
	for _, id := range v.ids {
		key = strconv.AppendInt(append(key, ' '), int64(id), 10)
	}
	if v.direction == flow.Ingress {
		key = fmt.Appendf(key, " %#v", v.subject.Ports)
	}
	return numberOf(c.views, string(key))
}

// numberOf gives each key a number.
func numberOf[T ~int32](numbers map[string]T, key string) T {
	n, known := numbers[key]
	if !known {
		n = T(len(numbers)) //nolint:gosec // Each number is a class of endpoints, which have 32 bits.
		numbers[key] = n
	}
	return n
}
