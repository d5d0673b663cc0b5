// Package plan turns a resolved fence into policies: one file a family. It is
// pure: no I/O, no clock, no map order.
package plan

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/internal/policy"
)

// half is one end's part of a flow: a rule, and the policy that it goes to.
type half struct {
	namespace string
	// name of the policy; detail tells halves of one name apart whose subjects
	// differ.
	name, detail string
	family       policy.Family
	subject      policy.Selector
	// declared is the subject that the flow was declared for: the policy about it
	// bears the plain name.
	declared policy.Selector
	rule     policy.Rule
	reasons  []policy.Reason
}

// Plan returns the policies of a fence, sorted by namespace and name.
func Plan(f *policy.Fence) []policy.Policy {
	var halves []half
	for i := range f.Tenants {
		t := &f.Tenants[i]
		halves = slices.Concat(halves, dns(f, t), intraNamespace(f, t), apiServer(f, t), monitoring(f, t))
	}
	for _, g := range f.Grants {
		switch g.Family {
		case policy.AgentIngress:
			halves = append(halves, agentIngress(f, g)...)
		case policy.FQDNEgress:
			halves = append(halves, fqdnEgress(f, g)...)
		default:
			halves = append(halves, eastWest(f, g)...)
		}
	}
	out := append(assemble(f, halves), defaultDeny(f)...)
	slices.SortFunc(out, func(a, b policy.Policy) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	return out
}

// assemble makes policies of halves: one for each name and subject.
func assemble(f *policy.Fence, halves []half) []policy.Policy {
	var out []policy.Policy
	at := map[string]int{}
	for _, h := range halves {
		owner := f.Owner(h.namespace)
		if owner == nil || !f.Generated(owner) {
			continue
		}
		name := h.name
		if policy.Key(h.subject) != policy.Key(h.declared) {
			name += "." + h.detail + "-" + sum(h.subject)
		}
		key := h.namespace + "/" + name + " " + policy.Key(h.subject)
		i, ok := at[key]
		if !ok {
			i = len(out)
			at[key] = i
			out = append(out, policy.Policy{
				Namespace: h.namespace, Name: name, Tenant: owner.Name, TenantID: owner.ID,
				Family: h.family, Enforcement: owner.Enforcement, Subject: h.subject,
			})
		}
		out[i].Rules = addRule(out[i].Rules, h.rule)
		out[i].Reasons = addReasons(out[i].Reasons, h.reasons)
	}
	return out
}

// sum tells subjects apart that one pair of flows came to.
func sum(s policy.Selector) string {
	h := sha256.Sum256([]byte(policy.Key(s)))
	return hex.EncodeToString(h[:3])
}

// addRule joins rules that differ in their peers alone.
func addRule(rules []policy.Rule, r policy.Rule) []policy.Rule {
	for i := range rules {
		have := &rules[i]
		if have.Direction != r.Direction || !slices.Equal(have.Ports, r.Ports) || !slices.Equal(have.Names, r.Names) {
			continue
		}
		for _, p := range r.Peers {
			if !slices.ContainsFunc(have.Peers, func(q policy.Peer) bool { return policy.Key(q) == policy.Key(p) }) {
				have.Peers = append(have.Peers, p)
			}
		}
		return rules
	}
	return append(rules, r)
}

func addReasons(reasons, more []policy.Reason) []policy.Reason {
	for _, r := range more {
		if !slices.Contains(reasons, r) {
			reasons = append(reasons, r)
		}
	}
	slices.SortFunc(reasons, func(a, b policy.Reason) int { return strings.Compare(a.String(), b.String()) })
	return reasons
}
