package reach

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/report"
)

// ForbiddenPaths reports the paths that connections form although a profile forbids them: for each, the
// shortest one. The paths are at a field of the profile.
func (q *Questions) ForbiddenPaths(all []v1alpha1.ForbiddenPath, profile report.Ref, at *field.Path) (report.Findings, error) {
	var out report.Findings
	for i, p := range all {
		field := at.Index(i).String()
		from, fromErr := q.pathEnds(p.From, flow.Egress)
		to, toErr := q.pathEnds(p.To, flow.Ingress)
		if fromErr != nil {
			out = append(out, report.New(report.ForbiddenPathUndecided, report.Error, profile, field+".from", "%v", fromErr))
		}
		if toErr != nil {
			out = append(out, report.New(report.ForbiddenPathUndecided, report.Error, profile, field+".to", "%v", toErr))
		}
		if fromErr != nil || toErr != nil {
			continue
		}
		path, err := q.shortest(from, to, p.WithinHops)
		if err != nil {
			return nil, err
		}
		if path != nil {
			out = append(out, report.New(report.ForbiddenPathExists, report.Error, profile, field, "%s", q.forbiddenText(p, path)))
		}
	}
	return out, nil
}

// pathEnds returns the endpoints where a path begins or, for ingress, ends.
func (q *Questions) pathEnds(text string, d flow.Direction) ([]endpoints.Endpoint, error) {
	if text != string(v1alpha1.ExternalForm) && text != string(v1alpha1.EntityWorld) {
		return q.Subjects(text)
	}
	var out []endpoints.Endpoint
	for _, ep := range q.View.Set.Known() {
		if outsideCluster(ep) && (d == flow.Ingress || ep.Kind != endpoints.NameEndpoint) {
			out = append(out, ep)
		}
	}
	return out, nil
}

// outsideCluster reports whether an endpoint is outside the cluster.
func outsideCluster(ep endpoints.Endpoint) bool {
	return ep.Kind == endpoints.AddressEndpoint || ep.Kind == endpoints.NameEndpoint || ep.Kind == endpoints.EntityEndpoint && isWorld(ep.Name)
}

// shortest returns the shortest path from some endpoints to others, nil without one. 0 hops are any number.
func (q *Questions) shortest(from, to []endpoints.Endpoint, hops int) (report.Path, error) {
	goal := map[endpoints.ID]bool{}
	for _, ep := range to {
		goal[ep.ID] = true
	}
	w := q.newWalk(slices.DeleteFunc(slices.Clone(from), func(ep endpoints.Endpoint) bool { return goal[ep.ID] }), flow.Egress)
	for n := 0; (hops == 0 || n < hops) && len(w.frontier) > 0; n++ {
		known := len(w.reached)
		if err := w.step(); err != nil {
			return nil, err
		}
		if i := slices.IndexFunc(w.reached[known:], func(id endpoints.ID) bool { return goal[id] }); i >= 0 {
			return w.path(w.reached[known+i])
		}
	}
	return nil, nil
}

// forbiddenText describes a path, and the fields that declare its last connection.
func (q *Questions) forbiddenText(p v1alpha1.ForbiddenPath, path report.Path) string {
	text := report.EndpointName(path[0].From)
	for _, c := range path {
		text += fmt.Sprintf(" -> %s on %s", report.EndpointName(c.To), c.Ports.Text())
	}
	last := path[len(path)-1]
	why := "no policy isolates its last connection"
	if len(last.DeclaredBy) > 0 {
		why = "declared by " + strings.Join(last.DeclaredBy, ", ")
	} else if by := slices.Concat(last.Egress.Policies, last.Ingress.Policies); len(by) > 0 {
		why = "allowed by " + by.Sorted().String()
	}
	return fmt.Sprintf("%s reaches %s with %s, and the profile forbids it: %s (%s): remove or narrow that flow", p.From, p.To, report.Count(len(path), "connection"), text, why)
}
