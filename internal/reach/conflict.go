package reach

import (
	"slices"

	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
)

// conflict is why the policies that select some pods of one owner cannot be merged.
type conflict struct {
	why      string
	resource report.Ref
	pods     orderedSet
}

// conflicts are put together where they differ in their pods alone, in the order in which
// they were found.
type conflicts struct {
	list  []*conflict
	byKey map[string]*conflict
}

func (c *conflicts) add(v view, resource report.Ref, why string) {
	key := endpoints.JSONKey([]any{resource, why})
	if c.byKey == nil {
		c.byKey = map[string]*conflict{}
	}
	if c.byKey[key] == nil {
		c.byKey[key] = &conflict{why: why, resource: resource}
		c.list = append(c.list, c.byKey[key])
	}
	c.byKey[key].pods.add(v.subject.Name)
}

// reports is true if a conflict has this reason.
func (c *conflicts) reports(why string) bool {
	return slices.ContainsFunc(c.list, func(one *conflict) bool { return one.why == why })
}

func (c *conflicts) findings() report.Findings {
	var out report.Findings
	for _, c := range c.list {
		out = append(out, report.New(report.PoliciesConflict, report.Error, c.resource, "", "%s%s: %s: nothing is proved there: make the conflicting part of these policies equal, or keep it in one of them", c.pods.list[0], c.pods.moreSuffix(), c.why))
	}
	return out
}

// sourceOf returns the resource that declares what an owner's pods or nodes may do.
func (p Proof) sourceOf(o *policy.Owner) report.Ref {
	if o == nil {
		return report.Ref{}
	}
	return p.source(o.Reason)
}
