package resource_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/kustomize/kyaml/kio"

	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/resource"
)

var update = flag.Bool("update", false, "rewrite expected files")

// TestOperators reads testdata/operators/NAME.yaml, resources of the operator with the file NAME,
// and compares the result with testdata/operators/NAME.txt.
func TestOperators(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("operators/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal("no operators are known: ", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		data, err := os.ReadFile(filepath.Join("testdata", "operators", name+".yaml"))
		if err != nil {
			t.Fatal(err)
		}
		items, err := kio.FromBytes(data)
		if err != nil {
			t.Fatal(err)
		}
		index, findings := resource.NewIndex(items)
		if len(findings) > 0 {
			t.Fatal(findings)
		}
		expectFile(t, filepath.Join("testdata", "operators", name+".txt"), listed(index))
		expectPods(t, name, index)
	}
}

// listed formats the inferred pods, one line each.
func listed(index *resource.Index) string {
	var out strings.Builder
	for _, w := range index.Workloads {
		fmt.Fprintf(&out, "%s/%s", w.Ref.Kind, w.Ref.Name)
		if w.HostNetwork {
			out.WriteString(" hostNetwork in " + w.Field)
		}
		fmt.Fprintf(&out, "\n  serviceAccount %s\n  labels %s\n  ports %v\n", w.ServiceAccount, endpoints.FormatLabels(w.AllLabels), w.Ports)
	}
	for _, s := range index.Services {
		fmt.Fprintf(&out, "Service/%s", s.Ref.Name)
		if s.Headless() {
			out.WriteString(" headless")
		}
		fmt.Fprintf(&out, "\n  selector %s\n", endpoints.FormatLabels(s.Selector))
		for _, p := range s.Ports {
			fmt.Fprintf(&out, "  port %s %d/%s to %s\n", p.Name, p.Port, p.Protocol, p.TargetPort.String())
		}
	}
	for _, in := range index.Inferred {
		for _, n := range in.RequiredFlows {
			fmt.Fprintf(&out, "%s/%s needs %s: %s of %s, ports %v, operator %t, API server %t\n", in.Resource.Kind, in.Resource.Name, n.Name, n.Direction, endpoints.FormatLabels(n.Pods), n.Ports, n.FromOperator, n.ToAPIServer)
		}
		for _, p := range in.Policies {
			fmt.Fprintf(&out, "%s/%s has NetworkPolicy %s of %s, open %v, to peers %v\n", in.Resource.Kind, in.Resource.Name, p.Name, endpoints.FormatLabels(p.Pods), p.Open, p.OpenToPeers)
		}
	}
	return out.String()
}

// expectPods checks that each Service and each flow of an operator's file has pods.
func expectPods(t *testing.T, name string, index *resource.Index) {
	t.Helper()
	for _, s := range index.Services {
		if len(index.WorkloadsIn(s.Ref.Namespace, endpoints.Selector{MatchLabels: s.Selector})) == 0 {
			t.Errorf("%s: Service %s selects no pod", name, s.Ref.Name)
		}
	}
	for _, in := range index.Inferred {
		for _, n := range in.RequiredFlows {
			for _, labels := range []map[string]string{n.Pods, n.Sources, n.Targets} {
				if len(index.WorkloadsIn(in.Resource.Namespace, endpoints.Selector{MatchLabels: labels})) == 0 {
					t.Errorf("%s: %s needs %s of pods with %v, which do not exist", name, in.Resource.Name, n.Name, labels)
				}
			}
			if n.FromOperator && len(in.Operator.Runs.Labels) == 0 {
				t.Errorf("%s: a flow has the operator as source, but its pods are unknown", name)
			}
		}
	}
}

// TestOperatorsPage writes the list in the documentation from the files.
func TestOperatorsPage(t *testing.T) {
	t.Parallel()
	const begin, end = "<!-- The list is written by go test ./internal/resource -update. -->\n", "<!-- The list ends here. -->\n"
	page := filepath.Join("..", "..", "docs", "reference", "operators.md")
	data, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(data), begin)
	_, after, found := strings.Cut(rest, end)
	if !ok || !found {
		t.Fatal(page, " has no markers for the list")
	}
	var out strings.Builder
	out.WriteString("| operator | version that was read | kinds | not known |\n|---|---|---|---|\n")
	for _, o := range resource.Operators() {
		var kinds []string
		for _, k := range o.Kinds {
			if k.Group == "" || k.Kind == "" || len(k.Versions) == 0 {
				t.Errorf("%s has a kind without a group, kind or version", o.Operator)
			}
			kinds = append(kinds, "`"+k.Kind+"."+k.Group+"`")
		}
		if o.Operator == "" || o.Version == "" || o.Source == "" || o.Unknown == "" {
			t.Errorf("%q lacks its version, source, or what is unknown", o.Operator)
		}
		fmt.Fprintf(&out, "| %s | %s | %s | %s |\n", o.Operator, o.Version, strings.Join(kinds, ", "), o.Unknown)
	}
	expectFile(t, page, before+begin+out.String()+end+after)
}

func expectFile(t *testing.T, path, want string) {
	t.Helper()
	have, err := os.ReadFile(path)
	if err != nil && !*update {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(have), "\n"), strings.Split(want, "\n")); diff != "" {
		if *update {
			if err := os.WriteFile(path, []byte(want), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		t.Errorf("%s differs (-want +got)\n%s", path, diff)
	}
}
