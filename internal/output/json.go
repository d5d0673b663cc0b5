package output

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
)

// jsonReport is the JSON of a report. New fields may be added. The meaning of a field does not change.
// Empty lists are written. Parts that were not inspected are omitted.
type jsonReport struct {
	// Outcome is "verified" (exit status 0), "not verified" (1) or "nothing to verify
	// against" (2).
	Outcome string `json:"outcome"`
	// Passed reports whether the outcome is "verified".
	Passed bool `json:"passed"`
	// Reasons state why it is not, in addition to findings and FlowTests.
	Reasons   []string       `json:"reasons"`
	FlowTests []jsonFlowTest `json:"flowTests"`
	// Isolation is omitted if it was not inspected.
	Isolation *jsonIsolation `json:"isolation,omitempty"`
	// Policies is omitted if the generated policies are unknown.
	Policies *jsonPolicies `json:"policies,omitempty"`
	// Assumptions are the settings of Cilium's agents. With another enforcer the list is empty.
	Assumptions []jsonAssumption `json:"assumptions"`
	Findings    []jsonFinding    `json:"findings"`
}

type jsonAssumption struct {
	// Key is the key in the ConfigMap cilium-config.
	Key   string `json:"key"`
	Value string `json:"value"`
	// From is the source of the value. Omitted: the default of the Helm chart.
	From string `json:"from,omitempty"`
}

type jsonFlowTest struct {
	Name   string     `json:"name"`
	File   string     `json:"file,omitempty"`
	Passed bool       `json:"passed"`
	Cases  []jsonCase `json:"cases"`
}

type jsonCase struct {
	Name string `json:"name"`
	// Expect is Allow or Deny.
	Expect string `json:"expect"`
	Passed bool   `json:"passed"`
	// Problem states why the case could not be decided.
	Problem string     `json:"problem,omitempty"`
	Flows   []jsonFlow `json:"flows"`
}

type jsonFlow struct {
	From string `json:"from"`
	To   string `json:"to"`
	// An omitted Port is every port. An omitted Protocol is TCP or, without a port, every protocol with
	// ports.
	Port     uint16    `json:"port,omitempty"`
	Protocol string    `json:"protocol,omitempty"`
	ICMP     string    `json:"icmp,omitempty"`
	HTTP     *jsonHTTP `json:"http,omitempty"`
	DNS      string    `json:"dns,omitempty"`
	// ServerName is the server name (SNI) of a TLS connection.
	ServerName string `json:"serverName,omitempty"`
	Passed     bool   `json:"passed"`
	// Decision is "allowed", "denied" or "depends".
	Decision string   `json:"decision"`
	Egress   jsonSide `json:"egress"`
	Ingress  jsonSide `json:"ingress"`
	Note     string   `json:"note,omitempty"`
	// DeclaredBy are the fields that declare the deciding policies.
	DeclaredBy []string `json:"declaredBy"`
}

type jsonHTTP struct {
	Method string `json:"method"`
	Path   string `json:"path"`
	// Host and Headers are omitted if the case does not set them.
	Host    string            `json:"host,omitempty"`
	Headers map[string]string `json:"headers,omitempty"`
}

// jsonSide is the decision of one side of a flow.
type jsonSide struct {
	// Decision is "allowed", "denied", "depends", or "not enforced" if no policy selects this side.
	Decision string `json:"decision"`
	// Policies are the deciding policies, as "namespace/name".
	Policies []string `json:"policies"`
	// L7 are the L7 rules that narrow the allowed traffic. Omitted: none.
	L7 string `json:"l7,omitempty"`
}

type jsonIsolation struct {
	// Namespaces and Nodes count the inspected ones, and those in AllowOnly without generated policies.
	// ByNamespace and ByNode count them by result.
	Namespaces  int          `json:"namespaces"`
	ByNamespace jsonIsolated `json:"byNamespace"`
	Pods        int          `json:"pods"`
	Nodes       int          `json:"nodes"`
	ByNode      jsonIsolated `json:"byNode"`
	Openings    int          `json:"openings"`
	// Declared is the number of declared flows. ByDeclared counts them by decision.
	Declared   int          `json:"declared"`
	ByDeclared jsonDeclared `json:"byDeclared"`
	// AllowOnlyOwners are the tenants and nodes in AllowOnly, decided as if they were in Enforce.
	AllowOnlyOwners []string `json:"allowOnlyOwners"`
}

type jsonIsolated struct {
	Isolated    int `json:"isolated"`
	NotIsolated int `json:"notIsolated"`
	// AllowOnly are isolated once they are in Enforce. AllowOnlyNotIsolated are not. AllowOnlyNotProved
	// are not decided.
	AllowOnly            int `json:"allowOnly"`
	AllowOnlyNotIsolated int `json:"allowOnlyNotIsolated"`
	AllowOnlyNotProved   int `json:"allowOnlyNotProved"`
	// IsolatedInPart are namespaces whose selected pods alone are isolated, and AllowOnlyInPart those
	// that are once they are in Enforce. SelectedPods are the selectors of these pods.
	IsolatedInPart  int      `json:"isolatedInPart"`
	AllowOnlyInPart int      `json:"allowOnlyInPart"`
	SelectedPods    []string `json:"selectedPods,omitempty"`
}

// jsonDeclared counts declared flows. Each flow is in one field. Flows that are not fully allowed are
// listed, as "Tenant/acme spec.egress[llm]".
type jsonDeclared struct {
	Allowed       int      `json:"allowed"`
	PartlyAllowed []string `json:"partlyAllowed"`
	Denied        []string `json:"denied"`
	WithoutEffect []string `json:"withoutEffect"`
	Undecided     []string `json:"undecided"`
}

type jsonPolicies struct {
	Expected    int `json:"expected"`
	AsGenerated int `json:"asGenerated"`
	Missing     int `json:"missing"`
	Changed     int `json:"changed"`
	Moved       int `json:"moved"`
	Unexpected  int `json:"unexpected"`
}

type jsonFinding struct {
	Check string `json:"check"`
	// Severity is "error", "warning" or "info".
	Severity string        `json:"severity"`
	Resource *jsonResource `json:"resource,omitempty"`
	Field    string        `json:"field,omitempty"`
	// Line and Column are the position of the field, or of its nearest parent, in the file of the
	// resource. They are omitted where the position is unknown.
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
	Message string `json:"message"`
	// Details are the items that the message counts.
	Details []string `json:"details"`
}

type jsonResource struct {
	APIVersion string `json:"apiVersion,omitempty"`
	Kind       string `json:"kind,omitempty"`
	Namespace  string `json:"namespace,omitempty"`
	Name       string `json:"name,omitempty"`
	File       string `json:"file,omitempty"`
	// Index is the document within the file.
	Index int `json:"index,omitempty"`
}

// JSON writes a report for programs.
func JSON(w io.Writer, r policy.Report) error {
	out := jsonReport{Outcome: string(r.Outcome()), Passed: r.Outcome() == policy.Verified, Reasons: nonNil(r.UnverifiedReasons()), FlowTests: []jsonFlowTest{}, Findings: []jsonFinding{}, Assumptions: []jsonAssumption{}}
	for i := range r.FlowTests {
		out.FlowTests = append(out.FlowTests, flowTestJSON(&r.FlowTests[i]))
	}
	for _, a := range r.Assumptions {
		out.Assumptions = append(out.Assumptions, jsonAssumption{Key: a.Key, Value: a.Value, From: a.Source})
	}
	if i := r.Isolation; i != nil {
		out.Isolation = &jsonIsolation{
			Namespaces: i.Namespaces.Total(), ByNamespace: isolatedJSON(i.Namespaces), Nodes: i.Nodes.Total(), ByNode: isolatedJSON(i.Nodes),
			Pods: i.Pods, Openings: i.Openings, Declared: i.Declared.Total(), ByDeclared: declaredJSON(i.Declared), AllowOnlyOwners: nonNil(i.AllowOnlyOwners),
		}
	}
	if c := r.Comparison; c != nil {
		out.Policies = &jsonPolicies{Expected: c.Desired, AsGenerated: c.Matching, Missing: c.Missing, Changed: c.Changed, Moved: c.Moved, Unexpected: c.Unexpected}
	}
	for _, f := range r.Findings {
		out.Findings = append(out.Findings, findingJSON(f))
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(out); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

func isolatedJSON(i policy.IsolationCounts) jsonIsolated {
	return jsonIsolated{
		Isolated: i.Proved, IsolatedInPart: i.InPart, NotIsolated: i.Open, AllowOnly: i.AllowOnly, AllowOnlyInPart: i.AllowOnlyInPart,
		AllowOnlyNotIsolated: i.AllowOnlyOpen, AllowOnlyNotProved: i.Ungenerated, SelectedPods: i.Selected,
	}
}

func declaredJSON(d policy.DeclaredFlows) jsonDeclared {
	texts := func(reasons []policy.Reason) []string { return nonNil(policy.ReasonStrings(reasons)) }
	return jsonDeclared{Allowed: d.Allowed, PartlyAllowed: texts(d.PartlyAllowed), Denied: texts(d.Denied), WithoutEffect: texts(d.WithoutEffect), Undecided: texts(d.Undecided)}
}

func flowTestJSON(t *policy.FlowTestResult) jsonFlowTest {
	out := jsonFlowTest{Name: t.Test.Name, File: t.Test.File, Passed: t.Passed(), Cases: []jsonCase{}}
	for i := range t.Cases {
		c := &t.Cases[i]
		flows := []jsonFlow{}
		for j := range c.Flows {
			flows = append(flows, flowJSON(&c.Flows[j]))
		}
		out.Cases = append(out.Cases, jsonCase{Name: c.Case.Name, Expect: string(c.Case.Expect), Passed: c.Passed, Problem: c.Problem, Flows: flows})
	}
	return out
}

func flowJSON(f *policy.FlowResult) jsonFlow {
	out := jsonFlow{
		From: f.Flow.From.Name, To: f.Flow.To.Name, Port: f.Flow.Port, Protocol: string(f.Flow.Protocol), ICMP: string(f.Flow.ICMP), DNS: f.Flow.DNS, ServerName: f.Flow.ServerName,
		Passed: f.Passed, Decision: string(f.Verdict.Decision()), Egress: sideJSON(f.Verdict.Egress), Ingress: sideJSON(f.Verdict.Ingress),
		Note: f.Verdict.Note, DeclaredBy: nonNil(f.DeclaredBy),
	}
	if h := f.Flow.HTTP; h != nil {
		out.HTTP = &jsonHTTP{Method: h.Method, Path: h.Path, Host: h.Host, Headers: h.Headers}
	}
	return out
}

func sideJSON(s policy.Side) jsonSide {
	out := jsonSide{Decision: string(s.Decision), Policies: nonNil(s.Policies)}
	if !s.L7.Unrestricted() {
		out.L7 = s.L7.String()
	}
	return out
}

func findingJSON(f report.Finding) jsonFinding {
	out := jsonFinding{Check: f.Check.Name, Severity: string(f.Severity), Field: f.Field, Line: f.Line, Column: f.Column, Message: f.Message, Details: nonNil(f.Details)}
	if f.Resource != (report.Ref{}) {
		r := jsonResource(f.Resource)
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
