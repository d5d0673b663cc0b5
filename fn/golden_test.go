package fn_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/kio/kioutil"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/fn"
	"github.com/tenantfence/tenantfence/internal/engine"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/flow/flowtest"
	"github.com/tenantfence/tenantfence/internal/generate"
	"github.com/tenantfence/tenantfence/internal/netpol"
	"github.com/tenantfence/tenantfence/internal/output"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/reach"
	"github.com/tenantfence/tenantfence/internal/resolve"
	"github.com/tenantfence/tenantfence/internal/resource"
)

var update = flag.Bool("update", false, "rewrite the golden files, and fail once")

// A case is a folder below testdata: fence.yaml is the functionConfig, every other
// YAML file but expected.yaml holds items. expected.yaml has the generated policies, and findings.txt the
// findings. verdicts.txt has flows with their decisions by Cilium's engine. unseen.yaml is optional: its
// resources are not passed to the function, as for a generator, and verdicts may refer to them. The
// cases in refused must be refused.
const (
	testdata = "../testdata"
	unseen   = "unseen.yaml"
)

func TestGolden(t *testing.T) {
	t.Parallel()
	cases, err := filepath.Glob(filepath.Join(testdata, "*", "*", "fence.yaml"))
	if err != nil || len(cases) == 0 {
		t.Fatalf("no golden case found below %s: %v", testdata, err)
	}
	for _, c := range cases {
		dir := filepath.Dir(c)
		t.Run(filepath.Base(filepath.Dir(dir))+"/"+filepath.Base(dir), func(t *testing.T) {
			t.Parallel()
			runGolden(t, dir)
		})
	}
}

func runGolden(t *testing.T, dir string) {
	t.Helper()
	refused := filepath.Base(filepath.Dir(dir)) == "refused"
	config, items := readCase(t, dir)
	out, messages, err := process(t, config, items)
	golden(t, filepath.Join(dir, "findings.txt"), messages)
	if refused {
		if err == nil {
			t.Error("the case was not refused")
		}
		for seed := range uint64(3) {
			if _, again, _ := process(t, config, shuffled(items, seed)); again != messages {
				t.Errorf("another order changes the findings:\n%s", cmp.Diff(messages, again))
			}
		}
		return
	}
	if err != nil {
		t.Fatalf("refused: %v\n%s", err, messages)
	}
	policies := generated(t, out)
	golden(t, filepath.Join(dir, "expected.yaml"), policies)

	second, secondMessages, err := process(t, config, out)
	messages = withoutTraffic(messages)
	if err != nil || text(t, second) != text(t, out) || secondMessages != messages {
		t.Errorf("a second run changes something (error %v):\n%s%s", err, cmp.Diff(text(t, out), text(t, second)), cmp.Diff(messages, secondMessages))
	}
	for seed := range uint64(3) {
		other, otherMessages, err := process(t, config, shuffled(items, seed))
		if err != nil || generated(t, other) != policies || withoutTraffic(otherMessages) != messages {
			t.Errorf("another order of the items changes something (error %v):\n%s%s", err, cmp.Diff(policies, generated(t, other)), cmp.Diff(messages, otherMessages))
		}
	}
	decideVerdicts(t, dir, config, out)
}

// withoutTraffic drops what is reported once, by the run that changes something.
func withoutTraffic(messages string) string {
	var out strings.Builder
	for line := range strings.Lines(messages) {
		if !strings.Contains(line, "adopted") && !strings.Contains(line, "[traffic-") {
			out.WriteString(line)
		}
	}
	return out.String()
}

func process(t *testing.T, config *yaml.RNode, items []*yaml.RNode) ([]*yaml.RNode, string, error) {
	t.Helper()
	r, err := fn.Process(config.Copy(), copied(items), fn.Options{})
	var b bytes.Buffer
	if err := output.Text(&b, r.Findings, output.Summary); err != nil {
		t.Fatal(err)
	}
	return r.Items, b.String(), err
}

// decideVerdicts checks the generated policies against Cilium's schema and parser, and decides
// each line of verdicts.txt with the enforcer. Under Cilium, engine.Decide looks up every flow in
// the policy map that Cilium computes (EndpointPolicy.Lookup in internal/engine/lookup.go). It
// is the oracle for everything else that describes flows, so it stays a lookup for each flow.
func decideVerdicts(t *testing.T, dir string, config *yaml.RNode, items []*yaml.RNode) {
	t.Helper()
	if data, err := os.ReadFile(filepath.Join(dir, unseen)); err == nil {
		items = append(copied(items), parse(t, unseen, data)...)
	}
	in, index, findings := generate.Read(config.Copy(), copied(items))
	if findings.HasError() {
		t.Fatal(findings)
	}
	fence, _, _ := resolve.Resolve(in, index)
	endpoints := reach.Endpoints{Index: index, Fence: fence}
	e := newEngine(t, fence, endpoints, items)
	data, err := os.ReadFile(filepath.Join(dir, "verdicts.txt"))
	if err != nil {
		t.Fatalf("every case has its verdicts: %v", err)
	}
	seen := map[flow.Decision]int{}
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		f, want := parseVerdict(t, endpoints, line)
		got, err := e.Decide(f)
		if err != nil {
			t.Errorf("%s: %v", line, err)
			continue
		}
		seen[want]++
		if got.Decision() != want {
			t.Errorf("%s: it is %s (egress %s by %v, ingress %s by %v) %s", line, got.Decision(),
				got.Egress.Decision, got.Egress.Policies, got.Ingress.Decision, got.Ingress.Policies, got.Note)
		}
	}
	enforced := slices.ContainsFunc(fence.Tenants(), func(t *policy.Owner) bool { return t.Enforcement == v1alpha1.Enforce })
	if seen[flow.Allowed] == 0 || enforced && seen[flow.Denied] == 0 {
		t.Errorf("verdicts.txt holds %d allowed and %d denied flows: it needs one of each", seen[flow.Allowed], seen[flow.Denied])
	}
}

// newEngine is the enforcer that the profile names.
func newEngine(t *testing.T, fence *policy.Fence, endpoints reach.Endpoints, items []*yaml.RNode) *flowtest.Engine {
	t.Helper()
	var policies []json.RawMessage
	for _, n := range items {
		switch n.GetKind() {
		case "CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy", "NetworkPolicy":
			data, err := n.MarshalJSON()
			if err != nil {
				t.Fatal(err)
			}
			if n.GetKind() != resource.KindKubernetes {
				if err := engine.Validate(data); err != nil {
					t.Errorf("%s: %v", n.GetName(), err)
				}
			}
			policies = append(policies, data)
		}
	}
	var p flow.Program
	var err error
	if c := fence.Cluster; c.CNI == v1alpha1.CNIKubernetes {
		options := netpol.Options{PodCIDRs: c.PodCIDRs, ServiceCIDRs: c.ServiceCIDRs, NodeCIDRs: c.NodeCIDRs}
		if c.APIServer != nil {
			options.APIServer = c.APIServer.CIDRs
		}
		p, err = netpol.Read(options, policies)
	} else {
		p, err = engine.Read(engine.Options{ClusterName: c.Name, Agent: fence.Agent}, policies)
	}
	e, err := flowtest.New(p, err, endpoints.Pods())
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	want, err := os.ReadFile(file)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	if string(want) == got {
		return
	}
	t.Errorf("%s differs (-want +got):\n%s", file, cmp.Diff(string(want), got))
	if !*update {
		return
	}
	if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
		t.Fatal(err)
	}
}

func readCase(t *testing.T, dir string) (config *yaml.RNode, items []*yaml.RNode) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(file)
		if name == "expected.yaml" || name == unseen {
			continue
		}
		nodes := parse(t, name, data)
		if name == "fence.yaml" {
			config = nodes[0]
		} else {
			items = append(items, nodes...)
		}
	}
	return config, items
}

func parse(t *testing.T, name string, data []byte) []*yaml.RNode {
	t.Helper()
	nodes, err := (&kio.ByteReader{Reader: bytes.NewReader(data), SetAnnotations: map[string]string{kioutil.PathAnnotation: name}}).Read()
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	for _, n := range nodes {
		if err := resource.SetSource(n, resource.Source{File: name, Path: name}); err != nil {
			t.Fatal(err)
		}
	}
	return nodes
}

func copied(items []*yaml.RNode) []*yaml.RNode {
	out := make([]*yaml.RNode, len(items))
	for i, n := range items {
		out[i] = n.Copy()
	}
	return out
}

// shuffled is the same order for the same seed, so that a failure can be repeated.
func shuffled(items []*yaml.RNode, seed uint64) []*yaml.RNode {
	out := slices.Clone(items)
	rand.New(rand.NewPCG(seed, uint64(len(items)))).Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

// generated are the policies that were generated, sorted.
func generated(t *testing.T, items []*yaml.RNode) string {
	t.Helper()
	var ownPolicies []*yaml.RNode
	for _, n := range items {
		if n.GetLabels()[resource.LabelManagedBy] == resource.ManagedBy {
			ownPolicies = append(ownPolicies, n)
		}
	}
	key := func(n *yaml.RNode) string { return fmt.Sprintf("%s/%s/%s", n.GetNamespace(), n.GetName(), n.GetKind()) }
	slices.SortFunc(ownPolicies, func(a, b *yaml.RNode) int { return strings.Compare(key(a), key(b)) })
	return text(t, ownPolicies)
}

func text(t *testing.T, items []*yaml.RNode) string {
	t.Helper()
	items = copied(items)
	resource.ClearSources(items)
	s, err := kio.StringAll(items)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
