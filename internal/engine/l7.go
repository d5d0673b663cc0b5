package engine

import (
	"regexp"
	"slices"
	"strings"

	"github.com/cilium/cilium/pkg/identity"
	ciliumpolicy "github.com/cilium/cilium/pkg/policy"
	"github.com/cilium/cilium/pkg/policy/api"
	"github.com/cilium/cilium/pkg/policy/types"

	"github.com/tenantfence/tenantfence/internal/flow"
)

// l7 returns the L7 rules of a port that is redirected to a proxy. The proxy ORs the rules of
// all selectors that select the peer. A rule without L7 rules allows everything, and so does a
// rule that Cilium adds itself, which has no name. TLS server names are an exception: on the
// same port of the same selector, they also restrict rules without any.
func (d *policyMap) l7(key ciliumpolicy.Key) flow.L7 {
	var all []flow.Alternative
	var shadowedBy flow.Policies
	hasL4Allow := false
	for _, filter := range d.filters(key) {
		for selector, rules := range filter.PerSelectorPolicies {
			switch {
			case rules.GetVerdict() != types.Allow || !selects(selector, key.Identity):
			case rules.IsRedirect() && !interceptsOnly(rules):
				all = append(all, alternatives(rules)...)
				if len(rules.ServerNames) == 0 {
					shadowedBy = append(shadowedBy, d.l4AllowsAt(filter, selector)...)
				}
			default:
				hasL4Allow = true
				shadowedBy = append(shadowedBy, d.policiesOf(filter.RuleOrigin[selector].Value())...)
			}
		}
	}
	if hasL4Allow || len(shadowedBy) > 0 {
		return shadowedL7(all, shadowedBy.Sorted())
	}
	slices.SortFunc(all, flow.Alternative.Compare)
	return flow.L7{Alternatives: slices.CompactFunc(all, flow.Alternative.Equal)}
}

// customListener is a listener that receives all traffic, whatever other rules allow.
const customListener = "a custom listener"

// shadowedL7 returns the result for L7 rules that another rule shadows: everything is allowed.
// Shadowed DNS rules are not reported: they still make the proxy see the answers.
func shadowedL7(rules []flow.Alternative, policies flow.Policies) flow.L7 {
	switch {
	case slices.ContainsFunc(rules, isCustomListener):
		return flow.L7{Alternatives: []flow.Alternative{{Other: customListener}}}
	case !slices.ContainsFunc(rules, func(a flow.Alternative) bool { return a.DNS == "" }):
		return flow.L7{}
	default:
		return flow.L7{ShadowedBy: policies}
	}
}

func isCustomListener(a flow.Alternative) bool { return a.Other == customListener }

func selects(selector ciliumpolicy.CachedSelector, id identity.NumericIdentity) bool {
	return selector.IsWildcard() || selector.Selects(id)
}

// filters returns the filters that a proxy applies to a port. Envoy also applies the rules of
// all ports and of port ranges. The DNS proxy applies only those of the exact port.
func (d *policyMap) filters(key ciliumpolicy.Key) []*ciliumpolicy.L4Filter {
	var exact, ranges []*ciliumpolicy.L4Filter
	dns := false
	rules := d.endpointPolicy.SelectorPolicy.L4Policy.Egress.PortRules
	if key.IsIngress() {
		rules = d.endpointPolicy.SelectorPolicy.L4Policy.Ingress.PortRules
	}
	for i := range rules {
		rules[i].ForEach(func(f *ciliumpolicy.L4Filter) bool {
			switch {
			case f.U8Proto != 0 && f.U8Proto != key.Nexthdr:
			case d.isPort(f, key):
				exact = append(exact, f)
				dns = dns || hasDNSRules(f)
			case f.PortName == "" && (f.Port == 0 || f.Port <= key.DestPort && key.DestPort <= f.EndPort):
				ranges = append(ranges, f)
			}
			return true
		})
	}
	if dns {
		return exact
	}
	return append(exact, ranges...)
}

// isPort reports whether a filter is for this port only.
func (d *policyMap) isPort(f *ciliumpolicy.L4Filter, key ciliumpolicy.Key) bool {
	if f.PortName == "" {
		return f.Port == key.DestPort && (f.EndPort == 0 || f.EndPort == f.Port)
	}
	if key.IsIngress() {
		return d.subject.GetIngressNamedPort(f.PortName, f.U8Proto) == key.DestPort
	}
	for _, port := range d.portsOf(f, []identity.NumericIdentity{key.Identity}) {
		if port == key.DestPort {
			return true
		}
	}
	return false
}

func hasDNSRules(f *ciliumpolicy.L4Filter) bool {
	for _, rules := range f.PerSelectorPolicies {
		if rules != nil && rules.L7Parser == ciliumpolicy.ParserTypeDNS {
			return true
		}
	}
	return false
}

// interceptsOnly reports whether rules terminate TLS without L7 rules for the decrypted traffic.
func interceptsOnly(rules *ciliumpolicy.PerSelectorPolicy) bool {
	return rules.L7Parser == ciliumpolicy.ParserTypeTLS && len(rules.ServerNames) == 0
}

// alternatives returns what the rules of one selector allow.
func alternatives(rules *ciliumpolicy.PerSelectorPolicy) []flow.Alternative {
	names := serverNames(rules.ServerNames)
	switch rules.L7Parser {
	case ciliumpolicy.ParserTypeDNS:
		return flow.DNSFor(namesOf(rules.DNS)...).Alternatives
	case ciliumpolicy.ParserTypeHTTP:
		return httpAlternatives(rules.HTTP, names)
	case ciliumpolicy.ParserTypeTLS:
		return flow.TLSTo(names...).Alternatives
	default:
		return []flow.Alternative{{Other: customListener}}
	}
}

func httpAlternatives(rules api.PortRulesHTTP, servers []string) []flow.Alternative {
	if len(rules) == 0 {
		return []flow.Alternative{{HTTP: &flow.HTTPRule{}, Servers: servers}}
	}
	var out []flow.Alternative
	for _, r := range rules {
		if len(r.HeaderMatches) > 0 {
			out = append(out, flow.Alternative{Other: "an HTTP rule with headerMatches"})
			continue
		}
		out = append(out, flow.Alternative{HTTP: &flow.HTTPRule{Method: r.Method, Path: r.Path, Host: r.Host, Headers: r.Headers}, Servers: servers})
	}
	return out
}

var (
	repeatedStars = regexp.MustCompile(`\*{2,}`)
	subdomain     = regexp.MustCompile(`^\*{2,}\.`)
)

// serverNames returns the patterns as Cilium configures them in its proxy.
func serverNames(all ciliumpolicy.StringSet) []string {
	var out []string
	for pattern := range all {
		pattern = strings.ToLower(strings.TrimSuffix(pattern, "."))
		prefix := subdomain.FindString(pattern)
		pattern = repeatedStars.ReplaceAllString(strings.TrimPrefix(pattern, prefix), "*")
		if prefix != "" {
			pattern = "**." + pattern
		}
		out = append(out, pattern)
	}
	slices.Sort(out)
	return out
}

// namesOf returns the names and patterns of DNS rules. Without rules, every name is allowed.
func namesOf(rules api.PortRulesDNS) []string {
	if len(rules) == 0 {
		return []string{"*"}
	}
	var out []string
	for _, r := range rules {
		for _, name := range []string{r.MatchName, r.MatchPattern} {
			if name != "" {
				out = append(out, name)
			}
		}
	}
	return out
}
