package engine_test

import (
	"slices"
	"testing"

	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
)

// A deny rule for the labels of a representative pod may not match the pod that is created later.
func TestRepresentativesIgnoreDenyRules(t *testing.T) {
	t.Parallel()
	e := engineOf(t, documents(t, all(
		cnp("db", "{endpointSelector: {matchLabels: {app: late}}, ingress: [{}]}"),
		cnp("in", "{endpointSelector: {matchLabels: {app: web}}, ingress: [{fromEndpoints: [{matchLabels: {app: late}}]}], ingressDeny: [{fromEndpoints: [{}]}]}"))), nil)
	if _, err := e.Representatives(endpoints.Environment{Namespaces: map[string]map[string]string{"acme": nil}}); err != nil {
		t.Fatal(err)
	}
	openings, err := e.Openings(pods["web"], flow.Ingress)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, o := range openings {
		got = append(got, opening(o))
	}
	want := []string{"1-65535/: a pod with app=late in acme by acme/in"}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}
