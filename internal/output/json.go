package output

import (
	"encoding/json"
	"fmt"
	"io"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/document"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/report"
)

func init() {
	declare(Form{
		Name: "json", Rank: 2, ListsAccess: true,
		Help:  "has all results: FlowTests with the deciding policies, what policies allow at each pod (openings), and findings (docs/schemas/verify.json).",
		Write: func(w io.Writer, r report.Report, _ Detail) error { return JSON(w, r) },
	})
}

// JSON writes a report for programs.
func JSON(w io.Writer, r report.Report) error {
	out := document.Verify{Outcome: string(r.Outcome()), Passed: r.Outcome().Passed(), Slice: sliceJSON(r.Slice), Reasons: nonNil(r.UnverifiedReasons()), FlowTests: []document.FlowTest{}, Assumptions: []document.Assumption{}}
	for i := range r.FlowTests {
		out.FlowTests = append(out.FlowTests, flowTestJSON(&r.FlowTests[i]))
	}
	for _, a := range r.Assumptions {
		out.Assumptions = append(out.Assumptions, document.Assumption{Key: a.Key, Value: a.Value, From: a.Source})
	}
	if i := r.Isolation; i != nil {
		out.Isolation = &document.Isolation{
			Namespaces: i.Namespaces.Total(), ByNamespace: isolatedJSON(i.Namespaces), Nodes: i.Nodes.Total(), ByNode: isolatedJSON(i.Nodes),
			Pods: i.Pods, Openings: i.Openings, Declared: i.Declared.Total(), ByDeclared: declaredJSON(i.Declared), AllowOnlyOwners: nonNil(i.AllowOnlyOwners),
		}
		out.Openings = openingsJSON(i.Access)
	}
	if c := r.Comparison; c != nil {
		out.Policies = &document.Policies{Expected: c.Desired, AsGenerated: c.Matching, Missing: c.Missing, Changed: c.Changed, Moved: c.Moved, Unexpected: c.Unexpected}
	}
	out.Findings = findingsJSON(r.Findings)
	return encode(w, out)
}

// sliceJSON is nil for a whole fence.
func sliceJSON(s report.Slice) *document.Slice {
	if s.IsWhole() {
		return nil
	}
	return &document.Slice{Tenants: nonNil(s.Tenants), Shard: s.ShardName()}
}

// encode writes a document.
func encode(w io.Writer, document any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(document); err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	return nil
}

func openingsJSON(access []report.Access) []document.Opening {
	out := []document.Opening{}
	for _, a := range access {
		o := document.Opening{Owner: a.Owner, Namespace: a.Namespace, Direction: string(a.Direction), Subjects: a.Subjects, Peers: nonNil(a.Peers), Ports: []document.Ports{}, Policies: nonNil(a.Policies), DeclaredBy: nonNil(a.DeclaredBy)}
		for _, p := range a.Ports {
			o.Ports = append(o.Ports, document.Ports{Protocol: string(p.Protocol), First: p.First, Last: p.Last})
		}
		if !a.L7.Unrestricted() {
			o.L7 = a.L7.String()
		}
		out = append(out, o)
	}
	return out
}

func isolatedJSON(i report.IsolationCounts) document.Isolated {
	return document.Isolated{
		Isolated: i.Proved, IsolatedInPart: i.InPart, NotIsolated: i.Open, AllowOnly: i.AllowOnly, AllowOnlyInPart: i.AllowOnlyInPart,
		AllowOnlyNotIsolated: i.AllowOnlyOpen, AllowOnlyNotProved: i.Ungenerated, SelectedPods: i.Selected,
	}
}

func declaredJSON(d report.DeclaredFlows) document.Declared {
	texts := func(reasons []report.Reason) []string { return nonNil(report.ReasonStrings(reasons)) }
	return document.Declared{Allowed: d.Allowed, PartlyAllowed: texts(d.PartlyAllowed), Denied: texts(d.Denied), WithoutEffect: texts(d.WithoutEffect), Undecided: texts(d.Undecided), Elsewhere: report.ReasonStrings(d.Elsewhere)}
}

func flowTestJSON(t *report.FlowTestResult) document.FlowTest {
	out := document.FlowTest{Name: t.Test.Name, File: t.Test.File, Passed: t.Passed(), Omitted: t.Omitted, Cases: []document.Case{}}
	for i := range t.Cases {
		c := &t.Cases[i]
		flows := []document.Flow{}
		for j := range c.Flows {
			flows = append(flows, flowJSON(&c.Flows[j]))
		}
		out.Cases = append(out.Cases, document.Case{Name: c.Case.Name, Expect: string(c.Case.Expect), Passed: c.Passed, Problem: c.Problem, Flows: flows})
	}
	return out
}

func flowJSON(f *report.FlowResult) document.Flow {
	out := document.Flow{
		From: f.Flow.From.Name, To: f.Flow.To.Name, Port: f.Flow.Port, Protocol: string(f.Flow.Protocol), ICMP: string(f.Flow.ICMP), DNS: f.Flow.DNS, ServerName: f.Flow.ServerName,
		Passed: f.Passed, Decision: string(f.Verdict.Decision()), Egress: sideJSON(f.Verdict.Egress), Ingress: sideJSON(f.Verdict.Ingress),
		Note: f.Verdict.Note, DeclaredBy: nonNil(f.DeclaredBy),
	}
	if h := f.Flow.HTTP; h != nil {
		out.HTTP = &document.HTTP{Method: h.Method, Path: h.Path, Host: h.Host, Headers: h.Headers}
	}
	return out
}

func sideJSON(s flow.Side) document.Side {
	out := document.Side{Decision: string(s.Decision), Policies: nonNil(s.Policies.Names())}
	if !s.L7.Unrestricted() {
		out.L7 = s.L7.String()
	}
	return out
}

func findingsJSON(findings report.Findings) []document.Finding {
	out := []document.Finding{}
	for _, f := range findings {
		out = append(out, findingJSON(f))
	}
	return out
}

func findingJSON(f report.Finding) document.Finding {
	out := document.Finding{Check: f.Check.Name, Severity: string(f.Severity), Field: f.Field, Line: f.Line, Column: f.Column, Message: f.Message, Details: nonNil(f.Details)}
	if f.Resource != (report.Ref{}) {
		r := document.Resource(f.Resource)
		out.Resource = &r
	}
	return out
}

// nonNil replaces nil by an empty list.
func nonNil(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// Built is a build, or why it is refused. A refused build has no items.
type Built struct {
	Passed   bool
	Slice    report.Slice
	Agents   *report.AgentLoad
	Items    []*yaml.RNode
	Changes  report.Changes
	Findings report.Findings
}

// BuildJSON writes a build for programs.
func BuildJSON(w io.Writer, b Built) error {
	policies, err := policiesOf(b.Items)
	if err != nil {
		return err
	}
	return encode(w, document.Build{
		Passed: b.Passed, Slice: sliceJSON(b.Slice), Agents: agentsJSON(b.Agents), Policies: policies, Changes: changesJSON(b.Changes), ChangeCounts: changeCountsJSON(b.Changes),
		Findings: findingsJSON(b.Findings), FindingCounts: findingCountsJSON(b.Findings),
	})
}

// Rendered is a folder that render writes or checks.
type Rendered struct {
	Passed   bool
	Slice    report.Slice
	Dir      string
	Check    bool
	Changes  report.Changes
	Needs    []string
	Findings report.Findings
}

// RenderJSON writes the changes of a rendered folder for programs.
func RenderJSON(w io.Writer, r Rendered) error {
	return encode(w, document.Render{
		Passed: r.Passed, Slice: sliceJSON(r.Slice), OutputDir: r.Dir, Check: r.Check, Changes: changesJSON(r.Changes), ChangeCounts: changeCountsJSON(r.Changes),
		Needs: nonNil(r.Needs), Findings: findingsJSON(r.Findings), FindingCounts: findingCountsJSON(r.Findings),
	})
}

// Converted is the result of a conversion.
type Converted struct {
	Passed, Written bool
	Files           []document.File
	Changes         report.Changes
	Compared        document.Compared
	Findings        report.Findings
}

// ConvertJSON writes a conversion for programs.
func ConvertJSON(w io.Writer, c Converted) error {
	files := c.Files
	if files == nil {
		files = []document.File{}
	}
	return encode(w, document.Convert{
		Passed: c.Passed, Written: c.Written, Files: files, Changes: changesJSON(c.Changes), Compared: c.Compared,
		Findings: findingsJSON(c.Findings), FindingCounts: findingCountsJSON(c.Findings),
	})
}

// VersionJSON writes the versions for programs.
func VersionJSON(w io.Writer, v document.Version) error { return encode(w, v) }

func changesJSON(changes report.Changes) []document.Change {
	out := []document.Change{}
	for _, c := range changes.Effective() {
		out = append(out, document.Change{Action: string(c.Action), Resource: document.Resource(c.Ref)})
	}
	return out
}

func changeCountsJSON(changes report.Changes) document.ChangeCounts {
	return document.ChangeCounts{
		Created: changes.Count(report.Created), Configured: changes.Count(report.Configured),
		Unchanged: changes.Count(report.Unchanged), Deleted: changes.Count(report.Deleted),
	}
}

func findingCountsJSON(findings report.Findings) document.FindingCounts {
	counts := findings.Counts()
	return document.FindingCounts{Errors: counts[report.Error], Warnings: counts[report.Warning], Infos: counts[report.Info]}
}
