package proof_test

import (
	"testing"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// TestQuestionsWarnOfUnknownFields adds an unknown field to one generated policy of a build.
func TestQuestionsWarnOfUnknownFields(t *testing.T) {
	t.Parallel()
	items := buildOfCase(t, "ports")
	if found := warnings(mustAsk(t, items).Findings); len(found) > 0 {
		t.Fatalf("the build itself has warnings: %v", found)
	}
	var changed report.Ref
	for _, n := range items {
		if changed.Name == "" && resource.IsCilium(n) {
			changed = resource.RefOf(n)
			if err := n.PipeE(yaml.Lookup("spec"), yaml.SetField("egres", yaml.NewListRNode("typo"))); err != nil {
				t.Fatal(err)
			}
		}
	}
	s, _ := subjectOf(items)
	found := warnings(s.Findings)
	if len(found) != 1 || found[0].Resource != changed {
		t.Errorf("an unknown field of %s is reported as %v", changed, found)
	}
}

func warnings(all report.Findings) report.Findings {
	var out report.Findings
	for _, f := range all {
		if f.Check == report.PolicySchemaInvalid {
			out = append(out, f)
		}
	}
	return out
}
