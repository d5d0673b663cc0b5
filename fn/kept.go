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
// as it generates them: they are of stages that are not listed, so that they stay.
func (c checker) keptUnproved() policy.Findings {
	o, planned := mergeOptions(c.in, c.fence), byID(c.policies)
	var names []string
	for _, n := range c.after.Items {
		plan := planned[resource.ID(n)]
		if o.Owns(n) && !resource.Local(n) && (plan == nil || !merge.AsPlanned(n, plan)) {
			names = append(names, resource.RefOf(n).String())
		}
	}
	if len(names) == 0 {
		return nil
	}
	slices.Sort(names)
	return policy.Findings{{
		Check: "kept-unproved", Severity: policy.Warning, Resource: c.in.FenceRef, Field: "spec.stages",
		Message: fmt.Sprintf("these have the label of this fence and are not what it generates, of stages that are not listed here, so they stay, unproved: %s: the run that lists their stage corrects or deletes them; tenantfence verify refuses them until then",
			strings.Join(names, ", ")),
	}}
}
