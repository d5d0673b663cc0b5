package output

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/tenantfence/tenantfence/internal/policy"
)

// The JSON of a report. Fields are added and never change their meaning. Lists are
// there also where they are empty; what was not looked into is left out.
type jsonReport struct {
	// Outcome is "verified" (exit status 0), "not verified" (1) or "nothing to verify
	// against" (2).
	Outcome string `json:"outcome"`
	// Holds reports whether the outcome is "verified".
	Holds bool `json:"holds"`
	// Reasons are why it is not, beside the findings and FlowTests.
	Reasons   []string       `json:"reasons"`
	FlowTests []jsonFlowTest `json:"flowTests"`
	// Isolation is left out where it was not looked into.
	Isolation *jsonIsolation `json:"isolation,omitempty"`
	// Policies is left out where nothing tells what was generated.
	Policies *jsonPolicies `json:"policies,omitempty"`
	// Assumptions are how Cilium's agents are configured. With another enforcer there are none.
	Assumptions []jsonAssumption `json:"assumptions"`
	Findings    []jsonFinding    `json:"findings"`
}

type jsonAssumption struct {
	// Key is that of the ConfigMap cilium-config.
	Key   string `json:"key"`
	Value string `json:"value"`
	// From is where the value is stated, omitted: it is the Helm chart's default.
	From string `json:"from,omitempty"`
}

type jsonFlowTest struct {
	Name  string     `json:"name"`
	File  string     `json:"file,omitempty"`
	Holds bool       `json:"holds"`
	Cases []jsonCase `json:"cases"`
}

type jsonCase struct {
	Name string `json:"name"`
	// Expect is Allow or Deny.
	Expect string `json:"expect"`
	Holds  bool   `json:"holds"`
	// Problem says why the case could not be decided.
	Problem string     `json:"problem,omitempty"`
	Flows   []jsonFlow `json:"flows"`
}

type jsonFlow struct {
	From string `json:"from"`
	To   string `json:"to"`
	// Port omitted is every port; Protocol omitted is TCP or, without a port, every
	// protocol that has ports.
	Port     uint16    `json:"port,omitempty"`
	Protocol string    `json:"protocol,omitempty"`
	ICMP     string    `json:"icmp,omitempty"`
	HTTP     *jsonHTTP `json:"http,omitempty"`
	DNS      string    `json:"dns,omitempty"`
	// ServerName is that of the server of a TLS connection.
	ServerName string `json:"serverName,omitempty"`
	Holds      bool   `json:"holds"`
	// Decision is "allowed", "denied" or "depends".
	Decision string   `json:"decision"`
	Egress   jsonSide `json:"egress"`
	Ingress  jsonSide `json:"ingress"`
	Note     string   `json:"note,omitempty"`
	// For are the fields behind the policies that decided.
	For []string `json:"for"`
}

type jsonHTTP struct {
	Method string `json:"method"`
	Path   string `json:"path"`
	// Host and Headers are omitted where they are not said.
	Host    string            `json:"host,omitempty"`
	Headers map[string]string `json:"headers,omitempty"`
}

// jsonSide is what one end of a flow says.
type jsonSide struct {
	// Decision is as of the flow, or "not judged" where no policy selects this end.
	Decision string `json:"decision"`
	// By are the policies that decided, as "namespace/name".
	By []string `json:"by"`
	// Only says which part of what is spoken on the port passes, omitted: all of it.
	Only string `json:"only,omitempty"`
}

type jsonIsolation struct {
	// Namespaces and Nodes are how many were inspected, and those in Audit for which nothing is
	// generated; ByNamespace and ByNode count them by what was proved.
	Namespaces  int          `json:"namespaces"`
	ByNamespace jsonIsolated `json:"byNamespace"`
	Pods        int          `json:"pods"`
	Nodes       int          `json:"nodes"`
	ByNode      jsonIsolated `json:"byNode"`
	Openings    int          `json:"openings"`
	// Declared is how many flows are declared, and ByDeclared counts them by what was decided.
	Declared   int          `json:"declared"`
	ByDeclared jsonDeclared `json:"byDeclared"`
	// Audited are the tenants and nodes in Audit, judged as if they were enforced.
	Audited []string `json:"audited"`
}

type jsonIsolated struct {
	Isolated    int `json:"isolated"`
	NotIsolated int `json:"notIsolated"`
	// Audit are isolated once they are enforced; AuditNotIsolated are not, and of
	// AuditNotProved nothing is proved.
	Audit            int `json:"audit"`
	AuditNotIsolated int `json:"auditNotIsolated"`
	AuditNotProved   int `json:"auditNotProved"`
}

// jsonDeclared counts declared flows: each is in one of the fields, which add up to all of
// them. Flows that are not allowed in whole are listed as "Tenant/acme spec.egress[llm]".
type jsonDeclared struct {
	Allowed       int      `json:"allowed"`
	Partly        []string `json:"partly"`
	Denied        []string `json:"denied"`
	WithoutEffect []string `json:"withoutEffect"`
	NotDecided    []string `json:"notDecided"`
}

type jsonPolicies struct {
	Wanted      int `json:"wanted"`
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
	Message  string        `json:"message"`
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

// JSON writes what a proof came to, for a program.
func JSON(w io.Writer, r policy.Report) error {
	out := jsonReport{Outcome: string(r.Outcome()), Holds: r.Outcome() == policy.Verified, Reasons: present(r.Lacking()), FlowTests: []jsonFlowTest{}, Findings: []jsonFinding{}, Assumptions: []jsonAssumption{}}
	for i := range r.FlowTests {
		out.FlowTests = append(out.FlowTests, flowTestJSON(&r.FlowTests[i]))
	}
	for _, a := range r.Assumptions {
		out.Assumptions = append(out.Assumptions, jsonAssumption{Key: a.Key, Value: a.Value, From: a.From})
	}
	if i := r.Isolation; i != nil {
		out.Isolation = &jsonIsolation{
			Namespaces: i.Namespaces.Total(), ByNamespace: isolatedJSON(i.Namespaces), Nodes: i.Nodes.Total(), ByNode: isolatedJSON(i.Nodes),
			Pods: i.Pods, Openings: i.Openings, Declared: i.Declared.Total(), ByDeclared: declaredJSON(i.Declared), Audited: present(i.Audited),
		}
	}
	if c := r.Comparison; c != nil {
		out.Policies = &jsonPolicies{Wanted: c.Wanted, AsGenerated: c.AsGenerated, Missing: c.Missing, Changed: c.Changed, Moved: c.Moved, Unexpected: c.Unexpected}
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

func isolatedJSON(i policy.Isolated) jsonIsolated {
	return jsonIsolated{Isolated: i.Proved, NotIsolated: i.Open, Audit: i.Audit, AuditNotIsolated: i.AuditOpen, AuditNotProved: i.Ungenerated}
}

func declaredJSON(d policy.DeclaredFlows) jsonDeclared {
	texts := func(reasons []policy.Reason) []string { return present(policy.Texts(reasons)) }
	return jsonDeclared{Allowed: d.Allowed, Partly: texts(d.Partly), Denied: texts(d.Denied), WithoutEffect: texts(d.WithoutEffect), NotDecided: texts(d.Undecided)}
}

func flowTestJSON(t *policy.FlowTestResult) jsonFlowTest {
	out := jsonFlowTest{Name: t.Test.Name, File: t.Test.File, Holds: t.Holds(), Cases: []jsonCase{}}
	for i := range t.Cases {
		c := &t.Cases[i]
		flows := []jsonFlow{}
		for j := range c.Flows {
			flows = append(flows, flowJSON(&c.Flows[j]))
		}
		out.Cases = append(out.Cases, jsonCase{Name: c.Case.Name, Expect: string(c.Case.Expect), Holds: c.Holds, Problem: c.Problem, Flows: flows})
	}
	return out
}

func flowJSON(f *policy.FlowResult) jsonFlow {
	out := jsonFlow{
		From: f.Flow.From.Name, To: f.Flow.To.Name, Port: f.Flow.Port, Protocol: string(f.Flow.Protocol), ICMP: string(f.Flow.ICMP), DNS: f.Flow.DNS, ServerName: f.Flow.ServerName,
		Holds: f.Holds, Decision: string(f.Verdict.Decision()), Egress: sideJSON(f.Verdict.Egress), Ingress: sideJSON(f.Verdict.Ingress),
		Note: f.Verdict.Note, For: present(f.For),
	}
	if h := f.Flow.HTTP; h != nil {
		out.HTTP = &jsonHTTP{Method: h.Method, Path: h.Path, Host: h.Host, Headers: h.Headers}
	}
	return out
}

func sideJSON(s policy.Side) jsonSide {
	out := jsonSide{Decision: string(s.Decision), By: present(s.By)}
	if !s.L7.All() {
		out.Only = s.L7.String()
	}
	return out
}

func findingJSON(f policy.Finding) jsonFinding {
	out := jsonFinding{Check: f.Check, Severity: string(f.Severity), Field: f.Field, Message: f.Message}
	if f.Resource != (policy.Ref{}) {
		r := jsonResource(f.Resource)
		out.Resource = &r
	}
	return out
}

// present is an empty list where there is none.
func present(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
