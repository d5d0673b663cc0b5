package reach

import (
	"fmt"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
	"github.com/tenantfence/tenantfence/internal/strict"
)

// UnknownEndpoints reports sources and destinations of a FlowTest's cases that nothing has, and that
// are likely misspelt: a case that expects Deny of them can hardly fail.
func (e Endpoints) UnknownEndpoints(test resource.FlowTest) report.Findings {
	var out report.Findings
	for i, c := range test.Test.Spec.Cases {
		at := field.NewPath("spec", "cases").Index(test.Position(i))
		for _, endpoint := range []struct{ name, text string }{{"from", c.From}, {"to", c.To}} {
			if problem := e.unknownEndpoint(endpoint.text); problem != "" {
				out = append(out, report.New(report.FlowTestEndpointUnknown, report.Info, test.Ref, at.Child(endpoint.name).String(), "%s", problem))
			}
		}
	}
	return out
}

// unknownEndpoint is why an endpoint that the build does not have is likely wrong, or "".
func (e Endpoints) unknownEndpoint(text string) string {
	f, err := v1alpha1.ParseEndpoint(text)
	switch {
	case err != nil || len(f.Labels) == 0:
		return ""
	case f.Form == v1alpha1.NodeForm:
		return e.unknownNode(text, f)
	case f.Form == v1alpha1.TenantForm || f.Form == v1alpha1.NamespaceForm:
		return e.misspelledLabel(text, f)
	}
	return ""
}

// unknownNode doubts a node that no Node of the build and no entry of nodes matches.
func (e Endpoints) unknownNode(text string, f v1alpha1.FlowEndpoint) string {
	like := endpoints.Selector{MatchLabels: f.Labels}
	for _, n := range e.Index.Nodes {
		if endpoints.Selects(like, n.Labels) {
			return ""
		}
	}
	if slices.ContainsFunc(e.Fence.Nodes(), func(n *policy.Owner) bool { return endpoints.Selects(n.Selector, f.Labels) }) {
		return ""
	}
	return fmt.Sprintf("%q is no Node of the build, and the profile's nodes select none with these labels: correct them, unless the node has no fence", text)
}

// misspelledLabel doubts a pod's label where the build has no such pod, and others there have
// the label with nearly this value.
func (e Endpoints) misspelledLabel(text string, f v1alpha1.FlowEndpoint) string {
	namespaces, err := e.namespacesIn(f)
	if err != nil {
		return ""
	}
	have := map[string][]string{}
	for _, ns := range namespaces {
		if len(e.Index.WorkloadsIn(ns, endpoints.Selector{MatchLabels: f.Labels})) > 0 {
			return ""
		}
		for _, w := range e.Index.WorkloadsIn(ns, endpoints.Selector{}) {
			for key, value := range w.Labels {
				have[key] = append(have[key], value)
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(f.Labels)) {
		if slices.Contains(have[key], f.Labels[key]) {
			continue
		}
		if near := strict.Nearest(key, slices.Sorted(maps.Keys(have))); near != "" && len(have[key]) == 0 {
			return fmt.Sprintf("%q is no pod of the build, and pods there have the label %s: correct the label, unless the pod is deployed later", text, near)
		}
		slices.Sort(have[key])
		if near := strict.Nearest(f.Labels[key], have[key]); near != "" {
			return fmt.Sprintf("%q is no pod of the build, so a representative pod is decided, and pods there have %s=%s: correct the label, unless the pod is deployed later", text, key, near)
		}
	}
	return ""
}
