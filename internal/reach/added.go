package reach

import (
	"fmt"
	"slices"

	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/report"
)

// Expects reports whether a new connection is expected.
type Expects func(from, to *endpoints.Endpoint, o flow.Opening) bool

// OtherChange returns an example of a connection that a change of policies allows or denies, and that is not
// expected. It is empty if no other connection changes. The Proof's view is that of the policies before the
// change. Connections that only one side allows are included: a later change of the other side allows them.
func (p Proof) OtherChange(after *flow.View, expects Expects) (string, error) {
	known := p.View.Set.Known()
	everyone := flow.NewPeerSet(slices.DeleteFunc(slices.Clone(known), func(ep endpoints.Endpoint) bool { return ep.Kind == endpoints.NodeEndpoint })...)
	for _, subject := range known {
		if !subject.IsSelected() {
			continue
		}
		for _, d := range flow.Directions() {
			text, err := p.otherChangeAt(after, subject, d, everyone, expects)
			if err != nil || text != "" {
				return text, err
			}
		}
	}
	return "", nil
}

func (p Proof) otherChangeAt(after *flow.View, subject endpoints.Endpoint, d flow.Direction, everyone *flow.PeerSet, expects Expects) (string, error) {
	was, is, err := bothOpenings(p.View, after, subject, d)
	if err != nil || was.Equal(is) {
		return "", err
	}
	for peer, rest := range is.Without(was, everyone) {
		from, to := &subject, peer
		if d == flow.Ingress {
			from, to = peer, &subject
		}
		if !expects(from, to, rest) && !p.allowsByPattern(was, peer, rest) {
			return fmt.Sprintf("%s to %s on %s is newly allowed at the %s side", report.EndpointName(from), report.EndpointName(to), rest.Ports.Text(), d), nil
		}
	}
	for peer, rest := range was.Without(is, everyone) {
		return fmt.Sprintf("the %s of %s with %s on %s is denied", d, subject.Name, report.EndpointName(peer), rest.Ports.Text()), nil
	}
	return "", nil
}

// allowsByPattern reports whether openings allow traffic to a name by a pattern. Openings list only names and
// patterns that their own policies have.
func (p Proof) allowsByPattern(all flow.Openings, peer *endpoints.Endpoint, o flow.Opening) bool {
	if peer.Kind != endpoints.NameEndpoint || p.View.Lists(*peer) {
		return false
	}
	var allowed []flow.Traffic
	for _, other := range all {
		for ep := range other.Peers.All() {
			if ep.Kind == endpoints.NameEndpoint && flow.Covers(ep.Name, peer.Name) {
				allowed = append(allowed, flow.Traffic{Ports: other.Ports, L7: other.L7})
			}
		}
	}
	return len(o.Without(allowed)) == 0
}
