package engine

import (
	"net/netip"
	"strings"

	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/policy/types"
)

// outside is a selector of a network or of DNS names. No pod has the labels that it requires, so Cilium
// needs to compare it only with identities that have no namespace.
type outside struct {
	types.Selector
	// network contains the addresses that the selector matches. Invalid: unknown.
	network netip.Prefix
}

// SelectedNamespaces returns the namespace of what is no pod.
func (outside) SelectedNamespaces() []string { return []string{""} }

// Matches asks Cilium only about identities with an address in the network. Cilium's comparison is slow,
// and each network is compared with the addresses of all others.
func (o outside) Matches(ls labels.LabelArray) bool {
	return (!o.network.IsValid() || hasAddressIn(ls, o.network)) && o.Selector.Matches(ls)
}

// hasAddressIn reports whether an identity may have an address in a network. A numbered node may.
func hasAddressIn(ls labels.LabelArray, network netip.Prefix) bool {
	for i := range ls {
		switch ls[i].Source {
		case numberSource:
			return true
		case labels.LabelSourceCIDR:
			if p := ls[i].GetCIDRPrefix(); p == nil || network.Overlaps(*p) {
				return true
			}
		}
	}
	return false
}

// withoutPods returns selectors of a rule that are compared with pods only if they may select one. A nil
// list selects nothing, and differs from an empty one.
func (t *table) withoutPods(all types.Selectors, namespace string) types.Selectors {
	if len(all) == 0 {
		return all
	}
	out := make(types.Selectors, len(all))
	for i, s := range all {
		out[i] = s
		_, isName := s.GetFQDNSelector()
		switch isNetwork := len(s.GetCIDRPrefixes()) > 0; {
		case isNetwork && t.nodeAddresses != nil:
			out[i] = outside{t.nodeAddresses.selector(s, namespace), networkOf(s)}
		case isName || isNetwork:
			out[i] = outside{s, networkOf(s)}
		}
	}
	return out
}

// networkOf returns the network in the key of a selector, which may have exceptions. It returns none for all
// addresses of a family, since they are also those without the label of a network.
func networkOf(s types.Selector) netip.Prefix {
	text, isNetwork := strings.CutPrefix(s.Key(), labels.LabelSourceCIDR+":")
	text, _, _ = strings.Cut(text, "-")
	network, err := netip.ParsePrefix(text)
	if !isNetwork || err != nil || network.Bits() == 0 || network.Addr().Is4In6() {
		return netip.Prefix{}
	}
	return network
}
