package fn_test

import (
	"fmt"
	"testing"

	"github.com/tenantfence/tenantfence/internal/proof"
	"github.com/tenantfence/tenantfence/internal/report"
)

// Hand-written policies in the inputs count in addition to files. A complete build does not contain them.
func TestVerifyCountsPoliciesAppliedElsewhere(t *testing.T) {
	t.Parallel()
	const open = "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: open, namespace: tenant-acme%s}\nspec: {endpointSelector: {}, ingress: [{%s}]}\n"
	local := `, annotations: {config.kubernetes.io/local-config: "true"}`
	for name, c := range map[string]struct {
		inputPolicy, present string
		completeOutput       bool
		want                 report.Outcome
	}{
		"it allows access":                   {fmt.Sprintf(open, "", "fromEntities: [all]"), "", false, report.NotVerified},
		"a build lacks it":                   {fmt.Sprintf(open, "", "fromEntities: [all]"), "", true, report.Verified},
		"it never reaches the cluster":       {fmt.Sprintf(open, local, "fromEntities: [all]"), "", false, report.Verified},
		"the files have it without access":   {fmt.Sprintf(open, "", "fromEntities: [all]"), fmt.Sprintf(open, "", ""), false, report.Verified},
		"the files have it with access":      {fmt.Sprintf(open, "", ""), fmt.Sprintf(open, "", "fromEntities: [all]"), false, report.NotVerified},
		"it is a stale one of this fence":    {fmt.Sprintf(open, ", labels: {tenantfence.dev/fence: platform}", "fromEntities: [all]"), "", false, report.Verified},
		"it is one of another fence":         {fmt.Sprintf(open, ", labels: {tenantfence.dev/fence: other}", "fromEntities: [all]"), "", false, report.NotVerified},
		"Cilium does not take it, elsewhere": {fmt.Sprintf(open, "", "fromEntities: [nowhere]"), "", false, report.NotVerified},
	} {
		run := inputs(t)
		run.Items = append(run.Items, parse(t, "given.yaml", []byte(c.inputPolicy))...)
		items := finished(t)
		if c.present != "" {
			items = append(items, parse(t, "there.yaml", []byte(c.present))...)
		}
		r, err := proof.Verify(proof.Verification{Items: items, Runs: []proof.Run{run}, CompleteOutput: c.completeOutput})
		if err != nil || r.Outcome() != c.want {
			t.Errorf("%s: %q %v %v", name, r.Outcome(), r.Findings, err)
		}
	}
}
