package plan

import (
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
)

func intraNamespace(f *policy.Fence, t *policy.Owner) []sideRule {
	if !t.IntraNamespace {
		return nil
	}
	var out []sideRule
	for _, ns := range t.Namespaces {
		own := t.PeerIn(ns)
		for _, d := range flow.Directions() {
			out = append(out, sideRule{
				namespace: ns, owner: own.Owner, name: tenantPolicyName(t, "allow-intra-namespace"), family: policy.IntraNamespace,
				subject: t.Selector, declared: t.Selector,
				rule: policy.Rule{Direction: d, Peers: []policy.Peer{own}}, reasons: []report.Reason{f.Profile.Child("baseline.intraNamespace")},
			})
		}
	}
	return out
}
