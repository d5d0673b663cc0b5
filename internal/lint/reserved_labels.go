package lint

import (
	"maps"
	"slices"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// ReservedLabels refuses workloads whose pods have, or may have, a label that Cilium reserves for
// its own identities. Policies do not apply to such pods as written. It skips hostNetwork pods,
// which have no identity of their own.
func ReservedLabels(f *policy.Fence, index *resource.Index) report.Findings {
	if f.Cluster.CNI == v1alpha1.CNIKubernetes {
		return nil
	}
	var out report.Findings
	found := map[podLabel]bool{}
	for _, m := range index.PodMetadata {
		if m.HostNetwork {
			continue
		}
		for _, key := range slices.Sorted(maps.Keys(m.Labels)) {
			if effect, reserved := cilium.ReservedLabel(key); reserved {
				found[podLabel{m.Resource, key}] = true
				out = append(out, reservedLabelFinding(m.Resource, m.Field+".labels["+key+"]", key, m.Labels[key], effect))
			}
		}
	}
	// Labels that an operator copies from other resources.
	for _, w := range index.Workloads {
		for _, key := range slices.Sorted(maps.Keys(w.Labels)) {
			effect, reserved := cilium.ReservedLabel(key)
			if l := (podLabel{w.Resource, key}); reserved && !w.HostNetwork && !found[l] {
				found[l] = true
				out = append(out, reservedLabelFinding(w.Ref, w.LabelField(key), key, w.Labels[key], effect))
			}
		}
	}
	return out
}

type podLabel struct {
	resource report.Ref
	key      string
}

func reservedLabelFinding(ref report.Ref, field, key, value, effect string) report.Finding {
	return report.New(report.PodLabelReserved, report.Error, ref, field, "the pods have the label %s, whose key Cilium reserves: %s: rename the label", endpoints.FormatLabels(map[string]string{key: value}), effect)
}

// ReservedLabelsAssumed returns the finding about the assumption on later pods.
func ReservedLabelsAssumed(ref report.Ref) report.Finding {
	return report.New(report.ReservedLabelsAssumed, report.Info, ref, "", "assumed: no pod created later has a label whose key Cilium reserves (host, remote-node, init, …: docs/explanation/proof.md lists them), because policies do not apply to such a pod as written: refuse such pods by an admission policy")
}
