package reach

import (
	"fmt"
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
}

// NewQuestions returns the questions about a view, as Compile returns it with representatives.
func NewQuestions(view *flow.View, e Endpoints) *Questions {
	return &Questions{View: view, Endpoints: e, members: map[*flow.PeerSet]members{}}
}

// declaredBy returns the fields behind the policies of a connection, each once, sorted.
func (q *Questions) declaredBy(c report.Connection) []string {
	var out []string
	for _, id := range slices.Concat(c.Egress.Policies, c.Ingress.Policies) {
		out = append(out, q.Endpoints.Reasons[id]...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Connections returns the connections of an endpoint in one direction: those that it opens, or those that
// others open to it. The other side is a pod of the build, an entity, a network or a DNS name. A pod's own node
// (the entity host) always reaches it.
func (q *Questions) Connections(subject endpoints.Endpoint, d flow.Direction) ([]report.Connection, error) {
	var out []report.Connection
	peers, err := q.peers(subject, d, isPeer)
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

// Between returns the connections from one endpoint to another.
func (q *Questions) Between(from, to endpoints.Endpoint) ([]report.Connection, error) {
	id, known := q.View.Set.Find(to)
	if !known {
		return nil, fmt.Errorf("%s: %w", to.Name, flow.ErrUnknownEndpoint)
	}
	return q.between(from, &q.View.Set.Endpoints[id-1], flow.Egress)
}

// peers returns the endpoints that the policies at one side of a connection allow, each once.
func (q *Questions) peers(subject endpoints.Endpoint, d flow.Direction, match func(endpoints.Endpoint, flow.Direction) bool) ([]*endpoints.Endpoint, error) {
	var out []*endpoints.Endpoint
	seen := map[endpoints.ID]bool{subject.ID: subject.Kind != endpoints.PodEndpoint}
	add := func(ep *endpoints.Endpoint) {
		// Nothing decides between two endpoints that no policy selects.
		if !seen[ep.ID] && match(*ep, d) && (subject.IsSelected() || ep.IsSelected()) {
			seen[ep.ID] = true
			out = append(out, ep)
		}
	}
	all, err := q.openings(subject, d)
	if err != nil {
		return nil, err
	}
	if !all.Isolate() {
		for i := range q.View.Set.Listed {
			add(&q.View.Set.Endpoints[i])
		}
	}
	for _, o := range all {
		for ep := range o.Peers.All() {
			if ep.ID == 0 {
				return nil, fmt.Errorf("find connections: %w: %q", flow.ErrUnknownEndpoint, ep.Name)
			}
			add(ep)
		}
	}
	if host, known := q.View.Set.Find(ownNode); known && subject.Kind == endpoints.PodEndpoint && d == flow.Ingress {
		add(&q.View.Set.Endpoints[host-1])
	}
	slices.SortFunc(out, func(a, b *endpoints.Endpoint) int { return int(a.ID - b.ID) })
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
	peers, err := q.peers(subject, d, isLaterPod)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, peer := range peers {
		some, err := q.between(subject, peer, d)
		if err != nil {
			return nil, err
		}
		if len(some) > 0 {
			out = append(out, peer.Name)
		}
	}
	return out, nil
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
	for _, o := range all {
		if !o.Unrestricted() && !slices.ContainsFunc(q.asPeer(peer), func(id endpoints.ID) bool { return q.contains(o.Peers, id) }) {
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

// asPeer returns what an endpoint is to the policies of the other side: a node is host or remote-node.
func (q *Questions) asPeer(id endpoints.ID) []endpoints.ID {
	if q.View.Set.Endpoints[id-1].Kind != endpoints.NodeEndpoint {
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

// mergeConnections joins adjacent ranges of ports that the same policies allow.
func mergeConnections(all []report.Connection) []report.Connection {
	slices.SortStableFunc(all, func(a, b report.Connection) int { return a.Ports.Compare(b.Ports) })
	var out []report.Connection
	for _, c := range all {
		if n := len(out) - 1; n >= 0 && out[n].Ports.Protocol == c.Ports.Protocol && int(out[n].Ports.Last)+1 == int(c.Ports.First) && out[n].SameSides(c) {
			out[n].Ports.Last = c.Ports.Last
			continue
		}
		out = append(out, c)
	}
	return out
}

// decided decides the connections of a pair again, each on its first port, with ranges cut where any of them
// begins or ends. An entity may be several things, which openings list one by one, and a name needs a DNS rule.
func (q *Questions) decided(all []report.Connection) ([]report.Connection, error) {
	var bounds []flow.PortRange
	for _, c := range all {
		bounds = append(bounds, c.Ports)
	}
	var out []report.Connection
	seen := map[flow.PortRange]bool{}
	for _, c := range all {
		for _, ports := range q.cut(c.Ports, bounds) {
			if seen[ports] {
				continue
			}
			seen[ports] = true
			c.Ports = ports
			v, err := q.View.Decide(exampleOf(c))
			if err != nil {
				return nil, fmt.Errorf("find connections: %w", err)
			}
			if isOwnNode(*c.From) && c.To.Kind == endpoints.PodEndpoint && v.Ingress.Decision == flow.Allowed {
				// Policies that also allow it change nothing.
				v.Ingress = flow.Side{Decision: flow.Allowed}
			}
			if c.Egress, c.Ingress = v.Egress, v.Ingress; v.Decision() != flow.Denied {
				c.Note, c.DeclaredBy = noteOf(c, v), q.declaredBy(c)
				out = append(out, c)
			}
		}
	}
	return mergeConnections(out), nil
}

// noteOf states in which cases a verdict allows a connection, if it depends.
func noteOf(c report.Connection, v flow.Verdict) string {
	switch {
	case v.Decision() == flow.Depends:
		return v.Note
	case isOwnNode(*c.From) && c.To.Kind == endpoints.PodEndpoint && len(c.Ingress.Policies) == 0:
		return "a node always reaches its own pods"
	}
	return ""
}

// cut cuts a range where others begin or end. One of every protocol is cut where others have a protocol.
func (q *Questions) cut(r flow.PortRange, bounds []flow.PortRange) []flow.PortRange {
	if r.Protocol != "" || !slices.ContainsFunc(bounds, func(b flow.PortRange) bool { return b.Protocol != "" }) {
		return r.Split(bounds)
	}
	var out []flow.PortRange
	for _, p := range q.View.Table().Protocols() {
		out = append(out, flow.AllPorts(p).Split(bounds)...)
	}
	return out
}

// exampleOf returns a flow of a connection.
func exampleOf(c report.Connection) flow.Flow {
	f := flow.Flow{From: *c.From, To: *c.To, Protocol: c.Ports.Protocol}
	if c.To.Kind == endpoints.NameEndpoint {
		f.To = endpoints.Endpoint{Kind: endpoints.NameEndpoint, Name: exampleName(c.To.Name)}
	}
	if !c.Ports.IsAllPorts() {
		f.Port = c.Ports.First
	}
	return f
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
