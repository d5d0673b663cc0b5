package proof

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/generate"
	"github.com/tenantfence/tenantfence/internal/merge"
	"github.com/tenantfence/tenantfence/internal/report"
)

// TestSlicesDecideAsTheWholeBuild decides each slice of the golden cases twice: with the namespaces on which it depends, and
// with the whole build. Both find the same, unless the engine rejects a policy elsewhere.
func TestSlicesDecideAsTheWholeBuild(t *testing.T) {
	t.Parallel()
	reduced := 0
	for i, dir := range goldenCases(t) {
		if testing.Short() && i%8 != 0 {
			continue
		}
		p, ok := proofOfCase(t, dir)
		if !ok {
			continue
		}
		for _, s := range slicesOf(p) {
			p.slice, p.unreduced = s, true
			whole := decided(t, p)
			p.unreduced = false
			part := decided(t, p)
			within := withinOf(p)
			if whole.rejects(func(namespace string) bool { return !within.Has(namespace) }) {
				continue
			}
			whole.Findings = proof{within: within, asked: s}.withinSlice(whole.Findings)
			if within != nil && len(within) < len(p.index.Namespaces) {
				reduced++
			}
			if !inspectsFewer(part, whole) {
				t.Errorf("%s, %s: inspects more pods or openings than the whole build", filepath.Base(dir), s)
			}
			if diff := cmp.Diff(whole.text(), part.text()); diff != "" {
				t.Errorf("%s, %s: the whole build and what the slice needs differ:\n%s", filepath.Base(dir), s, diff)
			}
		}
	}
	if !testing.Short() && reduced < 150 {
		t.Errorf("only %d slices leave out a namespace", reduced)
	}
}

func goldenCases(t *testing.T) []string {
	t.Helper()
	var out []string
	for _, kind := range []string{"generated", "refused"} {
		dirs, err := filepath.Glob(filepath.Join("..", "..", "testdata", kind, "*"))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, dirs...)
	}
	return out
}

// slicesOf are each tenant, and the shard with what belongs to none.
func slicesOf(p proof) []report.Slice {
	out := []report.Slice{{Shard: 1, Shards: 2}, {Shard: 1, Shards: 3}, {Shard: 3, Shards: 3}}
	for _, tenant := range p.Fence.Tenants() {
		out = append(out, report.TenantSlice(tenant.Name))
	}
	return out
}

func proofOfCase(t *testing.T, dir string) (proof, bool) {
	t.Helper()
	var config *yaml.RNode
	var items []*yaml.RNode
	files, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if slices.Contains([]string{"expected.yaml", "unseen.yaml"}, filepath.Base(file)) {
			continue
		}
		nodes, err := (&kio.ByteReader{Reader: bytes.NewReader(data)}).Read()
		switch {
		case err != nil:
			return proof{}, false
		case filepath.Base(file) == "fence.yaml":
			config = nodes[0]
		default:
			items = append(items, nodes...)
		}
	}
	if config == nil || generate.ShapeFindings(config, items).HasError() {
		return proof{}, false
	}
	in, index, found := generate.Read(config, items)
	if in == nil || found.HasError() {
		return proof{}, false
	}
	w, found := generate.Policies(in, index, nil)
	if found.HasError() {
		return proof{}, false
	}
	merged, found := merge.Merge(generate.MergeOptions(in, w.Fence), items, w.Policies)
	all, err := merged.Items()
	if err != nil || found.HasError() {
		return proof{}, false
	}
	return proof{in: in, index: index, Desired: w, items: withoutOwnKinds(all)}, true
}

// decidedReport is a report for comparisons.
type decidedReport struct {
	report.Report
	err error
}

func decided(t *testing.T, p proof) decidedReport {
	t.Helper()
	r, err := p.run(v1alpha1.ProofIsolation)
	return decidedReport{r, err}
}

// withinOf are the namespaces that a slice needs. Nil: all, or the policies are not decided.
func withinOf(p proof) endpoints.NamespaceSet {
	p.asked, p.in = p.slice, p.inputsInSlice()
	e, _, err := p.start()
	if err != nil || e.Program == nil || p.reduce(&e) != nil {
		return nil
	}
	return p.within
}

// rejects reports whether a policy in one of some namespaces stops the proof, or the build exceeds its budget.
func (r decidedReport) rejects(has func(namespace string) bool) bool {
	return slices.ContainsFunc(r.Findings, func(f report.Finding) bool {
		return stops(f) && has(f.Resource.Namespace) || f.Check == report.ProofBudgetExceeded
	})
}

// inspectsFewer reports whether a part inspects no more than the whole. It may have fewer representative pods: those
// that only a policy elsewhere distinguishes.
func inspectsFewer(part, whole decidedReport) bool {
	if part.Isolation == nil || whole.Isolation == nil {
		return part.Isolation == whole.Isolation
	}
	return part.Isolation.Pods <= whole.Isolation.Pods && part.Isolation.Openings <= whole.Isolation.Openings
}

// text is all that is decided, without what is about the build as a whole.
func (r decidedReport) text() []string {
	out := []string{fmt.Sprint("error: ", r.err)}
	for _, f := range r.Findings {
		out = append(out, fmt.Sprintf("%s %s", f, f.Details))
	}
	slices.Sort(out)
	for _, test := range r.FlowTests {
		for _, c := range test.Cases {
			out = append(out, fmt.Sprintf("%s %s %t %s %v", test.Test, c.Case.Name, c.Passed, c.Problem, c.Flows))
		}
	}
	if i := r.Isolation; i != nil {
		one := *i
		one.Pods, one.Openings = 0, 0
		out = append(out, fmt.Sprintf("%#v", one))
	}
	if a := r.Agents; a != nil {
		out = append(out, fmt.Sprint(a.Identities, a.Largest))
	}
	return out
}
