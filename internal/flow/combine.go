package flow

import (
	"slices"
	"strings"
)

// inAll returns the policies that every list has.
func inAll(lists []Policies) Policies {
	if len(lists) == 0 {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(lists[0]), func(p PolicyID) bool {
		return slices.ContainsFunc(lists[1:], func(list Policies) bool { return !slices.Contains(list, p) })
	})
}

// combine returns the common decision of all instances, or Depends with a note about the differences.
func combine(all []instance) (Side, string) {
	if len(all) == 0 {
		// The enforcer forwards none of the protocols.
		return Side{Decision: Denied}, ""
	}
	var policies Policies
	out := Side{Decision: all[0].side.Decision, L7: all[0].side.L7}
	for n, i := range all {
		if n == 0 || !slices.Equal(i.side.Policies, all[n-1].side.Policies) {
			policies = append(policies, i.side.Policies...)
		}
		out.L7 = sharedL7(out.L7, i.side.L7)
		if i.side.Decision != all[0].side.Decision {
			out.Decision = Depends
		}
	}
	out.Policies = policies.Sorted()
	switch {
	case out.Decision == Depends:
		out.L7 = L7{}
	case out.Decision == Allowed && slices.ContainsFunc(all, func(i instance) bool { return len(i.side.Policies) == 0 }):
		// Policies allow a part, and the rest is allowed because no policy isolates the endpoint.
		out.Policies = nil
	}
	return out, difference(all)
}

// difference lists which instances are allowed and which are denied, if they differ.
func difference(all []instance) string {
	if !slices.ContainsFunc(all, func(i instance) bool { return i.side.Decision != all[0].side.Decision }) {
		return ""
	}
	text := distinguishingText(all)
	cases := map[Decision][]string{}
	for _, i := range all {
		if s := text(i); !slices.Contains(cases[i.side.Decision], s) {
			cases[i.side.Decision] = append(cases[i.side.Decision], s)
		}
	}
	var out []string
	for _, d := range []Decision{Allowed, Denied, Depends} {
		if len(cases[d]) > 0 {
			out = append(out, string(d)+" "+strings.Join(cases[d], " and "))
		}
	}
	return strings.Join(out, ", ")
}

// distinguishingText returns the shortest text that distinguishes instances with different decisions.
func distinguishingText(all []instance) func(instance) string {
	onPorts := func(i instance) string { return "on " + i.ports.String() }
	byPeer := func(i instance) string { return i.peer.When }
	for _, text := range []func(instance) string{byPeer, onPorts} {
		decided := map[string]Decision{}
		distinct := true
		for _, i := range all {
			have, ok := decided[text(i)]
			distinct = distinct && (!ok || have == i.side.Decision)
			decided[text(i)] = i.side.Decision
		}
		if distinct {
			return text
		}
	}
	return func(i instance) string { return strings.TrimSpace(onPorts(i) + " " + byPeer(i)) }
}

func joinNotes(notes []string) string {
	var text []string
	for _, n := range notes {
		if n != "" && !slices.Contains(text, n) {
			text = append(text, n)
		}
	}
	return strings.Join(text, "; ")
}

// sharedL7 returns the L7 rules that two cases of a flow share: only what both of them allow.
func sharedL7(a, b L7) L7 {
	if a.Equal(b) || b.Unrestricted() {
		return a
	}
	out, ok := CommonL7(a, b)
	if !ok {
		out.Alternatives = []Alternative{{Other: "a different rule in each of its cases"}}
	}
	return out
}

// CommonL7 returns the L7 rules that both allow, and reports whether any exist. Rules that are not
// inspected are none.
func CommonL7(a, b L7) (L7, bool) {
	switch {
	case a.Unrestricted():
		return b, true
	case b.Unrestricted():
		return a, true
	}
	out := L7{Alternatives: slices.DeleteFunc(slices.Clone(a.Alternatives), func(one Alternative) bool {
		return one.Other != "" || !slices.ContainsFunc(b.Alternatives, one.Equal)
	})}
	return out, !out.Unrestricted()
}
