package fn

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/internal/merge"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// keptUnproved names, in a build that is not proved, the policies of this fence that are not
// as it generates them: they are of stages that are not listed, so that they stay. It is an
// error unless the host keeps files: there another run may have left them, and corrects or
// deletes them.
func (c checker) keptUnproved() policy.Findings {
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
	severity, do := policy.Error, "remove them from the build, or list their stages"
	if resource.HostWritesFiles(c.before) {
		severity, do = policy.Warning, "the run that lists their stages corrects or deletes them, and tenantfence verify refuses them until then"
	}
	return policy.Findings{{
		Check: "kept-policies-unproved", Severity: severity, Resource: c.in.FenceRef, Field: "spec.stages",
		Message: fmt.Sprintf("these have the label of this fence, are not what it generates, and are of stages that are not listed here, so they would stay, unproved: %s: %s", strings.Join(names, ", "), do),
	}}
}
