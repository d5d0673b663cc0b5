package reach

import (
	"fmt"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// Result is a case of a FlowTest, decided.
type Result struct {
	Case    v1alpha1.FlowCase
	Flow    policy.Flow
	Verdict policy.Verdict
	// Holds says whether the verdict is the expected one. One that depends never
	// is.
	Holds bool
}

// Run decides every case of a FlowTest. What cannot be decided is a finding.
func Run(engine policy.Engine, endpoints Endpoints, test resource.FlowTest) ([]Result, policy.Findings) {
	var results []Result
	var findings policy.Findings
	for i, c := range test.Test.Spec.Cases {
		at := field.NewPath("spec", "cases").Index(i)
		r := Result{Case: c}
		var err error
		if r.Flow, err = endpoints.flow(c); err == nil {
			r.Verdict, err = engine.Decide(r.Flow)
		}
		if err != nil {
			findings = append(findings, policy.Finding{
				Check: "flow-undecided", Severity: policy.Error, Resource: test.Ref, Field: at.String(), Message: fmt.Sprintf("%s: %v", c.Name, err),
			})
			continue
		}
		want := map[v1alpha1.Expectation]policy.Decision{v1alpha1.ExpectAllow: policy.Allowed, v1alpha1.ExpectDeny: policy.Denied}[c.Expect]
		r.Holds = r.Verdict.Decision() == want
		results = append(results, r)
	}
	return results, findings
}

func (e Endpoints) flow(c v1alpha1.FlowCase) (policy.Flow, error) {
	from, err := e.Find(c.From)
	if err != nil {
		return policy.Flow{}, fmt.Errorf("from: %w", err)
	}
	to, err := e.Find(c.To)
	if err != nil {
		return policy.Flow{}, fmt.Errorf("to: %w", err)
	}
	protocol := c.Protocol
	if protocol == "" {
		protocol = v1alpha1.TCP
	}
	return policy.Flow{From: from, To: to, Port: uint16(c.Port), Protocol: protocol}, nil
}
