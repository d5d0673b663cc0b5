package output

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/tenantfence/tenantfence/internal/document"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/report"
)

// DiffJSON writes the differences of two builds for programs.
func DiffJSON(w io.Writer, d report.Diff) error {
	out := document.Diff{Old: diffSideJSON(d.Old), New: diffSideJSON(d.New), Differences: []document.Difference{}, Counts: document.DiffCounts{
		Opened: d.Count(report.Opened), Closed: d.Count(report.Closed), Changed: d.Count(report.Changed), OneSided: d.Count(report.OneSided),
	}}
	for _, one := range d.Differences {
		out.Differences = append(out.Differences, differenceJSON(one))
	}
	return encode(w, out)
}

func diffSideJSON(s report.DiffSide) document.DiffSide {
	return document.DiffSide{Name: s.Name, AsEnforced: s.AsEnforced, AllowOnlyOwners: nonNil(s.AllowOnly), Findings: findingsJSON(s.Findings), FindingCounts: findingCountsJSON(s.Findings)}
}

func differenceJSON(d report.Difference) document.Difference {
	out := document.Difference{
		Kind: string(d.Kind), Before: allowanceJSON(d.Before), After: allowanceJSON(d.After), Side: string(d.Side), Wider: d.Wider,
		SourcePod: string(d.Source), DestinationPod: string(d.Destination), Count: d.Count,
	}
	for _, p := range d.Ports {
		out.Ports = append(out.Ports, portsJSON(p))
	}
	for _, p := range d.Pairs {
		out.Pairs = append(out.Pairs, document.DiffPairs{From: p.From, To: p.To})
	}
	return out
}

func allowanceJSON(a *report.Allowance) *document.Allowance {
	if a == nil {
		return nil
	}
	out := &document.Allowance{
		Egress: nonNil(a.Egress.Names()), Ingress: nonNil(a.Ingress.Names()), L7: nonNil(a.L7), Decision: string(flow.Allowed), Note: a.Note, DeclaredBy: nonNil(a.DeclaredBy),
	}
	if a.Depends {
		out.Decision = string(flow.Depends)
	}
	return out
}

// Diff writes the differences of two builds for people.
func Diff(w io.Writer, d report.Diff, detail Detail) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s compared with %s: %s\n", sideName(d.New), sideName(d.Old), countsText(d))
	b.WriteString(allowOnlyNote(d, func(names string) string { return names }))
	for _, kind := range report.DifferenceKinds() {
		groups := groupDifferences(d.Differences, kind, detail)
		if len(groups) == 0 {
			continue
		}
		fmt.Fprintf(&b, "\n%s (%s):\n", kind, kindMeaning[kind])
		rows := grid{{"FROM", "TO", "PORTS", "CONNECTIONS", "DECLARED BY", "POLICIES"}}
		for _, g := range groups {
			rows = append(rows, []string{g.from(detail), g.to(detail), g.portsText(), g.connections(), g.declaredBy(detail), g.policies(detail)})
		}
		if err := rows.write(&b, widthOf(w)); err != nil {
			return err
		}
	}
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("write the differences: %w", err)
	}
	return nil
}

// kindMeaning describes each kind.
var kindMeaning = map[report.DifferenceKind]string{
	report.Opened:   "both sides allow it now",
	report.Closed:   "both sides allowed it, and one denies it now",
	report.Changed:  "allowed before and now, with other restrictions",
	report.OneSided: "one side allows it now, and the other side denies it",
}

func sideName(s report.DiffSide) string {
	if s.AsEnforced {
		return s.Name + " as enforced"
	}
	return s.Name
}

// allowOnlyNote is a line about the tenants where no connection can differ, since nothing is denied. It is empty
// without such tenants, or if the comparison is with what Enforce will allow.
func allowOnlyNote(d report.Diff, quote func(string) string) string {
	if d.New.AsEnforced || len(d.New.AllowOnly) == 0 {
		return ""
	}
	return fmt.Sprintf("Nothing is denied in AllowOnly (%s): --as-enforced compares what Enforce will allow.\n", quote(report.Brief(d.New.AllowOnly)))
}

// countsText is "2 opened, 1 closed, 0 changed, 0 one-sided".
func countsText(d report.Diff) string {
	var out []string
	for _, kind := range report.DifferenceKinds() {
		out = append(out, fmt.Sprintf("%d %s", d.Count(kind), kind))
	}
	if len(d.Differences) == 0 {
		return "no connection differs"
	}
	return strings.Join(out, ", ")
}
