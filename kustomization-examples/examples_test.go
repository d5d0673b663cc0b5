package examples_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
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
)

// build is an example, built in this process, with everything the function saw.
type build struct {
	output    []byte
	items     []*yaml.RNode
	flowTests []reach.Result
	findings  policy.Findings
}

func buildExample(t *testing.T, dir string) build {
	t.Helper()
	var b build
	var config *yaml.RNode
	output, err := kustomize.Build(filesys.MakeFsOnDisk(), dir, kustomize.Options{
		Function: func(c *yaml.RNode, items []*yaml.RNode) ([]*yaml.RNode, error) {
			out, _, err := fn.Process(c, items)
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
	if len(in.FlowTests) == 0 {
		t.Fatal("every example says which flows must work and which must not")
	}
	for _, test := range in.FlowTests {
		results, found := reach.Run(e, endpoints, test)
		b.flowTests = append(b.flowTests, results...)
		b.findings = append(b.findings, found...)
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

func examples(t *testing.T) []string {
	t.Helper()
	found, err := filepath.Glob("*/fence.yaml")
	if err != nil || len(found) == 0 {
		t.Fatalf("no example found: %v", err)
	}
	var out []string
	for _, f := range found {
		out = append(out, filepath.Dir(f))
	}
	return out
}

// TestFlows has Cilium's policy engine decide every flow of every example, and
// prints them with -v.
func TestFlows(t *testing.T) {
	t.Parallel()
	for _, dir := range examples(t) {
		t.Run(dir, func(t *testing.T) {
			t.Parallel()
			b := buildExample(t, dir)
			for _, f := range b.findings {
				t.Error(f)
			}
			held := map[v1alpha1.Expectation]int{}
			var table bytes.Buffer
			w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
			for _, r := range b.flowTests {
				verdict := "holds"
				if r.Holds {
					held[r.Case.Expect]++
				} else {
					verdict = "FAILS: " + explain(r.Verdict)
					t.Errorf("%s: %s must be %s: %s", r.Case.Name, r.Flow, strings.ToLower(string(r.Case.Expect)), explain(r.Verdict))
				}
				_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", r.Case.Expect, r.Case.Name, r.Flow, verdict)
			}
			_ = w.Flush()
			if os.Getenv("FLOWS") == "all" {
				fmt.Print(table.String())
			}
			if held[v1alpha1.ExpectAllow] == 0 || held[v1alpha1.ExpectDeny] == 0 {
				t.Error("an example needs flows that must work and flows that must not")
			}
			fmt.Printf("%s: Cilium's policy engine decided %d flows that must work and %d that must be blocked: %d hold, %d do not\n", dir,
				count(b.flowTests, v1alpha1.ExpectAllow), count(b.flowTests, v1alpha1.ExpectDeny),
				held[v1alpha1.ExpectAllow]+held[v1alpha1.ExpectDeny], len(b.flowTests)-held[v1alpha1.ExpectAllow]-held[v1alpha1.ExpectDeny])
		})
	}
}

func count(results []reach.Result, e v1alpha1.Expectation) int {
	n := 0
	for _, r := range results {
		if r.Case.Expect == e {
			n++
		}
	}
	return n
}

func explain(v policy.Verdict) string {
	return fmt.Sprintf("egress %s by %v, ingress %s by %v %s", v.Egress.Decision, v.Egress.By, v.Ingress.Decision, v.Ingress.By, v.Note)
}

// TestHostsAgree builds every example with the real kustomize, which runs the real
// program, and in this process.
func TestHostsAgree(t *testing.T) {
	t.Parallel()
	bin := t.TempDir()
	program := exec.Command("go", "build", "-o", filepath.Join(bin, "tenantfence"), "..")
	if out, err := program.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range examples(t) {
		t.Run(dir, func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command(filepath.Join(root, "bin", "kustomize"), "build", "--enable-alpha-plugins", "--enable-exec", dir)
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
