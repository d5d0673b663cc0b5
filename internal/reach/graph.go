package reach

import (
	"fmt"
	"slices"

	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/report"
)

// maxGraphConnections bounds the memory of a graph: each connection has some bytes until edges join them.
const maxGraphConnections = 4_000_000

// Graph returns what policies allow between the pods of the build and with what is outside. Selected restricts
// it to the connections of some pods. None: all pods. Pods that nothing isolates are marked open, and edges
// between them are left out.
func (q *Questions) Graph(selected []endpoints.Endpoint, progress report.Progress) (report.Graph, error) {
	g := &graph{Questions: q, selected: map[endpoints.ID]bool{}, open: map[flow.Direction][]bool{}, traffic: map[string]int32{}}
	if err := g.findOpen(); err != nil {
		return report.Graph{}, err
	}
	if len(selected) == 0 {
		selected = q.View.Set.Pods()
	}
	for _, ep := range selected {
		if ep.Kind != endpoints.PodEndpoint || int(ep.ID) > q.View.Set.Deployed {
			return report.Graph{}, fmt.Errorf("%s is not a pod of the build: name a Tenant, a namespace or a pod", ep.Name)
		}
		g.selected[ep.ID] = true
	}
	for i := range q.View.Set.Pods() {
		pod := &q.View.Set.Endpoints[i]
		if !g.selected[pod.ID] {
			continue
		}
		progress.Report("finding connections", i, q.View.Set.Deployed)
		for _, d := range flow.Directions() {
			if err := g.add(pod, d); err != nil {
				return report.Graph{}, err
			}
		}
	}
	return g.join(), nil
}

// graph collects the connections of a graph.
type graph struct {
	*Questions
	selected map[endpoints.ID]bool
	// open has, by position, the pods that nothing isolates in a direction.
	open map[flow.Direction][]bool
	// traffic has the number of each distinct traffic, and kinds their values.
	traffic     map[string]int32
	kinds       []report.GraphTraffic
	connections []graphConnection
}

// graphConnection is traffic between two endpoints.
type graphConnection struct {
	from, to endpoints.ID
	traffic  int32
}

// findOpen finds the pods that nothing isolates.
func (g *graph) findOpen() error {
	for _, d := range flow.Directions() {
		g.open[d] = make([]bool, g.View.Set.Deployed)
		for i, pod := range g.View.Set.Pods() {
			all, err := g.openings(pod, d)
			if err != nil {
				return err
			}
			g.open[d][i] = pod.IsSelected() && !all.Isolate()
		}
	}
	return nil
}

// isPod reports whether an endpoint is a pod of the build, in this cluster.
func (g *graph) isPod(ep *endpoints.Endpoint) bool {
	return int(ep.ID) <= g.View.Set.Deployed && ep.IsSelected()
}

// isOpen reports whether nothing isolates an endpoint.
func (g *graph) isOpen(ep *endpoints.Endpoint, d flow.Direction) bool {
	return !g.isPod(ep) || g.open[d][ep.ID-1]
}

// add adds the connections of a selected pod in one direction.
func (g *graph) add(pod *endpoints.Endpoint, d flow.Direction) error {
	peers, err := g.peers(*pod, d, isPeer)
	if err != nil {
		return err
	}
	for _, peer := range peers {
		if !g.listedAt(pod, peer, d) {
			continue
		}
		some, err := g.between(*pod, peer, d)
		if err != nil {
			return err
		}
		for _, c := range some {
			// An arrow from its own node to each pod would show nothing.
			if isOwnNode(*c.From) && len(c.Ingress.Policies) == 0 {
				continue
			}
			g.connections = append(g.connections, graphConnection{c.From.ID, c.To.ID, g.trafficOf(c)})
		}
		if len(g.connections) > maxGraphConnections {
			return fmt.Errorf("the graph has more than %d connections: select some Tenants with --tenant", maxGraphConnections)
		}
	}
	return nil
}

// listedAt reports whether a connection is found at this pod. A connection between selected pods is found once:
// at its source or, if nothing isolates that, at its destination. None is listed if nothing isolates both sides.
func (g *graph) listedAt(pod, peer *endpoints.Endpoint, d flow.Direction) bool {
	podOpen, peerOpen := g.isOpen(pod, d), g.isOpen(peer, d.Opposite())
	switch {
	case podOpen && peerOpen:
		return false
	case !g.isPod(peer) || !g.selected[peer.ID]:
		return true
	case d == flow.Egress:
		return !podOpen
	}
	return peerOpen
}

// trafficOf returns the number of the traffic of a connection.
func (g *graph) trafficOf(c report.Connection) int32 {
	key := fmt.Sprintf("%v|%s|%s|%s|%s|%s|%s|%q", c.Ports, c.Egress.Decision, c.Ingress.Decision, c.Egress.Policies, c.Ingress.Policies, c.Egress.L7, c.Ingress.L7, c.DeclaredBy)
	n, known := g.traffic[key]
	if !known {
		n = int32(len(g.kinds)) //nolint:gosec // Connections are bounded.
		g.traffic[key] = n
		g.kinds = append(g.kinds, report.GraphTraffic{Ports: c.Ports, Egress: c.Egress, Ingress: c.Ingress, DeclaredBy: slices.Clone(c.DeclaredBy)})
	}
	return n
}
