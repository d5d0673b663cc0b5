package reach

import (
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
)

// Part is what a proof of isolation decided about one tenant. It is plain data. "" is what belongs to no tenant.
type Part struct {
	Pods, Openings int
	// Largest is its pod of the build with the most entries in its policy map.
	Largest flow.Largest
	// Namespaces are those that were inspected.
	Namespaces map[string]Inspected
	// Flows are the declared flows that it has a side of.
	Flows []FlowOutcome
}

// FlowOutcome is what one side decided about a declared flow.
type FlowOutcome struct {
	Reason report.Reason
	outcome
}

// Clean reports that nothing was found.
func (p Part) Clean() bool {
	for _, ns := range p.Namespaces {
		if ns.Open {
			return false
		}
	}
	for _, f := range p.Flows {
		if f.Denied || f.Undecided || f.Excluded {
			return false
		}
	}
	return true
}

// parts are those of tenants, by name.
type parts map[string]*Part

func (p parts) of(tenant string) *Part {
	if p[tenant] == nil {
		p[tenant] = &Part{}
	}
	return p[tenant]
}

// addSize records the policy map of a pod or node of the build. One that cannot be computed is reported elsewhere.
func (p parts) addSize(v *flow.View, tenant string, ep endpoints.Endpoint) {
	if ep.Representative {
		return
	}
	if size, err := v.SizeAt(ep); err == nil {
		part := p.of(tenant)
		part.Largest = part.Largest.Max(flow.Largest{Name: ep.Name, Entries: size})
	}
}

// addUnclaimed records the policy maps of pods in namespaces without a tenant, if the slice has these.
func (p parts) addUnclaimed(s *search, known []endpoints.Endpoint) {
	for _, ep := range known {
		if s.Slice.Includes("") && ep.Kind == endpoints.PodEndpoint && ep.Cluster == "" && len(s.Fence.TenantsIn(ep.Namespace)) == 0 {
			p.addSize(s.View, "", ep)
		}
	}
}

// addNamespaces adds what was found in each namespace to the parts of its tenants.
func (p parts) addNamespaces(f *policy.Fence, all map[string]Inspected) {
	for ns, found := range all {
		for _, t := range f.TenantsIn(ns) {
			part := p.of(t.Name)
			if part.Namespaces == nil {
				part.Namespaces = map[string]Inspected{}
			}
			part.Namespaces[ns] = found
		}
	}
}
