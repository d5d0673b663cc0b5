package examples_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/fn"
	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/engine"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/flow/flowtest"
	"github.com/tenantfence/tenantfence/internal/kustomize"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// build is an example, built in this process, with the input, output and findings of the function.
type build struct {
	output   []byte
	items    []*yaml.RNode
	report   report.Report
	findings report.Findings
	config   *yaml.RNode
}

func buildExample(t *testing.T, dir string) build {
	t.Helper()
	b, err := tryExample(dir)
	if err != nil {
		t.Fatalf("%v: %v", err, b.findings)
	}
	return b
}

// tryExample builds an example whose build may fail.
func tryExample(dir string) (build, error) {
	var b build
	var err error
	b.output, err = kustomize.Build(filesys.MakeFsOnDisk(), dir, kustomize.Options{
		Function: func(c *yaml.RNode, items []*yaml.RNode) ([]*yaml.RNode, error) {
			r, err := fn.Process(c, items, fn.Options{})
			b.items, b.config, b.report, b.findings = copied(r.Items), c.Copy(), r.Report, r.Findings
			return r.Items, err
		},
	})
	return b, err
}

// decide returns the decision of Cilium's engine for a flow, by unmodified policies.
func decide(t *testing.T, items []*yaml.RNode, f flow.Flow) flow.Decision {
	t.Helper()
	policies := slices.DeleteFunc(slices.Clone(items), func(n *yaml.RNode) bool {
		return n.GetKind() != resource.KindCilium && n.GetKind() != resource.KindClusterwide && n.GetKind() != resource.KindKubernetes
	})
	p, err := engine.Read(engine.Options{Agent: cilium.AllFeatures()}, documents(t, policies))
	e, err := flowtest.New(p, err, []endpoints.Endpoint{f.From, f.To})
	if err != nil {
		t.Fatal(err)
	}
	v, err := e.Decide(f)
	if err != nil {
		t.Fatal(err)
	}
	return v.Decision()
}

// documents are items as an engine reads them.
func documents(t *testing.T, items []*yaml.RNode) []json.RawMessage {
	t.Helper()
	var out []json.RawMessage
	for _, n := range items {
		data, err := n.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, data)
	}
	return out
}

func read(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func podWith(namespace, label, value string) endpoints.Endpoint {
	return endpoints.Endpoint{Kind: endpoints.PodEndpoint, Name: namespace + "/" + value, Namespace: namespace, Labels: map[string]string{label: value}}
}

func entity(e v1alpha1.Entity) endpoints.Endpoint {
	return endpoints.Endpoint{Kind: endpoints.EntityEndpoint, Name: string(e)}
}

// fullText is a finding with its details.
func fullText(f report.Finding) string {
	return strings.Join(append([]string{f.String()}, f.Details...), "\n")
}

// expectFindings fails unless each expected check has a finding that contains the expected text, with
// its details.
func expectFindings(t *testing.T, findings report.Findings, want [][2]string) {
	t.Helper()
	for _, w := range want {
		if !slices.ContainsFunc(findings, func(f report.Finding) bool { return f.Check.Name == w[0] && strings.Contains(fullText(f), w[1]) }) {
			t.Errorf("no finding %s contains %q:\n%v", w[0], w[1], findings)
		}
	}
}

var fenced = regexp.MustCompile(`(?m)^(transformers|components|generators):`)

// examples returns the folders whose kustomization has a fence.
func examples(t *testing.T) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(".", func(path string, _ os.DirEntry, err error) error {
		if err != nil || filepath.Base(path) != "kustomization.yaml" {
			return err
		}
		data, err := os.ReadFile(path)
		if fenced.Match(data) && !bytes.Contains(data, []byte("kind: Component\n")) {
			out = append(out, filepath.Dir(path))
		}
		return err
	})
	if err != nil || len(out) < 4 {
		t.Fatalf("examples are %s: %v", out, err)
	}
	return out
}

// TestPoliciesFitTheSchema validates every policy against the schema of Cilium's CRDs.
func TestPoliciesFitTheSchema(t *testing.T) {
	t.Parallel()
	skipInShort(t, "builds every example")
	for _, dir := range examples(t) {
		for _, n := range buildExample(t, dir).items {
			if n.GetKind() != resource.KindCilium && n.GetKind() != resource.KindClusterwide {
				continue
			}
			if err := engine.Validate(documents(t, []*yaml.RNode{n})[0]); err != nil {
				t.Errorf("%s: %s/%s: %v", dir, n.GetNamespace(), n.GetName(), err)
			}
		}
	}
}

// TestFlows checks that the function proves isolation and that all FlowTest cases pass, in
// every example.
func TestFlows(t *testing.T) {
	t.Parallel()
	for _, dir := range examples(t) {
		t.Run(dir, func(t *testing.T) {
			t.Parallel()
			result := buildExample(t, dir).report
			if result.Isolation == nil || result.Isolation.Openings == 0 || result.Isolation.Declared.Total() == 0 {
				t.Errorf("isolation was not proved: %+v", result.Isolation)
			}
			expected := map[v1alpha1.Expectation]int{}
			for _, test := range result.FlowTests {
				for _, c := range test.Cases {
					expected[c.Case.Expect]++
					if !c.Passed || len(c.Flows) == 0 {
						t.Errorf("case %q failed", c.Case.Name)
					}
				}
			}
			if expected[v1alpha1.ExpectAllow] == 0 || expected[v1alpha1.ExpectDeny] == 0 {
				t.Error("an example needs cases with expect: Allow and cases with expect: Deny")
			}
		})
	}
}

// TestHostsAgree compares the build by kustomize, which runs the program, with the build in
// this process.
func TestHostsAgree(t *testing.T) {
	t.Parallel()
	skipInShort(t, "builds every example with kustomize and in this process")
	bin := buildProgram(t)
	for _, dir := range examples(t) {
		t.Run(dir, func(t *testing.T) {
			t.Parallel()
			out, stderr, err := kustomizeBuild(t, bin, dir)
			if err != nil {
				t.Fatalf("kustomize build: %v (make tools installs it)\n%s", err, stderr)
			}
			if !bytes.Equal(out, buildExample(t, dir).output) {
				t.Error("kustomize build and tenantfence build differ")
			}
			for _, kind := range []string{v1alpha1.KindTenant, v1alpha1.KindFenceProfile, v1alpha1.KindFlowTest} {
				if bytes.Contains(out, []byte("kind: "+kind+"\n")) {
					t.Errorf("a %s is in the output", kind)
				}
			}
			if !bytes.Contains(out, []byte("NetworkPolicy\n")) {
				t.Error("no policy is in the output")
			}
		})
	}
}

// kustomizeBuild builds with kustomize, which runs the program in the folder bin.
func kustomizeBuild(t *testing.T, bin, dir string) (out []byte, stderr string, err error) {
	t.Helper()
	cmd := exec.Command(filepath.Join("..", "bin", "kustomize"), "build", "--enable-alpha-plugins", "--enable-exec", dir)
	cmd.Env = append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	var stderrBuffer bytes.Buffer
	cmd.Stderr = &stderrBuffer
	out, err = cmd.Output()
	return out, stderrBuffer.String(), err
}

// buildProgram builds the program and returns its folder.
func buildProgram(t *testing.T) string {
	t.Helper()
	bin := t.TempDir()
	if out, err := exec.Command("go", "build", "-o", filepath.Join(bin, "tenantfence"), "..").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return bin
}
