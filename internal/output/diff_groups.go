package output

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/report"
)

// differenceGroup has differences that are alike: the same flows of several Tenants, or the same policies of
// several namespaces.
type differenceGroup struct {
	report.Difference
	sources, destinations, reasons, l7 []string
	byPolicy                           []string
	count                              int
}

// groupDifferences joins the differences of one kind that are alike. Verbose, all pairs of the sources and
// destinations of a group differ.
func groupDifferences(list []report.Difference, kind report.DifferenceKind, detail Detail) []*differenceGroup {
	var out []*differenceGroup
	byKey := map[string]*differenceGroup{}
	if detail == Verbose {
		list = splitPairs(list)
	}
	for i, d := range list {
		if d.Kind != kind {
			continue
		}
		key := alikeKey(d)
		if detail == Verbose {
			key = fmt.Sprint(i)
		}
		if byKey[key] == nil {
			byKey[key] = &differenceGroup{Difference: d}
			out = append(out, byKey[key])
		}
		byKey[key].add(d)
	}
	for _, g := range out {
		g.sources, g.destinations = unique(g.sources), unique(g.destinations)
		g.reasons, g.byPolicy, g.l7 = unique(g.reasons), unique(g.byPolicy), unique(g.l7)
	}
	return out
}

// splitPairs returns a difference for each of the pairs.
func splitPairs(list []report.Difference) []report.Difference {
	var out []report.Difference
	for _, d := range list {
		for _, p := range d.Pairs {
			d.Pairs, d.Count = []report.ConnectionPairs{p}, len(p.From)*len(p.To)
			out = append(out, d)
		}
	}
	return out
}

func (g *differenceGroup) add(d report.Difference) {
	g.count += d.Count
	for _, p := range d.Pairs {
		g.sources, g.destinations = append(g.sources, p.From...), append(g.destinations, p.To...)
	}
	for _, a := range []*report.Allowance{d.Before, d.After} {
		if a != nil {
			g.reasons = append(g.reasons, a.DeclaredBy...)
			g.byPolicy = append(g.byPolicy, allowanceText(a))
		}
	}
	g.l7 = append(g.l7, l7Text(d))
}

// unique returns each text once, in the order of the first.
func unique(all []string) []string {
	seen := map[string]bool{}
	return slices.DeleteFunc(all, func(text string) bool {
		known := seen[text]
		seen[text] = true
		return known
	})
}

var tenantOfReason = regexp.MustCompile(`^Tenant/\S+`)

// alikeKey is equal for differences of the same flows of any Tenant or, of hand-written policies, of policies
// with the same names in any namespace.
func alikeKey(d report.Difference) string {
	first := d.Pairs[0]
	key := []any{d.Kind, d.Side, d.Wider, d.Source, d.Destination, d.Ports, isPodName(first.From[0]), isPodName(first.To[0])}
	for _, a := range []*report.Allowance{d.Before, d.After} {
		if a == nil {
			key = append(key, nil)
			continue
		}
		var behind []string
		for _, reason := range a.DeclaredBy {
			behind = append(behind, tenantOfReason.ReplaceAllString(reason, "Tenant"))
		}
		slices.Sort(behind)
		key = append(key, slices.Compact(behind), len(a.L7) > 0, a.Depends, len(a.Egress) > 0, len(a.Ingress) > 0)
		if len(behind) == 0 {
			key = append(key, withoutNamespaces(a.Egress), withoutNamespaces(a.Ingress), a.L7)
		}
	}
	return endpoints.JSONKey(key)
}

// isPodName reports whether a name is that of a pod: namespace/Kind/name.
func isPodName(name string) bool { return strings.Count(name, "/") == 2 }

func withoutNamespaces(all flow.Policies) []string {
	var out []string
	for _, p := range all {
		out = append(out, p.Name)
	}
	return out
}

// from and to name the sources and destinations.
func (g *differenceGroup) from(detail Detail) string {
	return withPodChange(names(g.sources, detail), g.Source)
}
func (g *differenceGroup) to(detail Detail) string {
	return withPodChange(names(g.destinations, detail), g.Destination)
}

func names(all []string, detail Detail) string {
	if detail == Verbose {
		return strings.Join(all, ", ")
	}
	return report.Brief(all)
}

func withPodChange(text string, change report.PodChange) string {
	if change == "" || change == report.LaterPod {
		return text
	}
	return text + " (" + string(change) + " pod)"
}

// connections is "3" or, if not every source and destination is such a pair, "3 of 4".
func (g *differenceGroup) connections() string {
	if all := len(g.sources) * len(g.destinations); g.count < all {
		return fmt.Sprintf("%d of %d", g.count, all)
	}
	return fmt.Sprint(g.count)
}

// portsText is "443/TCP", with the restrictions before and after.
func (g *differenceGroup) portsText() string {
	var out []string
	for _, p := range g.Ports {
		out = append(out, rangeText(p))
	}
	text := strings.Join(out, ", ")
	if g.l7[0] != "" {
		text += " (" + firstOf(g.l7) + ")"
	}
	if g.Kind == report.Changed {
		text += ", " + widthText(g.Difference)
	}
	return text
}

func widthText(d report.Difference) string {
	if d.Wider {
		return "allows more"
	}
	return "allows less"
}

// l7Text is "GET /a", or "GET /a, before: every request" of a changed connection.
func l7Text(d report.Difference) string {
	if d.Kind != report.Changed {
		return restrictionText(cmp.Or(d.After, d.Before))
	}
	return "now: " + cmp.Or(restrictionText(d.After), "everything") + "; before: " + cmp.Or(restrictionText(d.Before), "everything")
}

func restrictionText(a *report.Allowance) string {
	out := strings.Join(a.L7, " and ")
	if a.Depends {
		out = strings.Trim(out+"; "+cmp.Or(a.Note, "in some cases"), "; ")
	}
	return out
}

// firstOf is the first text, and the number of others.
func firstOf(all []string) string {
	if len(all) < 2 {
		return strings.Join(all, "")
	}
	return fmt.Sprintf("%s (%d more)", all[0], len(all)-1)
}

func (g *differenceGroup) declaredBy(detail Detail) string { return reasonsText(g.reasons, detail) }

func reasonsText(reasons []string, detail Detail) string {
	if detail == Verbose {
		return strings.Join(reasons, ", ")
	}
	return briefReasons(reasons)
}

// policies names the policies that allow the connections, or those of the first ones.
func (g *differenceGroup) policies(detail Detail) string {
	text := firstOf(g.byPolicy)
	if detail == Verbose {
		text = strings.Join(g.byPolicy, "; ")
	}
	switch g.Kind {
	case report.OneSided:
		return string(g.Side) + " widens: " + text
	case report.Closed:
		return "before: " + text
	default:
		return text
	}
}

// allowanceText is "egress web/allow, ingress db/allow".
func allowanceText(a *report.Allowance) string {
	return policiesText(report.Connection{Egress: flow.Side{Policies: a.Egress}, Ingress: flow.Side{Policies: a.Ingress}})
}
