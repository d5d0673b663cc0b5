package reach

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// errMissing reports that the build does not have what the source or destination of a case names.
var errMissing = errors.New("is missing from the build")

// MissingEnds report the cases of FlowTests that name what the build does not have. They need no
// engine, so a run reports them together with the errors that prevent a proof. skip excludes tenants
// and namespaces about which these errors are already.
func MissingEnds(e Endpoints, tests []resource.FlowTest, skip func(tenantOrNamespace string) bool) report.Findings {
	var out report.Findings
	for _, t := range tests {
		result := report.FlowTestResult{Test: t.Ref}
		for i, c := range t.Test.Spec.Cases {
			r := report.CaseResult{Case: c, Position: i, Passed: true}
			if err := cmp.Or(e.missing("from", c.From, skip), e.missing("to", c.To, skip)); err != nil {
				r.Problem = err.Error()
			}
			result.Cases = append(result.Cases, r)
		}
		out = append(out, FlowTestFindings(result)...)
	}
	return out
}

// missing returns an error where the build does not have what the source or destination of a case names.
func (e Endpoints) missing(field, text string, skip func(string) bool) error {
	f, err := v1alpha1.ParseEndpoint(text)
	if err != nil || f.TenantOrNamespace == "" || skip(f.TenantOrNamespace) {
		return nil //nolint:nilerr // Validation reports what is not an endpoint.
	}
	switch f.Form {
	case v1alpha1.TenantForm, v1alpha1.NamespaceForm:
		_, err = e.namespacesIn(f)
	case v1alpha1.WorkloadForm:
		_, err = e.workload(text, f)
	case v1alpha1.ServiceForm:
		_, _, err = e.service(f)
	}
	if !errors.Is(err, errMissing) {
		return nil
	}
	return fmt.Errorf("%s: %w", field, err)
}
