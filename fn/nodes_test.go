package fn_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/proof"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

const (
	workersAllow = "platform.node-workers"
	workersDeny  = workersAllow + ".default-deny"
)

// hostPolicies returns the input and output of the golden case with host policies.
func hostPolicies(t *testing.T) (proof.Run, []*yaml.RNode) {
	t.Helper()
	config, items := readCase(t, "../testdata/generated/nodes")
	out, messages, err := process(t, config, items)
	if err != nil {
		t.Fatal(messages, err)
	}
	return proof.Run{Config: config, Items: items},
		slices.DeleteFunc(out, func(n *yaml.RNode) bool { return strings.HasPrefix(n.GetApiVersion(), "tenantfence.dev/") })
}

// TestHostPoliciesAreVerified verifies finished host policies against the intent, and by their labels
// alone.
func TestHostPoliciesAreVerified(t *testing.T) {
	t.Parallel()
	intruder := yaml.MustParse("{apiVersion: cilium.io/v2, kind: CiliumClusterwideNetworkPolicy, metadata: {name: intruder}, spec: {nodeSelector: {}, ingress: [{fromEntities: [world]}]}}")
	for name, c := range map[string]struct {
		change func([]*yaml.RNode) []*yaml.RNode
		// messages are the errors with known Tenants, and labelMessages the findings by labels alone.
		messages, labelMessages []string
		// absent must not be reported.
		absent *report.Check
	}{
		"as they were generated": {change: func(items []*yaml.RNode) []*yaml.RNode { return items }},
		"with a namespace, as a layer of kustomize sets it": {change: func(items []*yaml.RNode) []*yaml.RNode {
			for _, n := range items {
				if n.GetKind() == resource.KindClusterwide && n.SetNamespace("tenant-client") != nil {
					t.Error("the namespace cannot be set")
				}
			}
			return items
		}},
		"without the default-deny": {
			change: func(items []*yaml.RNode) []*yaml.RNode { return without(items, workersDeny) },
			messages: []string{
				"CiliumClusterwideNetworkPolicy/" + workersDeny + ": is missing",
				`spec.nodes[workers]: no policy isolates the egress of node/node-access=kubelet (and 2 more), of nodes "workers", which are in Enforce`,
				`spec.nodes[workers]: no policy isolates the ingress of`,
			},
		},
		"without the allow, whose rules the default-deny has as well": {
			change:   func(items []*yaml.RNode) []*yaml.RNode { return without(items, workersAllow) },
			messages: []string{"CiliumClusterwideNetworkPolicy/" + workersAllow + ": is missing"},
			absent:   report.DeclaredFlowDenied,
		},
		"with a default-deny of one direction": {
			change: func(items []*yaml.RNode) []*yaml.RNode {
				for _, n := range items {
					if n.GetName() == workersDeny {
						if err := n.PipeE(yaml.Lookup("spec"), yaml.Clear("egress")); err != nil {
							t.Error(err)
						}
					}
				}
				return items
			},
			messages: []string{"CiliumClusterwideNetworkPolicy/" + workersDeny + ": is not as generated", "no policy isolates the egress of"},
		},
		"with one that allows more": {
			change:        func(items []*yaml.RNode) []*yaml.RNode { return append(items, intruder) },
			messages:      []string{"CiliumClusterwideNetworkPolicy/intruder: allows kube-apiserver (and 3 more: world, 192.0.2.0, google.com) to reach node/node-access=kubelet"},
			labelMessages: []string{"CiliumClusterwideNetworkPolicy/intruder: allows kube-apiserver (and 3 more: world, 192.0.2.0, google.com) to reach node/node-access=kubelet"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run, out := hostPolicies(t)
			out = c.change(out)
			result, err := proof.Verify(proof.Verification{Items: copied(out), Runs: []proof.Run{run}})
			if err != nil {
				t.Fatal(err)
			}
			expectReport(t, result, c.messages)
			if c.absent != nil && slices.ContainsFunc(result.Findings, func(f report.Finding) bool { return f.Check == c.absent }) {
				t.Errorf("unexpected finding of %s", c.absent)
			}
			byLabels, err := proof.Verify(proof.Verification{Items: copied(out)})
			if err != nil {
				t.Fatal(err)
			}
			listed := fmt.Sprint(byLabels.Findings)
			if byLabels.Outcome() != report.NothingToVerify || byLabels.Findings.HasError() {
				t.Errorf("by labels %q: %s", byLabels.Outcome(), listed)
			}
			for _, want := range c.labelMessages {
				if !strings.Contains(listed, want) {
					t.Errorf("by labels it lacks %q in\n%s", want, listed)
				}
			}
		})
	}
}

// expectReport checks that a report has the expected errors, and no other.
func expectReport(t *testing.T, r report.Report, want []string) {
	t.Helper()
	var errs []string
	for _, f := range r.Findings {
		if f.Severity == report.Error {
			errs = append(errs, f.String())
		}
	}
	all := strings.Join(errs, "\n")
	for _, w := range want {
		if !strings.Contains(all, w) {
			t.Errorf("it lacks %q in\n%s", w, all)
		}
	}
	if len(want) == 0 && len(errs) > 0 || r.Isolation == nil || r.Isolation.Nodes.Total() == 0 {
		t.Errorf("%d errors, and %+v: %s", len(errs), r.Isolation, all)
	}
}

// An agent accepts or rejects a policy as a whole. A default-deny without the allow rules would isolate nodes
// if the policy with the allow rules is rejected.
func TestNodeDefaultDenyIncludesAllowRules(t *testing.T) {
	t.Parallel()
	cases, err := filepath.Glob(filepath.Join(testdata, "generated", "nodes*", "expected.yaml"))
	if err != nil || len(cases) == 0 {
		t.Fatalf("no golden case of nodes found: %v", err)
	}
	defaultDenies := 0
	for _, file := range cases {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		rules := map[string]string{}
		for _, n := range parse(t, file, data) {
			if n.GetLabels()[resource.LabelNode] == "" {
				continue
			}
			doc, err := n.Map()
			if err != nil {
				t.Fatal(err)
			}
			spec, _ := doc["spec"].(map[string]any)
			for _, direction := range []string{"ingress", "egress"} {
				if list := spec[direction]; list != nil {
					rules[n.GetName()+" "+direction] = endpoints.JSONKey(list)
				}
			}
		}
		for key, allowed := range rules {
			name, direction, _ := strings.Cut(key, " ")
			if denyRules, ok := rules[name+".default-deny "+direction]; ok {
				defaultDenies++
				if denyRules != allowed {
					t.Errorf("%s: the %s default-deny of %s has\n%s\nand the allow rules are\n%s", file, direction, name, denyRules, allowed)
				}
			}
		}
	}
	if defaultDenies < 8 {
		t.Errorf("got %d default-denied directions, want at least 8", defaultDenies)
	}
}
