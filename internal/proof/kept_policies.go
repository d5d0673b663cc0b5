package proof

import (
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/internal/generate"
	"github.com/tenantfence/tenantfence/internal/merge"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// keptUnproved reports, for a build that is not proved, policies of this fence that are not as generated.
// Their stages are not listed, so they stay. It is an error unless the host keeps files: another run
// may have left them there, and corrects or deletes them.
func (c Build) keptUnproved() report.Findings {
	o, planned := generate.MergeOptions(c.In, c.Fence), resource.GeneratedByID(c.Policies)
	var names []string
	for _, n := range c.After.Existing {
		plan := planned[resource.ID(n)]
		if o.Owns(n) && !resource.IsLocalConfig(n) && (plan == nil || !merge.IsUpToDate(n, plan)) {
			names = append(names, resource.RefOf(n).String())
		}
	}
	if len(names) == 0 {
		return nil
	}
	slices.Sort(names)
	severity, do := report.Error, "remove them from the build, or list their stages"
	if resource.HostWritesFiles(c.Before) {
		severity, do = report.Warning, "run the layer that lists their stages, which corrects or deletes them; tenantfence verify refuses them until then"
	}
	return report.Findings{report.New(report.KeptPoliciesUnproved, severity, c.In.FenceRef, "spec.stages", "policies with the label of this fence differ from what it generates, and stay unproved, because their stages are not listed here (%s): %s", strings.Join(names, ", "), do)}
}
