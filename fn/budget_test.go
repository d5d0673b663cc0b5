package fn_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/fn"
	"github.com/tenantfence/tenantfence/internal/proof"
	"github.com/tenantfence/tenantfence/internal/report"
)

// TestProofBudgetExceeded runs builds with each budget up to one that is enough. Each part of the
// proof that exceeds it is a finding.
func TestProofBudgetExceeded(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"both", "both-any-namespace", "external-peers", "flow-tests-in-allow-only"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config, items := readCase(t, filepath.Join(testdata, "generated", name))
			exceeded := 0
			for budget := 1; ; budget++ {
				r, err := fn.Process(config.Copy(), budgeted(t, copied(items), budget), fn.Options{})
				if err == nil {
					break
				}
				if !has(r.Findings, report.ProofBudgetExceeded) || budget > 500 {
					t.Fatalf("a budget of %d: %v\n%v", budget, err, r.Findings)
				}
				exceeded++
			}
			if exceeded == 0 {
				t.Error("no budget is too small")
			}
		})
	}
}

// budgeted sets the budget of the profile among the items.
func budgeted(t *testing.T, items []*yaml.RNode, budget int) []*yaml.RNode {
	t.Helper()
	for _, n := range items {
		if n.GetKind() == v1alpha1.KindFenceProfile {
			if err := n.PipeE(yaml.LookupCreate(yaml.ScalarNode, "spec", "proofBudget", "representatives"), yaml.Set(yaml.NewScalarRNode(fmt.Sprint(budget)))); err != nil {
				t.Fatal(err)
			}
		}
	}
	return items
}

func has(findings report.Findings, check *report.Check) bool {
	for _, f := range findings {
		if f.Check == check && f.Severity == report.Error {
			return true
		}
	}
	return false
}

// manyPods is a NetworkPolicy that distinguishes more pods than the default budget: 200 values of a label in
// each of 150 namespaces.
func manyPods(labels string) []byte {
	var out, values []string
	for i := range 150 {
		out = append(out, fmt.Sprintf("{apiVersion: v1, kind: Namespace, metadata: {name: ns-%d}}\n---\n", i))
	}
	out = append(out, fmt.Sprintf(`apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: many
  namespace: app
  labels: %s
spec:
  podSelector: {}
  ingress:
  - from:
`, labels))
	for i := range 200 {
		values = append(values, fmt.Sprintf("v%d", i))
		out = append(out, fmt.Sprintf("    - podSelector: {matchLabels: {app: v%d}}\n", i))
	}
	out = append(out, fmt.Sprintf("    - namespaceSelector: {}\n      podSelector: {matchExpressions: [{key: app, operator: In, values: [%s]}]}\n", strings.Join(values, ", ")))
	return []byte(strings.Join(out, ""))
}

func TestLabelsProofBudgetExceeded(t *testing.T) {
	t.Parallel()
	r, err := proof.Verify(proof.Verification{Items: parse(t, "many.yaml", manyPods("{tenantfence.dev/fence: f, tenantfence.dev/tenant: acme}"))})
	if err != nil || !has(r.Findings, report.ProofBudgetExceeded) || r.Outcome() != report.NothingToVerify {
		t.Errorf("%v, outcome %q, error %v", r.Findings, r.Outcome(), err)
	}
}

func TestConversionProofBudgetExceeded(t *testing.T) {
	t.Parallel()
	c, err := proof.Convert(proof.Conversion{Files: []proof.File{{Name: "many.yaml", Data: manyPods("{}")}}})
	if err != nil || !has(c.Findings, report.ProofBudgetExceeded) {
		t.Errorf("%v, error %v", c.Findings, err)
	}
}
