package reach

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/report"
)

// allowances are the connections of one pair in one build.
type allowances []report.Connection

// atPorts returns the connections that have all ports of a range.
func (all allowances) atPorts(r flow.PortRange) allowances {
	var out allowances
	for _, c := range all {
		if c.Ports.Includes(r) {
			out = append(out, c)
		}
	}
	return out
}

// covers reports whether everything that other connections on the same ports allow is allowed. It may be
// false where the truth is true, never the reverse.
func (all allowances) covers(others allowances) bool {
	return !slices.ContainsFunc(others, func(o report.Connection) bool {
		return !slices.ContainsFunc(all, func(c report.Connection) bool { return coversConnection(c, o) })
	})
}

// coversConnection reports whether each restriction of a connection includes all that one of another allows.
func coversConnection(c, other report.Connection) bool {
	if c.Decision() == flow.Depends && (other.Decision() != flow.Depends || c.Note != other.Note) {
		return false
	}
	return !slices.ContainsFunc(restrictions(c), func(l flow.L7) bool {
		return !slices.ContainsFunc(restrictions(other), func(o flow.L7) bool { return coversL7(l, o) })
	})
}

func coversL7(l, other flow.L7) bool {
	return l.Equal(other) || !slices.ContainsFunc(other.Split(), func(part flow.L7) bool { return !l.Covers(part) })
}

// restrictions returns the L7 rules of the sides that have some.
func restrictions(c report.Connection) []flow.L7 {
	var out []flow.L7
	for _, l := range []flow.L7{c.Egress.L7, c.Ingress.L7} {
		if !l.Unrestricted() {
			out = append(out, sortedL7(l))
		}
	}
	return out
}

func sortedL7(l flow.L7) flow.L7 {
	return flow.L7{Alternatives: slices.SortedFunc(slices.Values(l.Alternatives), flow.Alternative.Compare)}
}

// key is equal for connections that allow the same, whichever policies do.
func (all allowances) key() string {
	var out []string
	for _, c := range all {
		var rules []string
		for _, l := range restrictions(c) {
			rules = append(rules, fmt.Sprintf("%q", l.String()))
		}
		slices.Sort(rules)
		out = append(out, fmt.Sprint(slices.Compact(rules), c.Decision() == flow.Depends, c.Note))
	}
	slices.Sort(out)
	return strings.Join(slices.Compact(out), "\n")
}

// allowance describes connections on the same ports together. Nil: none exist.
func (all allowances) allowance() *report.Allowance {
	if len(all) == 0 {
		return nil
	}
	out := &report.Allowance{Depends: true}
	for _, c := range all {
		out.Egress, out.Ingress = append(out.Egress, c.Egress.Policies...), append(out.Ingress, c.Ingress.Policies...)
		out.L7, out.DeclaredBy = append(out.L7, c.L7()...), append(out.DeclaredBy, c.DeclaredBy...)
		out.Depends = out.Depends && c.Decision() == flow.Depends
		out.Note = c.Note
	}
	if slices.ContainsFunc(all, func(c report.Connection) bool { return len(c.L7()) == 0 }) {
		out.L7 = nil
	}
	out.Egress, out.Ingress = out.Egress.Sorted(), out.Ingress.Sorted()
	out.L7, out.DeclaredBy = endpoints.SortedUnique(out.L7), endpoints.SortedUnique(out.DeclaredBy)
	return out
}

// expand replaces ranges of every protocol by one for each that the enforcer forwards.
func expand[T any](all []T, protocols []flow.PortRange, ports func(*T) *flow.PortRange) []T {
	var out []T
	for _, one := range all {
		if ports(&one).Protocol != "" {
			out = append(out, one)
			continue
		}
		for _, r := range protocols {
			more := one
			*ports(&more) = r
			out = append(out, more)
		}
	}
	return out
}

// protocolsOf returns the full range of each protocol that the enforcer forwards.
func protocolsOf(v *flow.View) []flow.PortRange {
	var out []flow.PortRange
	for _, p := range v.Table().Protocols() {
		out = append(out, flow.AllPorts(p))
	}
	return out
}

// joinedPorts joins ranges, and those of every protocol to one range.
func joinedPorts(all, protocols []flow.PortRange) []flow.PortRange {
	out := flow.MergeRanges(all)
	if len(out) == len(protocols) && !slices.ContainsFunc(out, func(r flow.PortRange) bool { return !r.IsAllPorts() }) {
		return []flow.PortRange{flow.AllPorts("")}
	}
	return out
}
