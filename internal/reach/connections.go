package reach

import (
	"fmt"
	"maps"
	"slices"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
)

// Questions answers questions about the connections that policies allow.
type Questions struct {
	View      *flow.View
	Endpoints Endpoints
	// members are the endpoints of each set of peers.
	members map[*flow.PeerSet]members
	// names are the DNS names and patterns that openings list. Nil: not found yet.
	names map[endpoints.ID]bool
}

// NewQuestions returns the questions about a view, as Compile returns it with representatives.
func NewQuestions(view *flow.View, e Endpoints) *Questions {
	return &Questions{View: view, Endpoints: e, members: map[*flow.PeerSet]members{}}
}

// Connections returns the connections of an endpoint in one direction: those that it opens, or those that
// others open to it. The other side is a pod of the build, an entity, a network or a DNS name. A pod's own node
// (the entity host) always reaches it.
func (q *Questions) Connections(subject endpoints.Endpoint, d flow.Direction) ([]report.Connection, error) {
	return q.connectionsWith(subject, d, isPeer)
}

// connectionsWith returns the connections of an endpoint with the peers that match.
func (q *Questions) connectionsWith(subject endpoints.Endpoint, d flow.Direction, match func(endpoints.Endpoint, flow.Direction) bool) ([]report.Connection, error) {
	var out []report.Connection
	peers, err := q.peers(subject, d, match)
	if err != nil {
		return nil, err
	}
	for _, peer := range peers {
		some, err := q.between(subject, peer, d)
		if err != nil {
			return nil, err
		}
		out = append(out, some...)
	}
	return out, nil
}

// peers returns the endpoints that the policies at one side of a connection allow, each once.
func (q *Questions) peers(subject endpoints.Endpoint, d flow.Direction, match func(endpoints.Endpoint, flow.Direction) bool) ([]*endpoints.Endpoint, error) {
	all, err := q.allowedPeers(subject, d)
	if err != nil {
		return nil, err
	}
	var out []*endpoints.Endpoint
	seen := map[endpoints.ID]bool{subject.ID: subject.Kind != endpoints.PodEndpoint}
	for _, ep := range all {
		// Nothing decides between two endpoints that no policy selects.
		if !seen[ep.ID] && match(*ep, d) && (subject.IsSelected() || ep.IsSelected()) {
			seen[ep.ID] = true
			out = append(out, ep)
		}
	}
	slices.SortFunc(out, func(a, b *endpoints.Endpoint) int { return int(a.ID - b.ID) })
	return out, nil
}

// allowedPeers returns the endpoints that the policies at one side of a connection allow, some of them several
// times, and the node of a pod.
func (q *Questions) allowedPeers(subject endpoints.Endpoint, d flow.Direction) ([]*endpoints.Endpoint, error) {
	all, err := q.openings(subject, d)
	if err != nil {
		return nil, err
	}
	var out []*endpoints.Endpoint
	if !all.Isolate() {
		for i := range q.View.Set.Listed {
			out = append(out, &q.View.Set.Endpoints[i])
		}
	}
	for _, o := range all {
		for ep := range o.Peers.All() {
			if ep.ID == 0 {
				return nil, fmt.Errorf("find connections: %w: %q", flow.ErrUnknownEndpoint, ep.Name)
			}
			out = append(out, ep)
		}
	}
	if host, known := q.View.Set.Find(ownNode); known && subject.Kind == endpoints.PodEndpoint && d == flow.Ingress {
		out = append(out, &q.View.Set.Endpoints[host-1])
	}
	return out, nil
}

// ownNode is the node of a pod, which the enforcer lets reach the pod whatever policies decide. Openings do not
// have it.
var ownNode = endpoints.Endpoint{Kind: endpoints.EntityEndpoint, Name: string(v1alpha1.EntityHost)}

func isOwnNode(ep endpoints.Endpoint) bool { return ep.Kind == ownNode.Kind && ep.Name == ownNode.Name }

// isPeer reports whether connections list an endpoint on the other side of a direction. A representative
// pod or node exists in no cluster, and a name opens no connections.
func isPeer(ep endpoints.Endpoint, d flow.Direction) bool {
	return !ep.Representative && ep.Kind != endpoints.NodeEndpoint && (ep.Kind != endpoints.NameEndpoint || d == flow.Egress)
}

// isLaterPod reports whether an endpoint is a pod that is not in the build, and may be in the cluster.
func isLaterPod(ep endpoints.Endpoint, _ flow.Direction) bool {
	return ep.Representative && ep.Kind == endpoints.PodEndpoint
}

// laterPods returns the representative pods with which both sides allow a connection.
func (q *Questions) laterPods(subject endpoints.Endpoint, d flow.Direction) ([]string, error) {
	all, err := q.connectionsWith(subject, d, isLaterPod)
	var out []string
	for _, c := range all {
		peer := c.To
		if d == flow.Ingress {
			peer = c.From
		}
		out = append(out, peer.Name)
	}
	return out, err
}

// openings returns what policies allow at an endpoint. If they cannot select it, it is one unrestricted
// opening.
func (q *Questions) openings(ep endpoints.Endpoint, d flow.Direction) (flow.Openings, error) {
	if !ep.IsSelected() {
		return flow.Openings{{Ports: flow.AllPorts("")}}, nil
	}
	all, err := q.View.Openings(ep, d)
	if err != nil {
		return nil, fmt.Errorf("find connections: %w", err)
	}
	return all, nil
}

// between returns the connections of a subject in one direction with one peer.
func (q *Questions) between(subject endpoints.Endpoint, peer *endpoints.Endpoint, d flow.Direction) ([]report.Connection, error) {
	id, known := q.View.Set.Find(subject)
	if !known {
		return nil, fmt.Errorf("%s: %w", subject.Name, flow.ErrUnknownEndpoint)
	}
	own, err := q.parts(subject, peer.ID, d)
	if err != nil || len(own) == 0 {
		return nil, err
	}
	others, err := q.parts(*peer, id, d.Opposite())
	if err != nil {
		return nil, err
	}
	var out []report.Connection
	for _, a := range own {
		for _, b := range others {
			ports, overlap := a.ports.Common(b.ports)
			if !overlap {
				continue
			}
			c := report.Connection{From: &q.View.Set.Endpoints[id-1], To: peer, Ports: ports}
			if d == flow.Ingress {
				c.From, c.To = c.To, c.From
			}
			*c.Side(d), *c.Side(d.Opposite()) = a.side, b.side
			out = append(out, c)
		}
	}
	if peer.Kind != endpoints.PodEndpoint || subject.Kind != endpoints.PodEndpoint {
		return q.decided(out)
	}
	out = mergeConnections(out)
	for i := range out {
		out[i].DeclaredBy = q.declaredBy(out[i])
	}
	return out, nil
}

// part is what one side allows on a range of ports.
type part struct {
	ports flow.PortRange
	side  flow.Side
}

// parts returns what the policies at an endpoint allow with a peer.
func (q *Questions) parts(at endpoints.Endpoint, peer endpoints.ID, d flow.Direction) ([]part, error) {
	if !at.IsSelected() {
		return []part{{flow.AllPorts(""), flow.Side{Decision: flow.NotEnforced}}}, nil
	}
	all, err := q.openings(at, d)
	if err != nil {
		return nil, err
	}
	var out []part
	known := q.asPeer(peer)
	for _, o := range all {
		if !o.Unrestricted() && !slices.ContainsFunc(known, func(id endpoints.ID) bool { return q.contains(o.Peers, id) }) {
			continue
		}
		side := flow.Side{Decision: flow.Allowed, Policies: o.Policies, L7: o.L7}
		if o.Partial {
			side.Decision = flow.Depends
		}
		out = append(out, part{o.Ports, side})
	}
	if d == flow.Ingress && at.Kind == endpoints.PodEndpoint && isOwnNode(q.View.Set.Of(peer)) {
		// It is decided again.
		out = append(out, part{flow.AllPorts(""), flow.Side{Decision: flow.Allowed}})
	}
	return out, nil
}

// asPeer returns what an endpoint is to the policies of the other side: a node is host or remote-node, and a name
// that no policy has is what the patterns that cover it are.
func (q *Questions) asPeer(id endpoints.ID) []endpoints.ID {
	switch ep := &q.View.Set.Endpoints[id-1]; ep.Kind {
	case endpoints.NodeEndpoint:
	case endpoints.NameEndpoint:
		return q.asName(ep)
	default:
		return []endpoints.ID{id}
	}
	var out []endpoints.ID
	for _, e := range policy.AnyNode().Entities {
		if entity, known := q.View.Set.Find(endpoints.Endpoint{Kind: endpoints.EntityEndpoint, Name: string(e)}); known {
			out = append(out, entity)
		}
	}
	return out
}

// asName returns the name itself if openings list it, and otherwise the listed names and patterns that cover it.
func (q *Questions) asName(ep *endpoints.Endpoint) []endpoints.ID {
	if q.names == nil {
		q.names = map[endpoints.ID]bool{}
		for _, p := range q.View.Table().Peers() {
			if q.View.Set.Endpoints[p.ID-1].Kind == endpoints.NameEndpoint {
				q.names[p.ID] = true
			}
		}
	}
	if q.names[ep.ID] {
		return []endpoints.ID{ep.ID}
	}
	var out []endpoints.ID
	for _, id := range slices.Sorted(maps.Keys(q.names)) {
		if flow.Covers(q.View.Set.Endpoints[id-1].Name, ep.Name) {
			out = append(out, id)
		}
	}
	return out
}

// members are endpoints of a set, one bit for each.
type members []uint64

// contains reports whether a set of peers has an endpoint.
func (q *Questions) contains(set *flow.PeerSet, id endpoints.ID) bool {
	if set == nil {
		return false
	}
	m, known := q.members[set]
	if !known {
		m = make(members, len(q.View.Set.Endpoints)/64+1)
		for ep := range set.All() {
			m[ep.ID/64] |= 1 << (ep.ID % 64)
		}
		q.members[set] = m
	}
	return m[id/64]&(1<<(id%64)) != 0
}
