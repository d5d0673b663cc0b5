package lint

import (
	"fmt"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// MultiClusterServices reports Services that clusters share. Clients reach pods of all clusters by
// one name, but policies decide pods of each cluster separately. The items are distinct.
func MultiClusterServices(f *policy.Fence, items []*yaml.RNode) report.Findings {
	if f.Cluster.CNI == v1alpha1.CNIKubernetes {
		return nil
	}
	effects := map[string]string{
		"ServiceExport": "exposes the pods of this Service to pods of other clusters",
		"ServiceImport": "sends connections with this name to pods of other clusters, too",
	}
	var out report.Findings
	first := map[string]int{}
	count := map[string]int{}
	for _, n := range items {
		effect := effects[n.GetKind()]
		if resource.Group(n) != resource.MultiClusterGroup || effect == "" {
			continue
		}
		if count[n.GetKind()]++; count[n.GetKind()] > 1 {
			continue
		}
		first[n.GetKind()] = len(out)
		out = append(out, report.New(report.GlobalService, report.Warning, resource.RefOf(n), "", "%s", effect+": only flows within this cluster are decided, and flows with other clusters are denied: allow them in a hand-written policy with the label io.cilium.k8s.policy.cluster"))
	}
	for kind, i := range first {
		if more := count[kind] - 1; more > 0 {
			out[i].Message += fmt.Sprintf(" (and %s)", report.Count(more, "other "+kind))
		}
	}
	return out
}
