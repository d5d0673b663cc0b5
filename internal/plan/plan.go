// Package plan converts a resolved fence into policies, with one file for each family. It is pure:
// no I/O, no clock, no map order.
package plan

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
)

// sideRule is one side of a flow: a rule, and the policy that contains it.
type sideRule struct {
	namespace string
	// owner is the name of the tenant that owns the pods, if the namespace is shared.
	owner string
	// name is the name of the policy, unless its subject needs a unique one.
	name    string
	family  policy.Family
	subject endpoints.Selector
	// declared is the subject for which the flow is declared. The policy for that subject has the
	// plain name.
	declared endpoints.Selector
	rule     policy.Rule
	reasons  []report.Reason
}

func (h sideRule) at() policy.Peer {
	return policy.Peer{Kind: policy.Pods, Namespace: h.namespace, Owner: h.owner}
}

// Plan returns the policies of a fence, sorted by namespace and name.
func Plan(f *policy.Fence) []policy.Policy {
	var sideRules []sideRule
	for _, t := range f.Tenants() {
		sideRules = append(sideRules, slices.Concat(dns(f, t), intraNamespace(f, t), apiServer(f, t), monitoring(f, t))...)
	}
	for _, g := range f.Grants {
		if g.Family == policy.FQDNEgress {
			sideRules = append(sideRules, fqdnEgress(f, g)...)
		} else {
			sideRules = append(sideRules, sides(f, g)...)
		}
	}
	out := slices.Concat(assemble(f, sideRules), defaultDeny(f), clusterwide(f), hosts(f))
	slices.SortFunc(out, func(a, b policy.Policy) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	return out
}

type assembly struct {
	fence    *policy.Fence
	policies []policy.Policy
	// at is the index of a policy by namespace, name and subject. rules is the index of a rule by
	// everything but its peers. seen has the peers and reasons that a policy already has.
	at, rules map[string]int
	seen      map[string]bool
	// shared has the names that policies with different subjects would share.
	shared map[string]bool
}

func newAssembly(f *policy.Fence) *assembly {
	return &assembly{fence: f, at: map[string]int{}, rules: map[string]int{}, seen: map[string]bool{}}
}

// assemble combines sides of flows into policies, one for each name and subject.
func assemble(f *policy.Fence, sideRules []sideRule) []policy.Policy {
	a := newAssembly(f)
	a.shared = sharedNames(sideRules)
	for _, h := range sideRules {
		if owner := f.OwnerOf(h.at()); owner != nil && f.GeneratesPolicies(owner.Enforcement) {
			a.add(h, owner)
		}
	}
	for i := range a.policies {
		slices.SortFunc(a.policies[i].Reasons, func(x, y report.Reason) int { return strings.Compare(x.String(), y.String()) })
	}
	return a.policies
}

func (a *assembly) add(h sideRule, owner *policy.Owner) {
	name, subject := h.name, endpoints.JSONKey(h.subject)
	if subject != endpoints.JSONKey(h.declared) || a.shared[h.namespace+"/"+name] && !endpoints.SelectsAll(h.subject) {
		// The prefix is unambiguous, because no other name begins with it.
		name = "some-" + name + "." + shortHash(subject)
	}
	key := h.namespace + "/" + name + " " + subject
	i, ok := a.at[key]
	if !ok {
		i = len(a.policies)
		a.at[key] = i
		a.policies = append(a.policies, policy.Policy{
			Namespace: h.namespace, Name: name, Owner: owner,
			Family: h.family, Subject: h.subject,
		})
	}
	a.put(&a.policies[i], key, h.rule, h.reasons)
}

func (a *assembly) put(p *policy.Policy, key string, r policy.Rule, reasons []report.Reason) {
	a.addRule(p, key, r)
	for _, r := range reasons {
		if a.first(key, "reason", r) {
			p.Reasons = append(p.Reasons, r)
		}
	}
}

// addRule merges rules that differ only in their peers, or only in the DNS names at the same peers.
func (a *assembly) addRule(p *policy.Policy, key string, r policy.Rule) {
	withoutDNS, names := r.L7.WithoutDNS(), r.L7.DNS()
	ruleKey := key + endpoints.JSONKey([]any{r.Direction, r.Ports, withoutDNS})
	if len(names) > 0 {
		ruleKey += endpoints.JSONKey(r.Peers)
	}
	i, ok := a.rules[ruleKey]
	if !ok {
		i = len(p.Rules)
		a.rules[ruleKey] = i
		p.Rules = append(p.Rules, policy.Rule{Direction: r.Direction, Ports: r.Ports, L7: withoutDNS})
	}
	for _, name := range names {
		if a.first(ruleKey, "name", strings.ToLower(name)) {
			l7 := &p.Rules[i].L7
			l7.Alternatives = append(l7.Alternatives, flow.Alternative{DNS: name})
		}
	}
	for _, peer := range r.Peers {
		if a.first(ruleKey, "peer", peer) {
			p.Rules[i].Peers = append(p.Rules[i].Peers, peer)
		}
	}
}

// first reports whether a policy or rule gets a value for the first time.
func (a *assembly) first(key, kind string, what any) bool {
	key += " " + kind + endpoints.JSONKey(what)
	if a.seen[key] {
		return false
	}
	a.seen[key] = true
	return true
}

// sharedNames returns the names that policies with different subjects would share: those on the
// peer's side of a flow to several kinds of pods.
func sharedNames(sideRules []sideRule) map[string]bool {
	first, shared := map[string]string{}, map[string]bool{}
	for _, h := range sideRules {
		subject := endpoints.JSONKey(h.subject)
		if subject != endpoints.JSONKey(h.declared) {
			continue
		}
		name := h.namespace + "/" + h.name
		if have, ok := first[name]; ok && have != subject {
			shared[name] = true
		}
		first[name] = subject
	}
	return shared
}

// shortHash distinguishes several subjects of one flow, or of one pair of flows.
func shortHash(subject string) string {
	h := sha256.Sum256([]byte(subject))
	return hex.EncodeToString(h[:4])
}
