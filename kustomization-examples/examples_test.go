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

	"github.com/tenantfence/tenantfence/internal/report"

	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/fn"
	"github.com/tenantfence/tenantfence/internal/engine"
	"github.com/tenantfence/tenantfence/internal/kustomize"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// build is an example, built in this process, with everything the function saw and said.
type build struct {
	output   []byte
	items    []*yaml.RNode
	report   policy.Report
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

// refused is what is said of an example that must not build.
func refused(t *testing.T, dir string) report.Findings {
	t.Helper()
	b, err := tryExample(dir)
	if err == nil {
		t.Fatal("the build succeeds")
	}
	return b.findings
}

// tryExample builds an example that may be refused.
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

// decide has Cilium decide a flow by policies as they are.
func decide(t *testing.T, items []*yaml.RNode, f policy.Flow) policy.Decision {
	t.Helper()
	var docs []json.RawMessage
	for _, n := range items {
		if n.GetKind() != resource.KindCilium && n.GetKind() != resource.KindClusterwide && n.GetKind() != resource.KindKubernetes {
			continue
		}
		data, err := n.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		docs = append(docs, data)
	}
	e, err := engine.New(engine.Options{Agent: policy.AllFeatures()}, docs, []policy.Endpoint{f.From, f.To})
	if err != nil {
		t.Fatal(err)
	}
	v, err := e.Decide(f)
	if err != nil {
		t.Fatal(err)
	}
	return v.Decision()
}

func podWith(namespace, label, value string) policy.Endpoint {
	return policy.Endpoint{Kind: policy.PodEndpoint, Name: namespace + "/" + value, Namespace: namespace, Labels: map[string]string{label: value}}
}

func entity(e v1alpha1.Entity) policy.Endpoint {
	return policy.Endpoint{Kind: policy.EntityEndpoint, Name: string(e)}
}

// fullText is a finding with its details.
func fullText(f report.Finding) string {
	return strings.Join(append([]string{f.String()}, f.Details...), "\n")
}

// expectFindings looks for findings by their check and a part of their text or details.
func expectFindings(t *testing.T, findings report.Findings, want [][2]string) {
	t.Helper()
	for _, w := range want {
		if !slices.ContainsFunc(findings, func(f report.Finding) bool { return f.Check.Name == w[0] && strings.Contains(fullText(f), w[1]) }) {
			t.Errorf("no finding %s says %q:\n%v", w[0], w[1], findings)
		}
	}
}

var fenced = regexp.MustCompile(`(?m)^(transformers|components|generators):`)

// examples are the folders that hold a kustomization with a fence.
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

// TestPoliciesFitTheSchema holds every policy against the schema of Cilium's CRDs.
func TestPoliciesFitTheSchema(t *testing.T) {
	t.Parallel()
	for _, dir := range examples(t) {
		for _, n := range buildExample(t, dir).items {
			if n.GetKind() != resource.KindCilium && n.GetKind() != resource.KindClusterwide {
				continue
			}
			data, err := n.MarshalJSON()
			if err != nil {
				t.Fatal(err)
			}
			if err := engine.Validate(data); err != nil {
				t.Errorf("%s: %s/%s: %v", dir, n.GetNamespace(), n.GetName(), err)
			}
		}
	}
}

// TestFlows: in every example the function proved isolation, and every flow that must
// work and that must not.
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
						t.Errorf("%s does not hold", c.Case.Name)
					}
				}
			}
			if expected[v1alpha1.ExpectAllow] == 0 || expected[v1alpha1.ExpectDeny] == 0 {
				t.Error("an example says which flows must work and which must not")
			}
		})
	}
}

// TestHostsAgree builds every example with the real kustomize, which runs the real
// program, and in this process.
func TestHostsAgree(t *testing.T) {
	t.Parallel()
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

// kustomizeBuild builds with the real kustomize, which runs the program that is in bin.
func kustomizeBuild(t *testing.T, bin, dir string) (out []byte, stderr string, err error) {
	t.Helper()
	cmd := exec.Command(filepath.Join(root(t), "bin", "kustomize"), "build", "--enable-alpha-plugins", "--enable-exec", dir)
	cmd.Env = append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err = cmd.Output()
	return out, said.String(), err
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
