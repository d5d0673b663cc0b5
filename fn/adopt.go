package fn

import (
	"errors"
	"fmt"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/reach"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// tellAdopted says which policies were taken over, and what they let pass that nothing
// does any more.
func (c checker) tellAdopted() (policy.Findings, error) {
	fence, adopted := c.fence, c.after.Adopted
	if len(adopted) == 0 {
		return nil, nil
	}
	var out policy.Findings
	for _, ref := range adopted {
		out = append(out, policy.Finding{
			Check: "policy-adopted", Severity: policy.Info, Resource: ref, Message: "is taken over: its spec is generated from now on",
		})
	}
	var engines []policy.Engine
	for _, items := range [][]*yaml.RNode{c.before, c.after.Items} {
		e, err := newEngine(fence, c.index, items, closing{fence.Tenants, fence.Nodes})
		var rejected policy.RejectedError
		if errors.As(err, &rejected) {
			return append(out, unknownLoss(adopted, rejected)...), nil
		}
		if err != nil {
			return out, err
		}
		engines = append(engines, e)
	}
	names := map[string]policy.Ref{}
	for _, ref := range adopted {
		names[resource.PolicyName(ref)] = ref
	}
	p := reach.Proof{Engine: engines[0], Fence: fence, Endpoints: reach.Endpoints{Index: c.index, Fence: fence}}
	lost, err := p.Lost(engines[1], names)
	if err != nil {
		return out, fmt.Errorf("compare with what was there: %w", err)
	}
	return append(out, lost...), nil
}

// unknownLoss: what an engine cannot decide cannot be compared.
func unknownLoss(adopted []policy.Ref, rejected policy.RejectedError) policy.Findings {
	var out policy.Findings
	for _, ref := range adopted {
		out = append(out, policy.Finding{
			Check: "adopted-loss-unknown", Severity: policy.Warning, Resource: ref,
			Message: fmt.Sprintf("is taken over, and what it let pass before cannot be decided: %v", rejected),
		})
	}
	return out
}
