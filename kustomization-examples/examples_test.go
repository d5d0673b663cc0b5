package examples_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"

	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/fn"
	"github.com/tenantfence/tenantfence/internal/engine"
	"github.com/tenantfence/tenantfence/internal/kustomize"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/reach"
	"github.com/tenantfence/tenantfence/internal/resolve"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// build is an example, built in this process, with everything the function saw.
type build struct {
	output    []byte
	items     []*yaml.RNode
	flowTests []flowTest
}

// flowTest is a FlowTest, decided.
type flowTest struct {
	name     string
	results  []reach.Result
	findings policy.Findings
}

func buildExample(t *testing.T, dir string) build {
	t.Helper()
	var b build
	var config *yaml.RNode
	output, err := kustomize.Build(filesys.MakeFsOnDisk(), dir, kustomize.Options{
		Function: func(c *yaml.RNode, items []*yaml.RNode) ([]*yaml.RNode, error) {
			r, err := fn.Process(c, items)
			out := r.Items
			config, b.items = c.Copy(), nil
			for _, n := range out {
				b.items = append(b.items, n.Copy())
			}
			return out, err
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	b.output = output
	in, index, findings := fn.Read(config, b.items)
	if findings.HasError() {
		t.Fatal(findings)
	}
	fence, _ := resolve.Resolve(in, index)
	endpoints := reach.Endpoints{Index: index, Fence: fence}
	e, err := engine.New(engine.Options{ClusterName: fence.Cluster.Name}, policiesOf(t, b.items), endpoints.Pods())
	if err != nil {
		t.Fatal(err)
	}
	expected := map[v1alpha1.Expectation]bool{}
	for _, test := range in.FlowTests {
		for _, c := range test.Test.Spec.Cases {
			expected[c.Expect] = true
		}
	}
	closed := slices.ContainsFunc(fence.Tenants, func(t policy.Tenant) bool { return t.Enforcement == v1alpha1.Enforce })
	if !expected[v1alpha1.ExpectAllow] || closed && !expected[v1alpha1.ExpectDeny] {
		t.Fatal("an example says which flows must work and which must not")
	}
	slices.SortFunc(in.FlowTests, func(a, b resource.FlowTest) int { return strings.Compare(b.Ref.Name, a.Ref.Name) })
	for _, test := range in.FlowTests {
		results, found := reach.Run(e, endpoints, test)
		b.flowTests = append(b.flowTests, flowTest{test.Ref.Name, results, found})
	}
	return b
}

// policiesOf returns the policies among the items, each held against the schema of
// Cilium's CRDs.
func policiesOf(t *testing.T, items []*yaml.RNode) []json.RawMessage {
	t.Helper()
	var out []json.RawMessage
	for _, n := range items {
		if n.GetKind() != "CiliumNetworkPolicy" {
			continue
		}
		data, err := n.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		if err := engine.Validate(data); err != nil {
			t.Errorf("%s/%s: %v", n.GetNamespace(), n.GetName(), err)
		}
		out = append(out, data)
	}
	return out
}

// examples are the folders that hold a kustomization and say which flows must work.
func examples(t *testing.T) []string {
	t.Helper()
	var out []string
	for _, pattern := range []string{"*/flows.yaml", "*/*/flows.yaml"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range found {
			if _, err := os.Stat(filepath.Join(filepath.Dir(f), "kustomization.yaml")); err == nil {
				out = append(out, filepath.Dir(f))
			}
		}
	}
	if len(out) == 0 {
		t.Fatal("no example found")
	}
	return out
}

// TestFlows has Cilium's policy engine decide every flow of every example. It
// writes what it decided to the file that FLOWS names, which make demo shows.
func TestFlows(t *testing.T) {
	t.Parallel()
	for _, dir := range examples(t) {
		t.Run(dir, func(t *testing.T) {
			t.Parallel()
			var table bytes.Buffer
			w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
			_, _ = fmt.Fprintln(w, "FLOWTEST\tEXPECT\tFLOWS\tHOLD\tFOR EXAMPLE")
			for _, test := range buildExample(t, dir).flowTests {
				for _, f := range test.findings {
					t.Error(f)
				}
				reportFlows(t, w, test)
			}
			_ = w.Flush()
			if file := os.Getenv("FLOWS"); file != "" {
				if err := os.WriteFile(file, table.Bytes(), 0o600); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

func reportFlows(t *testing.T, w *tabwriter.Writer, test flowTest) {
	t.Helper()
	for _, expect := range []v1alpha1.Expectation{v1alpha1.ExpectAllow, v1alpha1.ExpectDeny} {
		flows, hold, example := 0, 0, ""
		for _, r := range test.results {
			if r.Case.Expect != expect {
				continue
			}
			if flows++; r.Holds {
				hold++
				example = r.Case.Name
				continue
			}
			t.Errorf("%s: %s must be %s: %s", r.Case.Name, r.Flow, strings.ToLower(string(expect)), explain(r.Verdict))
		}
		if flows > 0 {
			_, _ = fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%s\n", test.name, expect, flows, hold, example)
		}
	}
}

func explain(v policy.Verdict) string {
	return fmt.Sprintf("egress %s by %v, ingress %s by %v %s", v.Egress.Decision, v.Egress.By, v.Ingress.Decision, v.Ingress.By, v.Note)
}

// TestHostsAgree builds every example with the real kustomize, which runs the real
// program, and in this process.
func TestHostsAgree(t *testing.T) {
	t.Parallel()
	bin := buildProgram(t)
	for _, dir := range examples(t) {
		t.Run(dir, func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command(filepath.Join(root(t), "bin", "kustomize"), "build", "--enable-alpha-plugins", "--enable-exec", dir)
			cmd.Env = append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"))
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			out, err := cmd.Output()
			if err != nil {
				t.Fatalf("kustomize build: %v (make tools installs it)\n%s", err, stderr.String())
			}
			if !bytes.Equal(out, buildExample(t, dir).output) {
				t.Error("kustomize build and tenantfence build differ")
			}
			for _, kind := range []string{v1alpha1.KindTenant, v1alpha1.KindFenceProfile, v1alpha1.KindFlowTest} {
				if bytes.Contains(out, []byte("kind: "+kind+"\n")) {
					t.Errorf("a %s is in the output", kind)
				}
			}
			if !bytes.Contains(out, []byte("kind: CiliumNetworkPolicy\n")) {
				t.Error("no policy is in the output")
			}
		})
	}
}

// buildProgram builds the program, and returns the folder that it is in.
func buildProgram(t *testing.T) string {
	t.Helper()
	bin := t.TempDir()
	if out, err := exec.Command("go", "build", "-o", filepath.Join(bin, "tenantfence"), "..").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return bin
}

func root(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}
