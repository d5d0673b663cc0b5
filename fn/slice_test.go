package fn_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/fn"
	"github.com/tenantfence/tenantfence/internal/report"
)

// shards of each case.
const shards = 3

// TestShardsDecideTheWhole runs each golden case as a whole and in shards. All generate the same. Together, the
// shards decide each pod, node and FlowTest case of the whole, and refuse what the whole refuses.
func TestShardsDecideTheWhole(t *testing.T) {
	t.Parallel()
	every := 1
	if testing.Short() {
		every = 8
		fmt.Println("skipped: -short runs every eighth case of TestShardsDecideTheWhole")
	}
	inSeveral := false
	for _, kind := range []string{"generated", "refused"} {
		cases, err := os.ReadDir(filepath.Join(testdata, kind))
		if err != nil {
			t.Fatal(err)
		}
		for i, c := range cases {
			if i%every != 0 {
				continue
			}
			config, items := readCase(t, filepath.Join(testdata, kind, c.Name()))
			if emits(config) {
				continue
			}
			whole := runSlice(config, items, report.Slice{})
			parts := make([]sliceRun, shards)
			for shard := range parts {
				parts[shard] = runSlice(config, items, report.Slice{Shard: shard + 1, Shards: shards})
			}
			if c.Name() == "any-namespace-in-cluster-scope" {
				// A policy of another shard distinguishes one more pod that may be created in an unclaimed namespace.
				whole.pods, whole.openings = whole.pods-1, whole.openings-2
			}
			if problem := sliceDifference(whole, parts); problem != "" {
				t.Errorf("%s/%s: %s", kind, c.Name(), problem)
			}
			inSeveral = inSeveral || parts[0].pods > 0 && parts[1].pods > 0
		}
	}
	if !inSeveral {
		t.Error("no case has pods in two shards")
	}
}

func emits(config *yaml.RNode) bool {
	emit, err := config.Pipe(yaml.Lookup("spec", "emit"))
	return err == nil && emit != nil
}

// sliceRun is what a run of a slice generated and decided.
type sliceRun struct {
	fails           bool
	items           string
	pods, openings  int
	cases, problems map[string]bool
	claimsAll       bool
}

func runSlice(config *yaml.RNode, items []*yaml.RNode, s report.Slice) sliceRun {
	r, err := fn.Process(config.Copy(), copied(items), fn.Options{Slice: s})
	out := sliceRun{fails: err != nil, cases: map[string]bool{}, problems: map[string]bool{}}
	if text, err := kio.StringAll(r.Items); err == nil {
		out.items = text
	}
	if i := r.Report.Isolation; i != nil {
		out.pods, out.openings = i.Pods, i.Openings
	}
	for _, test := range r.Report.FlowTests {
		for _, c := range test.Cases {
			out.cases[fmt.Sprintf("%s %d %s %t", test.Test, c.Position, c.Case.Name, c.Passed)] = true
		}
	}
	for _, f := range r.Findings {
		if f.Severity == report.Error {
			out.problems[f.Check.Name] = true
		}
		out.claimsAll = out.claimsAll || f.Check == report.Proved || strings.Contains(f.Message, "isolation proved")
	}
	return out
}

// sliceDifference describes how shards differ from the whole, or is empty.
func sliceDifference(whole sliceRun, parts []sliceRun) string {
	sum := sliceRun{cases: map[string]bool{}, problems: map[string]bool{}}
	for i, part := range parts {
		switch {
		case part.claimsAll:
			return fmt.Sprintf("shard %d claims that the whole is proved", i+1)
		case !part.fails && !whole.fails && part.items != whole.items:
			return fmt.Sprintf("shard %d generates something else", i+1)
		}
		sum.fails = sum.fails || part.fails
		sum.pods += part.pods
		sum.openings += part.openings
		maps.Copy(sum.cases, part.cases)
		maps.Copy(sum.problems, part.problems)
	}
	keys := func(set map[string]bool) []string { return slices.Sorted(maps.Keys(set)) }
	switch {
	case sum.fails != whole.fails:
		return fmt.Sprintf("a shard fails: %t, the whole fails: %t (%v, %v)", sum.fails, whole.fails, keys(sum.problems), keys(whole.problems))
	case !slices.Equal(keys(sum.problems), keys(whole.problems)):
		return fmt.Sprintf("shards report %v, and the whole %v", keys(sum.problems), keys(whole.problems))
	case !slices.Equal(keys(sum.cases), keys(whole.cases)):
		return fmt.Sprintf("shards decide %v, and the whole %v", keys(sum.cases), keys(whole.cases))
	case sum.pods != whole.pods || sum.openings != whole.openings:
		return fmt.Sprintf("shards inspect %d pods with %d openings, and the whole %d with %d", sum.pods, sum.openings, whole.pods, whole.openings)
	}
	return ""
}
