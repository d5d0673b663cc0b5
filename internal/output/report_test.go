package output_test

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/output"
	"github.com/tenantfence/tenantfence/internal/report"
)

// failingReport is a report with a bit of everything.
func failingReport() report.Report {
	web := endpoints.Endpoint{Kind: endpoints.PodEndpoint, Name: "acme/Deployment/web"}
	llm := endpoints.Endpoint{Kind: endpoints.NameEndpoint, Name: "api.openai.com"}
	passes := report.FlowResult{
		Flow: flow.Flow{From: web, To: llm, Port: 443, Protocol: v1alpha1.TCP}, Passed: true,
		Verdict: flow.Verdict{
			Egress: flow.Side{Decision: flow.Allowed, Policies: flow.Policies{{Namespace: "acme", Name: "egress-llm"}}}, Ingress: flow.Side{Decision: flow.NotEnforced},
		},
		DeclaredBy: []string{"Tenant/acme spec.egress[llm]"},
	}
	fails := report.FlowResult{
		Flow: flow.Flow{From: web, To: endpoints.Endpoint{Kind: endpoints.PodEndpoint, Name: "beta/Deployment/api"}, Port: 80, Protocol: v1alpha1.TCP, HTTP: &flow.HTTPRequest{Method: "GET", Path: "/<v1>"}},
		Verdict: flow.Verdict{
			Egress:  flow.Side{Decision: flow.Allowed, Policies: flow.Policies{{Namespace: "acme", Name: "east-west"}}, L7: flow.HTTPOf(flow.HTTPRule{Method: "GET"})},
			Ingress: flow.Side{Decision: flow.Denied}, Note: "a note",
		},
		DeclaredBy: []string{"Tenant/acme spec.egress[api]", "Tenant/beta spec.ingress[api]"},
	}
	return report.Report{
		FlowTests: []report.FlowTestResult{
			{Test: report.Ref{Kind: "FlowTest", Name: "acme", File: "flows.yaml"}, Cases: []report.CaseResult{
				{Case: v1alpha1.FlowCase{Name: "the LLM", Expect: v1alpha1.ExpectAllow}, Flows: []report.FlowResult{passes}, Passed: true},
				{Case: v1alpha1.FlowCase{Name: "the API", Expect: v1alpha1.ExpectAllow}, Flows: []report.FlowResult{passes, fails}},
				{Case: v1alpha1.FlowCase{Name: "no access", Expect: v1alpha1.ExpectDeny}, Problem: "no workload"},
			}},
			{Test: report.Ref{Kind: "FlowTest", Name: "beta"}, Cases: []report.CaseResult{
				{Case: v1alpha1.FlowCase{Name: "the LLM", Expect: v1alpha1.ExpectAllow}, Flows: []report.FlowResult{passes}, Passed: true},
			}},
		},
		Basis:   report.TenantBasis,
		Subject: subject(),
		Isolation: &report.Isolation{Namespaces: report.IsolationCounts{Proved: 3, AllowOnly: 2}, Pods: 9, Nodes: report.IsolationCounts{Proved: 3}, Openings: 30, Declared: report.DeclaredFlows{Allowed: 4}, AllowOnlyOwners: []string{"gamma", "nodes workers"}, Access: []report.Access{{
			Owner: "Tenant/acme", Namespace: "acme", Direction: flow.Egress, Subjects: []string{"acme/Deployment/web"}, Peers: []string{"api.openai.com"},
			Ports: []flow.PortRange{{Protocol: v1alpha1.TCP, First: 443, Last: 443}}, L7: flow.TLSTo("api.openai.com"),
			Policies: []string{"acme/egress-llm"}, DeclaredBy: []string{"Tenant/acme spec.egress[llm]"},
		}, {Owner: "nodes workers", Direction: flow.Ingress, Subjects: []string{"node/a"}, Ports: []flow.PortRange{{}}}}},
		Comparison: &report.Comparison{Desired: 6, Matching: 5, Missing: 1},
		Findings: report.Findings{
			report.New(report.PolicyMissing, report.Error, report.Ref{APIVersion: "cilium.io/v2", Kind: "CiliumNetworkPolicy", Namespace: "acme", Name: "allow-dns"}, "", "is missing"),
			report.New(report.UndeclaredOpen, report.Warning, report.Ref{}, "", "is open"),
			report.New(report.DNSNamesUnrestricted, report.Info, report.Ref{Kind: "FenceProfile", Name: "p", File: "p.yaml", Index: 1}, "spec.baseline", "any name"),
		},
	}
}

// subject is what the reports are about.
func subject() *report.Subject {
	names := []string{}
	for i := range 12 {
		names = append(names, fmt.Sprintf("peer-%d.example.com", i))
	}
	s := &report.Subject{
		Fence: "f", Profile: report.Reason{Kind: "FenceProfile", Name: "p"}, Enforcer: "Cilium 1.19", Resources: 7, Workloads: 2, Policies: 6, Baseline: []string{"DNS in kube-system"},
		Tenants: []report.TenantFlows{
			{Tenant: "acme", Namespaces: []string{"acme"}, Enforcement: v1alpha1.Enforce,
				Reaches:   []report.NamedFlow{{Name: "llm", Peers: []string{"api.openai.com"}}, {Name: "mail", Via: "relay", Peers: names}},
				ReachedBy: []report.NamedFlow{{Name: "api", Peers: []string{"beta"}}, {Name: "web", Peers: []string{"beta"}}}},
		},
		Denied: &report.DeniedFlow{
			Test: "acme", Case: "no access", Side: flow.Egress, DefaultDeny: []string{"acme/default-deny"},
			Flow: flow.Flow{From: endpoints.Endpoint{Name: "acme/Deployment/web"}, To: endpoints.Endpoint{Name: "world"}},
		},
	}
	for i := range 30 {
		s.Tenants = append(s.Tenants, report.TenantFlows{Tenant: fmt.Sprint("t", i), Namespaces: []string{fmt.Sprint("n", i)}, Enforcement: v1alpha1.AllowOnly})
	}
	return s
}

// passingReport is a report with nothing wrong.
func passingReport() report.Report {
	r := failingReport()
	r.FlowTests = r.FlowTests[1:]
	r.Comparison = &report.Comparison{Desired: 1, Matching: 1}
	r.Findings = nil
	return r
}

var update = flag.Bool("update", false, "rewrite the golden files, and fail once")

// TestReports holds each format against its golden file.
func TestReports(t *testing.T) {
	t.Parallel()
	text := func(detail output.Detail) func(io.Writer, report.Report) error {
		return func(w io.Writer, r report.Report) error { return output.Report(w, r, detail) }
	}
	summarize := func(w io.Writer, r report.Report) error { return output.Summarize(w, r, output.Summary) }
	for file, c := range map[string]struct {
		write  func(io.Writer, report.Report) error
		report report.Report
	}{
		"failing.txt":         {text(output.Summary), failingReport()},
		"failing-verbose.txt": {text(output.Verbose), failingReport()},
		"failing.json":        {output.JSON, failingReport()},
		"failing.xml":         {output.JUnit, failingReport()},
		"fine.txt":            {text(output.Summary), passingReport()},
		"fine.json":           {output.JSON, passingReport()},
		"fine.xml":            {output.JUnit, passingReport()},
		"failing-summary.txt": {summarize, failingReport()},
		"fine-summary.txt":    {summarize, passingReport()},
		"empty.txt":           {text(output.Summary), report.Report{}},
		"empty.json":          {output.JSON, report.Report{}},
		"empty.xml":           {output.JUnit, report.Report{}},
	} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			var b strings.Builder
			if err := c.write(&b, c.report); err != nil {
				t.Fatal(err)
			}
			golden(t, filepath.Join("testdata", "report", file), b.String())
			if c.write(fullWriter{}, c.report) == nil {
				t.Error("a failed write is not an error")
			}
		})
	}
}

// TestSummaryFitsAScreen checks the size of a summary.
func TestSummaryFitsAScreen(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]report.Report{"failing": failingReport(), "fine": passingReport()} {
		var b strings.Builder
		if err := output.Summarize(&b, r, output.Summary); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
		if name == "fine" && len(lines) > 40 {
			t.Errorf("it has %d lines", len(lines))
		}
		if last := lines[len(lines)-1]; !strings.HasPrefix(last, string(r.Outcome())+": ") {
			t.Errorf("%s: the last line is %q", name, last)
		}
	}
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	want, err := os.ReadFile(file)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Error(d)
		if !*update {
			return
		}
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestReportsParse(t *testing.T) {
	t.Parallel()
	r := failingReport()
	r.Findings[0].Message = "holds \x00 and <![CDATA[ ]]> & \"quotes\" \u2028"
	var b strings.Builder
	if err := output.JSON(&b, r); err != nil || !json.Valid([]byte(b.String())) {
		t.Errorf("no JSON: %v", err)
	}
	b.Reset()
	if err := output.JUnit(&b, r); err != nil {
		t.Fatal(err)
	}
	for d := xml.NewDecoder(strings.NewReader(b.String())); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("no XML: %v", err)
		}
	}
}

// A case may have thousands of flows.
func TestReportLimitsFlowsPerCase(t *testing.T) {
	t.Parallel()
	r := failingReport()
	c := &r.FlowTests[0].Cases[1]
	for i := range 20 {
		f := c.Flows[1]
		f.Flow.To.Name = fmt.Sprint("pod", i)
		c.Flows = append(c.Flows, f)
	}
	var sum, lines strings.Builder
	if err := output.Report(&sum, r, output.Summary); err != nil {
		t.Fatal(err)
	}
	if err := output.Report(&lines, r, output.Verbose); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(sum.String(), "… and 11 more (-v lists all)") || strings.Contains(sum.String(), "pod19") {
		t.Errorf("it is not cut:\n%s", sum.String())
	}
	if !strings.Contains(lines.String(), "pod19") || strings.Contains(lines.String(), "…") {
		t.Errorf("it is cut:\n%s", lines.String())
	}
}
