package reach

import (
	"fmt"
	"slices"

	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
)

// IsolatedPods are pods of a tenant in AllowOnly that policies isolate in one direction.
type IsolatedPods struct {
	Tenant    string
	Direction flow.Direction
	// Pods names one of them, the Example, and counts the others.
	Pods    string
	Example endpoints.Endpoint
	// Policies allow something at them. Policies that allow nothing may isolate them as well.
	Policies flow.Policies
}

// IsolatedInAllowOnly finds the pods of tenants in AllowOnly that the policies isolate.
func (p Proof) IsolatedInAllowOnly() ([]IsolatedPods, error) {
	var found leaks
	policies, example := map[*leak]flow.Policies{}, map[*leak]endpoints.Endpoint{}
	for _, pod := range p.View.Set.Known() {
		owner := p.allowOnlyOwner(pod)
		if owner == nil {
			continue
		}
		for _, d := range flow.Directions() {
			openings, err := p.View.Openings(pod, d)
			if err != nil {
				return nil, fmt.Errorf("find what is open: %w", err)
			}
			if slices.ContainsFunc(openings, func(o flow.Opening) bool { return len(o.Policies) == 0 }) {
				continue
			}
			v := view{subject: pod, direction: d, owner: owner}
			l := found.leakOf(v, flow.Opening{}, "")
			if l.subjects.add(pod.Name); len(l.subjects.list) == 1 {
				example[l] = pod
			}
			for _, o := range openings {
				policies[l] = append(policies[l], o.Policies...)
			}
		}
	}
	var out []IsolatedPods
	for _, l := range found.list {
		out = append(out, IsolatedPods{
			Tenant: l.owner.Name, Direction: l.direction, Pods: l.subjects.list[0] + l.subjects.moreSuffix(), Example: example[l], Policies: policies[l].Sorted(),
		})
	}
	return out, nil
}

// allowOnlyOwner returns the tenant in AllowOnly that a pod belongs to, or nil.
func (p Proof) allowOnlyOwner(pod endpoints.Endpoint) *policy.Owner {
	if pod.Kind != endpoints.PodEndpoint || !pod.IsSelected() {
		return nil
	}
	if owner := p.Fence.OwnerOfPod(pod.Namespace, pod.Labels); isAllowOnly(owner) && p.Slice.Includes(owner.Tenant()) {
		return owner
	}
	return nil
}
