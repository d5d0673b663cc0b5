package engine

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/cilium/cilium/pkg/identity"
	k8sconst "github.com/cilium/cilium/pkg/k8s/apis/cilium.io"
	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/policy/types"
)

// Cilium compares a selector only with the identities of the namespaces that it requires, or with all. Selectors
// of networks and names require none, so each would be compared with the addresses and names of the whole build.
// So every identity outside the cluster gets a place: a namespace that no pod can have. A selector of a network
// or name requires the places where it may match. No other selector sees places.

// placePrefix begins the name of a place. No namespace, and no value of a selector, has a line break.
const placePrefix = "\n"

// places finds the places in which a selector may match.
type places struct {
	// all are the places, and names those with the label of a name.
	all   []string
	names map[string][]string
	// addresses are in order once all are known. anywhere are the places of unknown addresses.
	addresses []addressPlace
	anywhere  []string
}

// addressPlace is the place of an identity with one address.
type addressPlace struct {
	netip.Addr
	place string
}

func newPlaces() *places { return &places{names: map[string][]string{}} }

// add gives an identity outside the cluster a place, and returns its labels with the place as the last one.
func (p *places) add(id *identity.Identity) labels.LabelArray {
	if scopeOf(id.ID) != addresses {
		return id.LabelArray
	}
	place := placePrefix + strconv.FormatUint(uint64(id.ID), 10)
	p.all = append(p.all, place)
	for _, l := range id.LabelArray {
		switch l.Source {
		case labels.LabelSourceFQDN:
			p.names[l.Key] = append(p.names[l.Key], place)
		case labels.LabelSourceCIDR:
			if network := l.GetCIDRPrefix(); network != nil && network.IsSingleIP() {
				p.addresses = append(p.addresses, addressPlace{network.Addr(), place})
			} else {
				p.anywhere = append(p.anywhere, place)
			}
		}
	}
	return append(slices.Clip(id.LabelArray), labels.NewLabel(k8sconst.PodNamespaceLabel, place, labels.LabelSourceK8s))
}

// sort must be called once all identities are known.
func (p *places) sort() {
	slices.SortFunc(p.addresses, func(a, b addressPlace) int { return a.Compare(b.Addr) })
}

// ofName returns the places of a name or pattern.
func (p *places) ofName(l labels.Label) []string { return p.names[l.Key] }

// of returns the places of a network. Invalid: all.
func (p *places) of(network netip.Prefix) []string {
	if !network.IsValid() {
		return p.all
	}
	first, _ := slices.BinarySearchFunc(p.addresses, network.Masked().Addr(), func(a addressPlace, of netip.Addr) int { return a.Compare(of) })
	out := slices.Clone(p.anywhere)
	for _, a := range p.addresses[first:] {
		if !network.Contains(a.Addr) {
			break
		}
		out = append(out, a.place)
	}
	return out
}

// withoutPlace returns labels without the place.
func withoutPlace(ls labels.LabelArray) labels.LabelArray {
	if last := len(ls) - 1; last >= 0 && ls[last].Key == k8sconst.PodNamespaceLabel && strings.HasPrefix(ls[last].Value, placePrefix) {
		return ls[:last]
	}
	return ls
}

// outside is a selector of a network or of DNS names. No pod has the labels that it requires.
type outside struct {
	types.Selector
	places *places
	// network contains the addresses that the selector matches. Invalid: unknown.
	network netip.Prefix
}

// SelectedNamespaces returns the places where the selector may match, and the namespace of everything else that
// is no pod.
func (o outside) SelectedNamespaces() []string {
	if name, isName := o.GetFQDNSelector(); isName {
		return append([]string{""}, o.places.ofName(name.IdentityLabel())...)
	}
	return append([]string{""}, o.places.of(o.network)...)
}

func (o outside) Matches(ls labels.LabelArray) bool { return o.Selector.Matches(withoutPlace(ls)) }

// anywhere is a selector that requires no namespace. Cilium compares it with everything.
type anywhere struct{ types.Selector }

func (a anywhere) Matches(ls labels.LabelArray) bool { return a.Selector.Matches(withoutPlace(ls)) }

// placed returns the selectors of a rule, so that places have no other effect. A nil list selects nothing, and
// differs from an empty one.
func (t *table) placed(all types.Selectors, namespace string) types.Selectors {
	if len(all) == 0 {
		return all
	}
	out := make(types.Selectors, len(all))
	for i, s := range all {
		out[i] = s
		_, isName := s.GetFQDNSelector()
		switch isNetwork := len(s.GetCIDRPrefixes()) > 0; {
		case isNetwork && t.nodeAddresses != nil:
			out[i] = outside{t.nodeAddresses.selector(s, namespace), t.places, networkOf(s)}
		case isName || isNetwork:
			out[i] = outside{s, t.places, networkOf(s)}
		case len(s.SelectedNamespaces()) == 0:
			out[i] = anywhere{s}
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
