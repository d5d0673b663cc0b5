package engine

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/cilium/cilium/pkg/fqdn/dns"
	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/policy/types"

	"github.com/tenantfence/tenantfence/internal/endpoints"
)

// nameSelector is a toFQDNs selector.
type nameSelector struct {
	// text is the name or pattern.
	text string
	// own is its label, and label is the one that all selectors of the same rules share.
	own, label labels.Label
	pattern    *regexp.Regexp
	// rules are the numbers of the rules that contain it.
	rules []int
}

func (s nameSelector) isPattern() bool { return strings.Contains(s.text, "*") }

func (s nameSelector) matches(name string) bool { return s.pattern.MatchString(dns.FQDN(name)) }

// nameIndex finds the selectors that match a name. Names in the same rules get one identity,
// because no policy distinguishes them.
type nameIndex struct {
	all []*nameSelector
	// byText has the selectors by name or pattern: many policies use the same.
	byText map[string]*nameSelector
	// exact has the selectors of exact names, by the name in the DNS proxy's form.
	exact    map[string][]*nameSelector
	patterns []*nameSelector
	// rules is the number of rules so far.
	rules int
}

func newNameIndex() nameIndex {
	return nameIndex{byText: map[string]*nameSelector{}, exact: map[string][]*nameSelector{}}
}

// add adds a selector of the current rule.
func (x *nameIndex) add(s *nameSelector) {
	if have := x.byText[s.text]; have != nil {
		have.rules = append(have.rules, x.rules)
		return
	}
	s.rules = []int{x.rules}
	x.byText[s.text] = s
	x.all = append(x.all, s)
	if s.isPattern() {
		x.patterns = append(x.patterns, s)
		return
	}
	name := dns.FQDN(s.text)
	x.exact[name] = append(x.exact[name], s)
}

// classify gives all selectors of the same rules the label of the first one.
func (x *nameIndex) classify() {
	first := map[string]labels.Label{}
	for _, s := range x.all {
		class := fmt.Sprint(slices.Compact(s.rules))
		if _, ok := first[class]; !ok {
			first[class] = s.own
		}
		s.label = first[class]
	}
}

// matching returns the labels of the selectors that match a name.
func (x *nameIndex) matching(name string) labels.Labels {
	out := labels.Labels{}
	for _, s := range x.exact[dns.FQDN(name)] {
		out[s.label.Key] = s.label
	}
	for _, s := range x.patterns {
		if s.matches(name) {
			out[s.label.Key] = s.label
		}
	}
	return out
}

// has reports whether a policy contains the name or pattern.
func (x *nameIndex) has(text string) bool { return x.byText[text] != nil }

// name returns the identities of a name's address. An agent that saw the DNS answer labels the
// address with every selector that matches the name.
//
// The address of a name is unknown, so that networks of policies do not distinguish it.
func (t *table) name(name string) ([]variant, error) {
	if !endpoints.IsName(name) {
		return nil, fmt.Errorf("%q is not a DNS name", name)
	}
	name = dns.FQDN(name)
	matching := t.names.matching(name)
	var all []variant
	for _, f := range t.families() {
		unresolved, err := t.identity(f.world)
		if err != nil {
			return nil, err
		}
		id, err := t.identity(mergeLabels(matching, f.world))
		if err != nil {
			return nil, err
		}
		one := variant{id: id, when: f.when, unresolved: unresolved, name: name}
		in, err := t.inNetworks(f, one)
		if err != nil {
			return nil, err
		}
		all = append(all, in...)
	}
	return all, nil
}

// inNetworks returns the variant itself or, if the networks of policies contain every address of
// the family, a variant in each of them.
func (t *table) inNetworks(f family, base variant) ([]variant, error) {
	addrs := t.covered[f.entity]
	if len(addrs) == 0 {
		return []variant{base}, nil
	}
	var out []variant
	for _, addr := range addrs {
		at, one := t.addressLabels(addr), base
		var err error
		if one.id, err = t.identity(mergeLabels(base.id.Labels, at)); err != nil {
			return nil, err
		}
		if base.unresolved != nil {
			if one.unresolved, err = t.identity(at); err != nil {
				return nil, err
			}
		}
		one.when = strings.TrimSpace(base.when + " at " + addr.String())
		out = append(out, one)
	}
	return out, nil
}

// collect records what the policies distinguish: labels of pods, networks and names.
func (p *Program) collect(entries types.PolicyEntries) error {
	for _, entry := range entries {
		p.names.rules++
		p.hasDenies = p.hasDenies || entry.IsDeny()
		if err := p.collectSelectors(entry); err != nil {
			return err
		}
		p.collectL4Allows(entry)
		for _, peer := range entry.L3 {
			p.prefixes = append(p.prefixes, peer.GetCIDRPrefixes()...)
			if err := p.collectName(peer); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *Program) collectName(peer types.Selector) error {
	selector, ok := peer.GetFQDNSelector()
	if !ok {
		return nil
	}
	pattern, err := selector.ToRegex()
	if err != nil {
		return fmt.Errorf("match names with %s: %w", selector, err)
	}
	p.names.add(&nameSelector{text: cmp.Or(selector.MatchName, selector.MatchPattern), own: selector.IdentityLabel(), pattern: pattern})
	return nil
}
