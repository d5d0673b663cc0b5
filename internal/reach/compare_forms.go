package reach

import (
	"fmt"
	"slices"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
)

// CompareForms compares two forms of the same policies: the Proof's engine enforces Cilium's, and
// other enforces the NetworkPolicies. It finds, at the pods of tenants in Enforce, what one form
// allows and the other denies, or reports that nothing differs.
func (p Proof) CompareForms(other *flow.View) (report.Findings, error) {
	known := p.View.Set.Known()
	var out report.Findings
	add := func(check *report.Check, message string) {
		out = append(out, report.New(check, report.Info, p.source(p.Fence.Profile), "spec.policies", "%s", message))
	}
	fenced := p.fenced(known)
	for _, way := range []struct {
		check         *report.Check
		text          string
		before, after *flow.View
	}{
		{report.FormsDiffer, "if another enforcer replaces Cilium, the NetworkPolicies no longer allow", p.View, other},
		{report.FormsDiffer, "if another enforcer replaces Cilium, the NetworkPolicies also allow", other, p.View},
	} {
		c := lost{before: way.before, after: way.after, ignored: p.notComparable(known)}
		if err := c.search(fenced); err != nil {
			return nil, err
		}
		for _, l := range c.leaks.list {
			add(way.check, fmt.Sprintf("%s %s (%s)", way.text, l.describe(), l.opening.Policies))
		}
	}
	if len(out) == 0 {
		add(report.FormsEqual, fmt.Sprintf("if another enforcer replaces Cilium, the NetworkPolicies allow the same: nothing differs at %s", report.Count(len(fenced), "pod")))
	}
	return out, nil
}

// notComparable are endpoints that the two forms know differently: representative pods that differ
// from another one in their service account alone, which a NetworkPolicy does not match; and
// addresses of the cluster's own, which to Cilium are pods and nodes, and not the world.
func (p Proof) notComparable(known []endpoints.Endpoint) map[string]bool {
	seen, out := map[string]bool{}, map[string]bool{}
	for _, representative := range []bool{false, true} {
		for _, ep := range known {
			if ep.Kind != endpoints.PodEndpoint || ep.Representative != representative {
				continue
			}
			key := endpoints.JSONKey([]any{ep.Cluster, ep.Namespace, ep.NamespaceLabels, ep.Labels})
			out[ep.Name] = representative && seen[key]
			seen[key] = true
		}
	}
	c := p.Fence.Cluster
	own := policy.Peer{Kind: policy.CIDRs, CIDRs: slices.Concat(c.PodCIDRs, c.ServiceCIDRs, c.NodeCIDRs)}
	for _, ep := range known {
		if ep.Kind == endpoints.AddressEndpoint && inNetworks(own, ep) && !isAPIServerAddress(c, ep) {
			out[ep.Name] = true
		}
	}
	return out
}

// isAPIServerAddress reports whether an address is the apiserver's: flows to that are compared.
func isAPIServerAddress(c v1alpha1.Cluster, ep endpoints.Endpoint) bool {
	return c.APIServer != nil && inNetworks(policy.Peer{CIDRs: c.APIServer.CIDRs}, ep)
}
