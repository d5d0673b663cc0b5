package reach

import (
	"cmp"
	"encoding/binary"
	"slices"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/report"
)

// join returns the graph of the connections. It numbers nodes in the order of their groups and names, and joins
// connections with the same traffic between two groups.
func (g *graph) join() report.Graph {
	var out report.Graph
	at := g.nodes(&out)
	for i := range g.connections {
		c := &g.connections[i]
		c.from, c.to = at[c.from], at[c.to]
	}
	group := func(node endpoints.ID) int { return out.Nodes[node].Group }
	slices.SortFunc(g.connections, func(a, b graphConnection) int {
		return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to))
	})
	g.sortTraffic()
	edges := joinEdges(g.connections, group)
	for _, e := range edges {
		one := report.GraphEdge{From: positions(e.from), To: positions(e.to)}
		for _, n := range e.traffic {
			one.Traffic = append(one.Traffic, g.kinds[n])
		}
		out.Edges = append(out.Edges, one)
	}
	return out
}

func positions(nodes []endpoints.ID) []int {
	var out []int
	for _, n := range nodes {
		out = append(out, int(n))
	}
	return out
}

// nodes adds the groups and nodes to a graph. It returns the position of each endpoint.
func (g *graph) nodes(out *report.Graph) map[endpoints.ID]endpoints.ID {
	at := map[endpoints.ID]endpoints.ID{}
	for id := range g.selected {
		at[id] = 0
	}
	for _, c := range g.connections {
		at[c.from], at[c.to] = 0, 0
	}
	groups := map[string]*report.GraphGroup{}
	of := func(ep *endpoints.Endpoint) *report.GraphGroup {
		one := g.groupOf(ep)
		key := string(one.Kind) + " " + one.Name
		if groups[key] == nil {
			groups[key] = &one
		}
		return groups[key]
	}
	if len(g.selected) == g.View.Set.Deployed {
		for _, t := range g.Endpoints.Fence.Tenants() {
			one := report.GraphGroup{Kind: report.TenantGroup, Name: t.Name, Namespaces: t.Namespaces, Enforcement: t.Enforcement}
			groups[string(one.Kind)+" "+one.Name] = &one
		}
	}
	type node struct {
		*endpoints.Endpoint
		group *report.GraphGroup
	}
	var all []node
	for id := range at {
		ep := &g.View.Set.Endpoints[id-1]
		all = append(all, node{ep, of(ep)})
	}
	var sorted []*report.GraphGroup
	for _, one := range groups {
		sorted = append(sorted, one)
	}
	slices.SortFunc(sorted, compareGroups)
	numbers := map[*report.GraphGroup]int{}
	for i, one := range sorted {
		numbers[one] = i
		out.Groups = append(out.Groups, *one)
	}
	slices.SortFunc(all, func(a, b node) int {
		return cmp.Or(cmp.Compare(numbers[a.group], numbers[b.group]), cmp.Compare(report.EndpointName(a.Endpoint), report.EndpointName(b.Endpoint)), cmp.Compare(a.ID, b.ID))
	})
	for i, n := range all {
		at[n.ID] = endpoints.ID(i) //nolint:gosec // IDs have as many bits.
		one := report.GraphNode{Endpoint: n.Endpoint, Group: numbers[n.group], Open: map[flow.Direction]bool{}}
		for _, d := range flow.Directions() {
			one.Open[d] = g.isPod(n.Endpoint) && g.open[d][n.ID-1]
		}
		out.Nodes = append(out.Nodes, one)
	}
	return at
}

func compareGroups(a, b *report.GraphGroup) int {
	kinds := report.GroupKinds()
	return cmp.Or(cmp.Compare(slices.Index(kinds, a.Kind), slices.Index(kinds, b.Kind)), cmp.Compare(a.Name, b.Name))
}

// groupOf returns the group of an endpoint.
func (g *graph) groupOf(ep *endpoints.Endpoint) report.GraphGroup {
	switch {
	case ep.Kind == endpoints.PodEndpoint && ep.Cluster != "":
		return report.GraphGroup{Kind: report.ClusterGroup, Name: ep.Cluster}
	case ep.Kind == endpoints.PodEndpoint:
		if t := g.Endpoints.Fence.OwnerOfPod(ep.Namespace, ep.Labels); t != nil {
			return report.GraphGroup{Kind: report.TenantGroup, Name: t.Name, Namespaces: t.Namespaces, Enforcement: t.Enforcement}
		}
		return report.GraphGroup{Kind: report.NamespaceGroup, Name: ep.Namespace}
	case ep.Kind == endpoints.EntityEndpoint && slices.ContainsFunc(clusterEntities, func(e v1alpha1.Entity) bool { return string(e) == ep.Name }):
		return report.GraphGroup{Kind: report.EntityGroup}
	}
	return report.GraphGroup{Kind: report.OutsideGroup}
}

// sortTraffic renumbers traffic in the order of ports and policies, so that no order of the input counts.
func (g *graph) sortTraffic() {
	order := make([]int32, len(g.kinds))
	for i := range order {
		order[i] = int32(i) //nolint:gosec // Connections are bounded.
	}
	slices.SortFunc(order, func(i, j int32) int { return compareTraffic(&g.kinds[i], &g.kinds[j]) })
	sorted := make([]report.GraphTraffic, len(order))
	at := make([]int32, len(order))
	for n, i := range order {
		sorted[n], at[i] = g.kinds[i], int32(n) //nolint:gosec // Connections are bounded.
	}
	for i := range g.connections {
		g.connections[i].traffic = at[g.connections[i].traffic]
	}
	g.kinds = sorted
}

func compareTraffic(a, b *report.GraphTraffic) int {
	return cmp.Or(
		a.Ports.Compare(b.Ports), a.Egress.Policies.Compare(b.Egress.Policies), a.Ingress.Policies.Compare(b.Ingress.Policies),
		cmp.Compare(a.Egress.L7.String(), b.Egress.L7.String()), cmp.Compare(a.Ingress.L7.String(), b.Ingress.L7.String()),
		cmp.Compare(a.Egress.Decision, b.Egress.Decision), cmp.Compare(a.Ingress.Decision, b.Ingress.Decision),
	)
}

// joinedEdge is an edge in the making.
type joinedEdge struct {
	from, to []endpoints.ID
	traffic  []int32
}

// joinEdges joins connections, which are sorted by source and destination: first those of one source and traffic
// to one group, then those from one group, and at last the traffic between the same nodes.
func joinEdges(all []graphConnection, group func(endpoints.ID) int) []joinedEdge {
	type sourceKey struct {
		from    endpoints.ID
		group   int
		traffic int32
	}
	bySource := joinWith(all, func(c graphConnection) (sourceKey, joinedEdge) {
		return sourceKey{c.from, group(c.to), c.traffic}, joinedEdge{[]endpoints.ID{c.from}, []endpoints.ID{c.to}, []int32{c.traffic}}
	}, func(e *joinedEdge, more joinedEdge) { e.to = append(e.to, more.to...) })
	type groupKey struct {
		group   int
		to      string
		traffic int32
	}
	byGroup := joinWith(bySource, func(e joinedEdge) (groupKey, joinedEdge) {
		return groupKey{group(e.from[0]), keyOfNodes(e.to), e.traffic[0]}, e
	}, func(e *joinedEdge, more joinedEdge) { e.from = append(e.from, more.from...) })
	out := joinWith(byGroup, func(e joinedEdge) ([2]string, joinedEdge) {
		return [2]string{keyOfNodes(e.from), keyOfNodes(e.to)}, e
	}, func(e *joinedEdge, more joinedEdge) { e.traffic = append(e.traffic, more.traffic...) })
	for _, e := range out {
		slices.Sort(e.traffic)
	}
	slices.SortFunc(out, func(a, b joinedEdge) int { return cmp.Or(slices.Compare(a.from, b.from), slices.Compare(a.to, b.to)) })
	return out
}

// joinWith joins the edges of one key, in the order of their first.
func joinWith[T any, K comparable](all []T, edgeOf func(T) (K, joinedEdge), add func(*joinedEdge, joinedEdge)) []joinedEdge {
	var out []joinedEdge
	at := map[K]int{}
	for _, one := range all {
		key, e := edgeOf(one)
		if i, known := at[key]; known {
			add(&out[i], e)
			continue
		}
		at[key] = len(out)
		out = append(out, e)
	}
	return out
}

func keyOfNodes(nodes []endpoints.ID) string {
	var key []byte
	for _, n := range nodes {
		key = binary.AppendUvarint(key, uint64(n)) //nolint:gosec // Positions are not negative.
	}
	return string(key)
}
