package lint

import (
	"fmt"
	"maps"
	"slices"

	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// ReservedLabels refuses workloads whose pods have a label that Cilium reserves for its own
// identities: policies do not decide about such pods as they are written. A hostNetwork pod
// has no identity of its own.
func ReservedLabels(index *resource.Index) policy.Findings {
	var out policy.Findings
	for _, w := range index.Workloads {
		for _, key := range slices.Sorted(maps.Keys(w.Labels)) {
			effect, reserved := policy.ReservedLabel(key)
			if !reserved || w.HostNetwork {
				continue
			}
			out = append(out, policy.Finding{
				Check: "reserved-pod-label", Severity: policy.Error, Resource: w.Ref, Field: w.LabelField(key),
				Message: fmt.Sprintf("the pods have the label %s, whose key Cilium reserves: %s: rename the label", policy.Spelled(map[string]string{key: w.Labels[key]}), effect),
			})
		}
	}
	return out
}

// ReservedLabelsAssumed is the assumption that a proof rests on beside what the build shows.
func ReservedLabelsAssumed(ref policy.Ref) policy.Finding {
	return policy.Finding{
		Check: "reserved-labels-assumed", Severity: policy.Info, Resource: ref,
		Message: "assumed: no pod created later has a label whose key Cilium reserves (host, remote-node, init, …: docs/proof.md lists them), since policies do not decide about it as written: refuse such pods by an admission policy",
	}
}
