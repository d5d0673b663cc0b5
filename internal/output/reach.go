package output

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/internal/document"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/report"
)

// ReachJSON writes the answer of reach for programs.
func ReachJSON(w io.Writer, r report.Reachable) error {
	out := document.Reach{Subject: r.Subject, AsEnforced: r.AsEnforced, Subjects: []document.ReachSubject{}, Findings: findingsJSON(r.Findings), FindingCounts: findingCountsJSON(r.Findings)}
	for _, s := range r.Subjects {
		one := document.ReachSubject{Name: report.EndpointName(&s.Endpoint), Owner: s.Owner, AllowOnly: s.AllowOnly}
		if s.IsSelected() {
			one.Egress, one.Ingress = selectedJSON(s, flow.Egress), selectedJSON(s, flow.Ingress)
		}
		out.Subjects = append(out.Subjects, one)
	}
	for _, d := range r.Directions {
		if d == flow.Egress {
			out.From, out.LaterFrom = connectionsJSON(r.Connections[d]), nonNil(r.LaterPods[d])
		} else {
			out.To, out.LaterTo = connectionsJSON(r.Connections[d]), nonNil(r.LaterPods[d])
		}
		for _, p := range r.Paths[d] {
			out.Paths = append(out.Paths, document.Path{From: report.EndpointName(p[0].From), To: report.EndpointName(p[len(p)-1].To), Hops: connectionsJSON(p)})
		}
	}
	if r.Hops > 1 && out.Paths == nil {
		out.Paths = []document.Path{}
	}
	return encode(w, out)
}

func selectedJSON(s report.ReachSubject, d flow.Direction) *document.Selected {
	return &document.Selected{Isolated: s.Isolated[d], Policies: nonNil(s.Policies[d].Names())}
}

// Reach writes the answer of reach for people.
func Reach(w io.Writer, r report.Reachable, detail Detail) error {
	var b bytes.Buffer
	for _, s := range r.Subjects {
		b.WriteString(subjectText(s, r.AsEnforced))
	}
	for _, d := range r.Directions {
		if err := reachedText(&b, r, d, detail, widthOf(w)); err != nil {
			return err
		}
	}
	for _, d := range r.Directions {
		b.WriteString(pathsText(r, d))
	}
	if !r.AsEnforced && slices.ContainsFunc(r.Subjects, func(s report.ReachSubject) bool { return s.AllowOnly }) {
		b.WriteString("\nNothing is denied in AllowOnly: --as-enforced lists what Enforce will allow.\n")
	}
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("write the answer: %w", err)
	}
	return nil
}

// reachedText lists the connections of one direction.
func reachedText(b *bytes.Buffer, r report.Reachable, d flow.Direction, detail Detail, width int) error {
	title, names, others := "can reach", toName, fromName
	if d == flow.Ingress {
		title, names, others = "can be reached from", fromName, toName
	}
	of := "It"
	if len(r.Subjects) > 1 {
		of = report.Count(len(r.Subjects), "endpoint")
	}
	groups := groupConnections(r.Connections[d], names, others)
	if len(groups) == 0 {
		fmt.Fprintf(b, "\n%s %s nothing in the build.\n", of, title)
	} else {
		fmt.Fprintf(b, "\n%s %s:\n", of, title)
		rows := grid{{"FROM", "TO", "PORTS", "DECLARED BY", "POLICIES"}}
		for _, g := range groups {
			rows = append(rows, groupRow(g, d, detail))
		}
		if err := rows.write(b, width); err != nil {
			return err
		}
	}
	if later := r.LaterPods[d]; len(later) > 0 {
		text := report.Brief(later)
		if detail == Verbose {
			text = strings.Join(later, "; ")
		}
		fmt.Fprintf(b, "Pods that are not in the build: %s\n", text)
	}
	return nil
}

func fromName(c report.Connection) string { return report.EndpointName(c.From) }
func toName(c report.Connection) string   { return report.EndpointName(c.To) }

func groupRow(g connectionGroup, d flow.Direction, detail Detail) []string {
	from, to := report.EndpointName(g.first.From), names(g.names, detail)
	if d == flow.Ingress {
		from, to = names(g.names, detail), report.EndpointName(g.first.To)
	}
	return []string{from, to, strings.Join(g.ports, ", "), reasonsText(g.first.DeclaredBy, detail), policiesText(g.first)}
}

// subjectText names an endpoint and the policies that select it.
func subjectText(s report.ReachSubject, asEnforced bool) string {
	out := report.EndpointName(&s.Endpoint)
	switch {
	case s.AllowOnly && !asEnforced:
		out += " (" + s.Owner + ", in AllowOnly)"
	case s.Owner != "":
		out += " (" + s.Owner + ")"
	}
	out += "\n"
	if !s.IsSelected() {
		return out
	}
	for _, d := range flow.Directions() {
		out += fmt.Sprintf("  %s: %s\n", d, s.State(d))
	}
	return out
}

// pathsText lists what several hops reach, each with its path.
func pathsText(r report.Reachable, d flow.Direction) string {
	if r.Hops < 2 {
		return ""
	}
	title := "reached with at most %d hops"
	if d == flow.Ingress {
		title = "reaching it with at most %d hops"
	}
	var further []string
	byHops := map[int]int{}
	for _, p := range r.Paths[d] {
		if byHops[len(p)]++; len(p) > 1 {
			further = append(further, pathText(p))
		}
	}
	slices.Sort(further)
	out := fmt.Sprintf("\n%s "+title+": %d", report.Count(len(r.Paths[d]), "endpoint"), r.Hops, byHops[1]) + " with one"
	for n := 2; n <= r.Hops; n++ {
		out += fmt.Sprintf(", %d with %d", byHops[n], n)
	}
	out += "\n"
	for _, text := range further {
		out += "  " + text + "\n"
	}
	return out
}

// pathText is "a -> b 443/TCP -> c 5432/TCP".
func pathText(p report.Path) string {
	out := report.EndpointName(p[0].From)
	for _, c := range p {
		out += " -> " + report.EndpointName(c.To) + " " + portsText(c)
	}
	return out
}
