package engine

import (
	"log/slog"

	"github.com/cilium/cilium/pkg/identity"
	"github.com/cilium/cilium/pkg/labels"
	ciliumpolicy "github.com/cilium/cilium/pkg/policy"
)

// keeper uses the selectors of a table in place of the policies that were compiled. Cilium keeps a policy in
// memory while it uses a selector, and forgets what a selector selects when nothing uses it.
type keeper struct{}

var _ ciliumpolicy.CachedSelectionUser = keeper{}

func (keeper) IdentitySelectionUpdated(*slog.Logger, ciliumpolicy.CachedSelector, []identity.NumericIdentity, []identity.NumericIdentity) {
}
func (keeper) IdentitySelectionCommit(*slog.Logger, ciliumpolicy.SelectorSnapshot) {}
func (keeper) IsPeerSelector() bool                                                { return true }
func (keeper) GetRuleLabels(ciliumpolicy.CachedSelector) labels.LabelArrayList     { return nil }

// release lets the memory of a policy be reused once its policy map is read.
func (d *policyMap) release() {
	selectors, l4 := d.repo.GetSelectorCache(), &d.endpointPolicy.SelectorPolicy.L4Policy
	for _, rules := range []ciliumpolicy.L4PolicyMaps{l4.Ingress.PortRules, l4.Egress.PortRules} {
		for i := range rules {
			rules[i].ForEach(func(f *ciliumpolicy.L4Filter) bool {
				for selector := range f.PerSelectorPolicies {
					selectors.ChangeUser(selector, f, keeper{})
				}
				return true
			})
		}
	}
}
