package reach

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/strict"
)

// Subjects returns the endpoints that a text names: a Tenant or a namespace by its name, or an endpoint as
// FlowTests write it. It does not return representative pods.
func (q *Questions) Subjects(text string) ([]endpoints.Endpoint, error) {
	text, err := q.Endpoints.Named(text)
	if err != nil {
		return nil, err
	}
	all, err := q.Endpoints.FindAll(text)
	if err != nil {
		return nil, err
	}
	var out []endpoints.Endpoint
	for _, ep := range all {
		id, known := q.View.Set.Find(ep)
		if !known {
			if ep.Kind == endpoints.PodEndpoint {
				continue
			}
			return nil, fmt.Errorf("%q: %w", text, flow.ErrUnknownEndpoint)
		}
		if found := q.View.Set.Of(id); !found.Representative {
			out = append(out, found)
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%q has no pod in the build and its external resources: declare its workloads, or name another endpoint", text)
	}
	return out, nil
}

// Named writes the name of a Tenant or namespace as an endpoint of FlowTests, and returns other endpoints as they are.
func (e Endpoints) Named(text string) (string, error) {
	t, isNamespace := e.Fence.Tenant(text), e.namespaceExists(text)
	switch {
	case t != nil && isNamespace && !slices.Contains(t.Namespaces, text):
		return "", fmt.Errorf("%q is a Tenant, and a namespace of something else: write tenant/%s/* or namespace/%s/*", text, text, text)
	case t != nil:
		return fmt.Sprintf("tenant/%s/*", text), nil
	case isNamespace:
		return fmt.Sprintf("namespace/%s/*", text), nil
	}
	if _, err := v1alpha1.ParseEndpoint(text); err != nil && !strings.Contains(text, "/") {
		return "", fmt.Errorf("%q is no Tenant and no namespace%s, and %w", text, e.nearestName(text), err)
	}
	return text, nil
}

// nearestName suggests a Tenant or namespace that a misspelt name most likely refers to.
func (e Endpoints) nearestName(name string) string {
	names := slices.Collect(maps.Keys(e.Index.Namespaces))
	for _, t := range e.Fence.Tenants() {
		names = append(names, t.Name)
	}
	slices.Sort(names)
	if near := strict.Nearest(name, names); near != "" {
		return " (did you mean " + near + "?)"
	}
	return ""
}

// Reach finds the connections of some endpoints in some directions and, if hops is more than 1, what they
// reach through pods in between.
func (q *Questions) Reach(subjects []endpoints.Endpoint, hops int, directions ...flow.Direction) (report.Reachable, error) {
	out := report.Reachable{Subjects: []report.ReachSubject{}, Hops: hops, Directions: directions, Connections: map[flow.Direction][]report.Connection{}, LaterPods: map[flow.Direction][]string{}, Paths: map[flow.Direction][]report.Path{}}
	for _, s := range subjects {
		one, err := q.subject(s)
		if err != nil {
			return out, err
		}
		out.Subjects = append(out.Subjects, one)
	}
	for _, d := range directions {
		for _, s := range flow.Ahead(subjects, q.View) {
			if s.Kind == endpoints.NameEndpoint && d == flow.Egress {
				continue
			}
			some, err := q.Connections(s, d)
			if err != nil {
				return out, err
			}
			out.Connections[d] = append(out.Connections[d], some...)
			later, err := q.laterPods(s, d)
			if err != nil {
				return out, err
			}
			out.LaterPods[d] = append(out.LaterPods[d], later...)
		}
		out.LaterPods[d] = endpoints.SortedUnique(out.LaterPods[d])
		if hops > 1 {
			paths, err := q.Paths(subjects, d, hops)
			if err != nil {
				return out, err
			}
			out.Paths[d] = paths
		}
	}
	return out, nil
}

func (q *Questions) subject(ep endpoints.Endpoint) (report.ReachSubject, error) {
	out := report.ReachSubject{Endpoint: ep, Isolated: map[flow.Direction]bool{}, DenyRules: map[flow.Direction]bool{}, Policies: map[flow.Direction]flow.Policies{}}
	if !ep.IsSelected() {
		return out, nil
	}
	if ep.Kind == endpoints.PodEndpoint {
		if owner := q.Endpoints.Fence.OwnerOfPod(ep.Namespace, ep.Labels); owner != nil {
			out.Owner, out.AllowOnly = accessOwner(owner), isAllowOnly(owner)
		}
	}
	for _, d := range flow.Directions() {
		all, err := q.openings(ep, d)
		if err != nil {
			return out, err
		}
		// A rule without policies is the enforcer's own: it allows everything that no deny rule denies.
		denies := slices.ContainsFunc(all, func(o flow.Opening) bool { return len(o.Policies) == 0 })
		out.Isolated[d], out.DenyRules[d] = !denies, denies && all.Isolate()
		out.Policies[d] = q.View.Table().Selecting(ep.ID, d)
	}
	return out, nil
}

// Paths returns the shortest path to everything that some endpoints reach with at most some hops or, for
// ingress, from everything that reaches them. Only pods pass traffic on.
func (q *Questions) Paths(from []endpoints.Endpoint, d flow.Direction, hops int) ([]report.Path, error) {
	w := q.newWalk(from, d)
	for n := 0; n < hops && len(w.frontier) > 0; n++ {
		if err := w.step(); err != nil {
			return nil, err
		}
	}
	var out []report.Path
	for _, id := range w.reached {
		path, err := w.path(id)
		if err != nil {
			return nil, err
		}
		out = append(out, path)
	}
	return out, nil
}

// walk finds what is reached, one hop at a time.
type walk struct {
	*Questions
	direction flow.Direction
	// before is the endpoint from which each was reached, 0 for the first ones. reached is in order.
	before            map[endpoints.ID]endpoints.ID
	frontier, reached []endpoints.ID
}

func (q *Questions) newWalk(from []endpoints.Endpoint, d flow.Direction) *walk {
	w := &walk{Questions: q, direction: d, before: map[endpoints.ID]endpoints.ID{}}
	for _, ep := range from {
		w.before[ep.ID] = 0
		w.frontier = append(w.frontier, ep.ID)
	}
	return w
}

// step follows one more hop.
func (w *walk) step() error {
	var next []endpoints.ID
	for _, id := range w.frontier {
		ep := w.View.Set.Of(id)
		peers, err := w.peers(ep, w.direction, isPeer)
		if err != nil {
			return err
		}
		for _, peer := range peers {
			if _, known := w.before[peer.ID]; known {
				continue
			}
			some, err := w.between(ep, peer, w.direction)
			if err != nil {
				return err
			}
			if len(some) == 0 {
				continue
			}
			w.before[peer.ID] = id
			w.reached = append(w.reached, peer.ID)
			if peer.Kind == endpoints.PodEndpoint {
				next = append(next, peer.ID)
			}
		}
	}
	w.frontier = next
	return nil
}

// path returns the connections on the way to an endpoint, in the direction of the traffic.
func (w *walk) path(id endpoints.ID) (report.Path, error) {
	var out report.Path
	for at := id; w.before[at] != 0; at = w.before[at] {
		some, err := w.between(w.View.Set.Of(w.before[at]), &w.View.Set.Endpoints[at-1], w.direction)
		if err != nil {
			return nil, err
		}
		out = append(out, some[0])
	}
	if w.direction == flow.Egress {
		slices.Reverse(out)
	}
	return out, nil
}
