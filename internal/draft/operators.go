package draft

import (
	"fmt"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// findOperators finds the flows that the pods of known operators need.
func (b *build) findOperators() {
	for _, in := range b.index.Inferred {
		for _, need := range in.RequiredFlows {
			b.addRequired(in, need)
		}
	}
}

func (b *build) addRequired(in resource.Inferred, need resource.RequiredFlow) {
	pods := b.selected(in.Resource.Namespace, need.Pods, in.Resource.Name)
	if pods.workload == nil {
		return
	}
	evidence := []string{fmt.Sprintf("%s: %s", short(in.Resource), need.Reason)}
	var ports []v1alpha1.Port
	for _, p := range need.Ports {
		ports = append(ports, portOf(p))
	}
	switch {
	case need.ToAPIServer:
		b.add(namedFlow{from: pods, to: apiServer(), evidence: evidence})
	case need.FromOperator:
		if from := b.operatorPods(in); from.namespace != "" {
			b.add(namedFlow{from: from, to: pods, ports: ports, evidence: evidence})
		}
	}
	// The baseline allows flows among the pods.
}

// operatorPods are the operator's own pods: those of the build with its labels, or those that it usually
// has.
func (b *build) operatorPods(in resource.Inferred) endpoint {
	runs := in.Operator.Runs
	for _, w := range b.index.Workloads {
		if len(runs.Labels) > 0 && endpoints.Selects(endpoints.Selector{MatchLabels: runs.Labels}, w.Labels) {
			return b.selected(w.Ref.Namespace, runs.Labels, w.Ref.Name)
		}
	}
	b.unseen(describe(in.Resource), fmt.Sprintf("needs %s, which is not in the build: declare its pods as external resources, so that the flow from it becomes active", in.Operator.Operator))
	return endpoint{namespace: runs.Namespace, labels: runs.Labels, name: "operator"}
}
