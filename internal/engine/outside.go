package engine

import "github.com/cilium/cilium/pkg/policy/types"

// outside is a selector of a network or of DNS names. No pod has the labels that it requires, so Cilium
// needs to compare it only with identities that have no namespace.
type outside struct{ types.Selector }

// SelectedNamespaces returns the namespace of what is no pod.
func (outside) SelectedNamespaces() []string { return []string{""} }

// withoutPods returns selectors of a rule that are compared with pods only if they may select one. A nil
// list selects nothing, and differs from an empty one.
func withoutPods(all types.Selectors) types.Selectors {
	if len(all) == 0 {
		return all
	}
	out := make(types.Selectors, len(all))
	for i, s := range all {
		out[i] = s
		if _, isName := s.GetFQDNSelector(); isName || len(s.GetCIDRPrefixes()) > 0 {
			out[i] = outside{s}
		}
	}
	return out
}
