package output

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/report"
)

const (
	// summaryWidth is the largest width of a summary.
	summaryWidth = 100
	// summaryIndent is the width of the first column.
	summaryIndent = 13
	// tenantLines is the number of lines for tenants, and maxTenantLines for each.
	tenantLines    = 20
	maxTenantLines = 6
)

func init() {
	declare(Form{
		Name: "summary", Rank: 1, Write: Summarize,
		Help: "is a page about the fence: its tenants, their flows, what is proved and what is assumed.",
	})
}

// Summarize writes a page about a fence: what was read, the flows of each tenant, what is proved and
// assumed, an example of a denied flow, and the outcome as the last line.
func Summarize(w io.Writer, r report.Report, detail Detail) error {
	if r.Subject == nil || detail == Quiet {
		return Report(w, r, detail)
	}
	colors := paletteOf(w)
	var lines []string
	lines = append(lines, readLines(r)...)
	lines = append(lines, entry("baseline", "every tenant: "+strings.Join(r.Subject.Baseline, ", "))...)
	lines = append(lines, tenantsLines(byImportance(r), detail)...)
	lines = append(lines, provedLines(r)...)
	lines = append(lines, assumedLines(r)...)
	lines = append(lines, deniedLines(r.Subject.Denied)...)
	lines = append(lines, nextLines()...)
	var b bytes.Buffer
	for _, line := range lines {
		b.WriteString(line + "\n")
	}
	for i := range r.FlowTests {
		if t := &r.FlowTests[i]; !t.Passed() {
			flowTestText(&b, t, detail, colors)
		}
	}
	b.WriteString(findingsText(r.Findings.Errors(), detail, colors))
	b.WriteString(colors.outcome(r.Outcome(), summary(r)) + "\n")
	if _, err := b.WriteTo(w); err != nil {
		return fmt.Errorf("write summary: %w", err)
	}
	return nil
}

// entry is a title with a text next to it, which continues on more lines.
func entry(title, text string) []string {
	var out []string
	for i, line := range Wrap(text, summaryWidth-summaryIndent) {
		if i > 0 {
			title = ""
		}
		out = append(out, fmt.Sprintf("%-*s%s", summaryIndent, title, line))
	}
	return out
}

func readLines(r report.Report) []string {
	s := r.Subject
	cases := 0
	for _, t := range r.FlowTests {
		cases += len(t.Cases)
	}
	return entry("read", fmt.Sprintf("TenantFence/%s with %s/%s, for %s: %s with %s, %s, %s; %s",
		s.Fence, s.Profile.Kind, s.Profile.Name, s.Enforcer, report.Count(s.Resources, "resource"), report.Count(s.Workloads, "workload"),
		report.Count(len(s.Tenants), "Tenant"), report.Count(cases, "FlowTest case"), countOf(s.Policies, s.Policies, "policy", "policies")+" generated"))
}

func tenantFlows(t report.TenantFlows, detail Detail) []string {
	title := fmt.Sprintf("tenant %s (%s, %s)", t.Tenant, strings.Join(t.Namespaces, ", "), t.Enforcement)
	if len(t.Reaches)+len(t.ReachedBy) == 0 {
		title += ": the baseline only"
	}
	out := []string{title}
	if len(t.Exceptions) > 0 {
		out = append(out, entry("  except", strings.Join(t.Exceptions, "; "))...)
	}
	for _, d := range []struct {
		title, arrow string
		flows        []report.NamedFlow
	}{{"  reaches", "→", t.Reaches}, {"  reached by", "←", t.ReachedBy}} {
		if len(d.flows) > 0 {
			out = append(out, entry(d.title, shortFlows(flowsText(d.flows, d.arrow), d.flows, d.arrow, detail))...)
		}
	}
	return out
}

// flowsText is "llm → api.openai.com; cortex, thehive → acme, beta". Flows with the same peers are listed
// together.
func flowsText(flows []report.NamedFlow, arrow string) string {
	var order []string
	names := map[string][]string{}
	for _, f := range flows {
		peers := arrow + " " + strings.Join(f.Peers, ", ")
		if f.Via != "" {
			peers = "via " + f.Via + " " + peers
		}
		if names[peers] == nil {
			order = append(order, peers)
		}
		names[peers] = append(names[peers], f.Name)
	}
	var out []string
	for _, peers := range order {
		out = append(out, strings.Join(names[peers], ", ")+" "+peers)
	}
	return strings.Join(out, "; ")
}

func provedLines(r report.Report) []string {
	i := r.Isolation
	if i != nil && r.Proved() {
		return entry("proved", fmt.Sprintf("%s: no policy allows what nothing declares, at %s (representative ones included); %s; %s",
			i, report.Count(i.Pods, "pod"), i.Declared, caseSummary(r.FlowTests)))
	}
	why := r.UnverifiedReasons()
	switch {
	case i != nil:
		why = append(why, i.String())
	case len(why) == 0:
		why = append(why, "isolation, since it was not decided")
	}
	if !r.Passed() {
		why = append(why, "the errors below have the reasons")
	}
	return entry("not proved", strings.Join(why, "; "))
}

// assumedLines counts the assumptions of the proof, and the warnings.
func assumedLines(r report.Report) []string {
	var parts []string
	defaults := slices.DeleteFunc(slices.Clone(r.Assumptions), func(a cilium.Assumption) bool { return a.Source != "" })
	if n := len(defaults); n > 0 {
		parts = append(parts, report.Count(n, "setting")+" of Cilium's agents, as the Helm chart sets them")
	}
	if slices.ContainsFunc(r.Findings, func(f report.Finding) bool { return f.Check == report.ReservedLabelsAssumed }) {
		parts = append(parts, "no later pod has a label that Cilium reserves")
	}
	if slices.ContainsFunc(r.Findings, func(f report.Finding) bool { return f.Check == report.AppliedElsewhereAssumed }) {
		parts = append(parts, "no policy is among the manifests that are applied from elsewhere")
	}
	var out []string
	if len(parts) > 0 {
		out = entry("assumed", strings.Join(parts, "; ")+" (tenantfence verify DIR -v lists all)")
	}
	if n := r.Findings.Counts()[report.Warning]; n > 0 {
		out = append(out, entry("warnings", fmt.Sprintf("%d (tenantfence verify DIR lists them)", n))...)
	}
	return out
}

func deniedLines(d *report.DeniedFlow) []string {
	if d == nil {
		return nil
	}
	why := "no policy allows it"
	switch {
	case len(d.Policies) > 0:
		why = "denied by " + strings.Join(d.Policies, ", ")
	case len(d.DefaultDeny) > 0:
		why += ", so " + strings.Join(d.DefaultDeny, ", ") + " denies it"
	case d.AllowOnly:
		why += ", so it is denied once the tenant is in Enforce"
	}
	return entry("denied", fmt.Sprintf("%q of FlowTest %s: %s: %s: %s", d.Case, d.Test, d.Flow, d.Side, why))
}

func nextLines() []string {
	var out []string
	title := "next"
	for _, command := range [][2]string{
		{"verify DIR -v", "every flow, and the policies that decide it"},
		{"verify DIR -o json", "what policies allow at each pod"},
		{"build DIR -o table", "every generated policy, flow by flow"},
	} {
		out = append(out, fmt.Sprintf("%-*stenantfence %-19s %s", summaryIndent, title, command[0], command[1]))
		title = ""
	}
	return out
}

// namedTenants is the number of tenants that a summary names at least, if they have errors or are in
// Enforce.
const namedTenants = 10

// byImportance sorts tenants: those with errors, those in Enforce, and then the others.
func byImportance(r report.Report) []report.TenantFlows {
	rank := func(t report.TenantFlows) int {
		switch {
		case slices.ContainsFunc(r.Findings.Errors(), func(f report.Finding) bool {
			return f.Resource.Kind == v1alpha1.KindTenant && f.Resource.Name == t.Tenant
		}):
			return 0
		case t.Enforcement == v1alpha1.Enforce:
			return 1
		}
		return 2
	}
	return slices.SortedStableFunc(slices.Values(r.Subject.Tenants), func(a, b report.TenantFlows) int { return cmp.Compare(rank(a), rank(b)) })
}

// tenantsLines lists the flows of tenants, as far as they fit. The first tenants in Enforce have at
// least a line.
func tenantsLines(tenants []report.TenantFlows, detail Detail) []string {
	var out []string
	for i, t := range tenants {
		lines := tenantFlows(t, detail)
		if detail != Verbose && len(lines) > maxTenantLines {
			lines = append(lines[:maxTenantLines-1], strings.Repeat(" ", summaryIndent)+"… (-v lists all)")
		}
		if detail != Verbose && len(out)+len(lines) > tenantLines {
			if i >= namedTenants || t.Enforcement != v1alpha1.Enforce {
				return append(out, entry("", fmt.Sprintf("… and %s (-v lists all)", report.Count(len(tenants)-i, "more tenant")))...)
			}
			lines = lines[:1]
		}
		out = append(out, lines...)
	}
	return out
}

// shortFlows are the peers of flows alone, if the text with the names of flows is too long.
func shortFlows(text string, flows []report.NamedFlow, arrow string, detail Detail) string {
	const most = 2
	if detail == Verbose || len(Wrap(text, summaryWidth-summaryIndent)) <= most {
		return text
	}
	var peers []string
	for _, f := range flows {
		for _, p := range f.Peers {
			if f.Via != "" {
				p += " via " + f.Via
			}
			if !slices.Contains(peers, p) {
				peers = append(peers, p)
			}
		}
	}
	if short := arrow + " " + strings.Join(peers, ", "); len(short) < len(text) {
		return short
	}
	return text
}
