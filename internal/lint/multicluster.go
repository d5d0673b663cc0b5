package lint

import (
	"fmt"

	"github.com/tenantfence/tenantfence/internal/report"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// MultiClusterServices reports Services that are shared between clusters. Clients reach pods of
// all of these by one name, and policies decide about pods of each cluster apart.
func MultiClusterServices(f *policy.Fence, items []*yaml.RNode) report.Findings {
	if f.Cluster.CNI == v1alpha1.CNIKubernetes {
		return nil
	}
	effects := map[string]string{
		"ServiceExport": "has pods of other clusters connect to the pods of this Service",
		"ServiceImport": "has connections to this name end at pods of other clusters, too",
	}
	items, _ = resource.Deduplicate(items)
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
		out = append(out, report.New(report.GlobalService, report.Warning, resource.RefOf(n), "", "%s", effect+": flows to and from pods of this cluster are decided here, and those of other clusters are denied unless a policy of your own allows them by the label io.cilium.k8s.policy.cluster"))
	}
	for kind, i := range first {
		if more := count[kind] - 1; more > 0 {
			out[i].Message += fmt.Sprintf(" (and %s)", policy.Count(more, "other "+kind))
		}
	}
	return out
}
