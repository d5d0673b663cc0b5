package lint

import (
	"testing"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// TestMutatingKindsAreReported checks kinds that change pods when these are created.
func TestMutatingKindsAreReported(t *testing.T) {
	t.Parallel()
	for kind, reported := range map[string]bool{"MutatingWebhookConfiguration": true, "MutatingAdmissionPolicy": true, "ValidatingWebhookConfiguration": false} {
		items := []*yaml.RNode{yaml.MustParse("{apiVersion: admissionregistration.k8s.io/v1, kind: " + kind + ", metadata: {name: x}}")}
		found, _ := Coverage(&policy.Fence{}, &resource.Index{}, items)
		if (len(found) == 1 && found[0].Check == report.PodsMayChange && found[0].Severity == report.Info) != reported {
			t.Errorf("%s: %v", kind, found)
		}
	}
}
