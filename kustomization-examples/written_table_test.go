package examples_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/reach"
)

// TestWrittenTables writes what each example's policies decide to JSON, and expects the same results from
// what is read back.
func TestWrittenTables(t *testing.T) {
	t.Parallel()
	skipInShort(t, "writes and reads the tables of every example")
	for _, dir := range examples(t) {
		t.Run(dir, func(t *testing.T) {
			t.Parallel()
			for _, m := range newMutants(t, dir) {
				subject := reach.Proof{Fence: m.fence, Endpoints: m.endpoints, ListAccess: true}
				views, err := subject.Compile(m.tests, reach.WithRepresentatives, m.engine(t, nil).Program())
				if err != nil {
					t.Fatal(err)
				}
				written, err := json.Marshal(views[0].Data())
				if err != nil {
					t.Fatal(err)
				}
				var read flow.Data
				if err := json.Unmarshal(written, &read); err != nil {
					t.Fatal(err)
				}
				again, err := read.View()
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(m.results(t, subject, views[0]), m.results(t, subject, again)); diff != "" {
					t.Errorf("what was read decides differently (-compiled +read):\n%s", diff)
				}
			}
		})
	}
}

// results are what a proof and the FlowTests find under a view.
func (m *mutant) results(t *testing.T, subject reach.Proof, view *flow.View) string {
	t.Helper()
	subject.View = view
	subject.Endpoints.OutsideAddresses = subject.OutsideAddresses(m.tests)
	isolated, err := subject.Isolation()
	if err != nil {
		t.Fatal(err)
	}
	out := []any{isolated.Isolation, isolated.Findings.Sort(), isolated.Largest, isolated.Parts}
	for _, test := range m.tests {
		out = append(out, reach.Run(view, subject.Endpoints, test))
	}
	text, err := json.MarshalIndent(out, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
