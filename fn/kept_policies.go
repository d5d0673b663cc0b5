package fn

import (
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/internal/report"

	"github.com/tenantfence/tenantfence/internal/merge"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// keptUnproved names, in a build that is not proved, the policies of this fence that are not
// as it generates them: they are of stages that are not listed, so that they stay. It is an
// error unless the host keeps files: there another run may have left them, and corrects or
// deletes them.
func (c checker) keptUnproved() report.Findings {
	o, planned := mergeOptions(c.in, c.fence), byID(c.policies)
	var names []string
	for _, n := range c.after.Items {
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
	if resource.HostWritesFiles(c.before) {
		severity, do = report.Warning, "the run that lists their stages corrects or deletes them, and tenantfence verify refuses them until then"
	}
	return report.Findings{report.New(report.KeptPoliciesUnproved, severity, c.in.FenceRef, "spec.stages", "these have the label of this fence, are not what it generates, and are of stages that are not listed here, so they would stay, unproved: %s: %s", strings.Join(names, ", "), do)}
}
