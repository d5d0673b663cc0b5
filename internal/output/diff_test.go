package output_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/output"
	"github.com/tenantfence/tenantfence/internal/report"
)

func opened(tenant, from, to, reason string) report.Difference {
	return report.Difference{
		Kind: report.Opened, Ports: []flow.PortRange{{Protocol: v1alpha1.TCP, First: 443, Last: 443}}, Count: 1,
		After: &report.Allowance{Egress: flow.Policies{{Namespace: "tenant-" + tenant, Name: "egress-" + reason}}, DeclaredBy: []string{"Tenant/" + tenant + " spec.egress[" + reason + "]"}},
		Pairs: []report.ConnectionPairs{{From: []string{from}, To: []string{to}}},
	}
}

func markdownOf(t *testing.T, all ...report.Difference) string {
	t.Helper()
	var b strings.Builder
	if err := output.DiffMarkdown(&b, report.Diff{Old: report.DiffSide{Name: "old"}, New: report.DiffSide{Name: "new"}, Differences: all}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestDiffMarkdownIsBounded writes many groups, which do not fit in a comment.
func TestDiffMarkdownIsBounded(t *testing.T) {
	t.Parallel()
	var all []report.Difference
	for i := range 3000 {
		all = append(all, opened("acme", fmt.Sprintf("acme/Deployment/app-%d", i), "world", fmt.Sprint("flow-", i)))
	}
	got := markdownOf(t, all...)
	if n := len(got); n > 65_536 || n < 50_000 {
		t.Errorf("the comment has %d bytes", n)
	}
	rows := strings.Count(got, "| <code>acme/Deployment")
	if want := fmt.Sprintf("%d more rows with %d connections are left out", 3000-rows, 3000-rows); !strings.Contains(got, want) {
		t.Errorf("%d rows, and the rest is not counted: %s", rows, got[len(got)-700:])
	}
	if !strings.HasPrefix(got, "### tenantfence: 3000 opened, 0 closed") || !strings.HasSuffix(got, "</details>\n") {
		t.Errorf("the comment begins with %q and ends with %q", got[:80], got[len(got)-80:])
	}
}

// TestDiffMarkdownEscapes writes names that have a meaning in Markdown or HTML.
func TestDiffMarkdownEscapes(t *testing.T) {
	t.Parallel()
	hostile := "a|b`c`<img src=x>*d*[e](http://f)@everyone#1\n| x | \\"
	got := markdownOf(t, opened("acme", hostile, "www.example.com", "a|b"))
	for _, bad := range []string{"<img", "`", "*d*", "](", "@", "e#1", "://", "| x |", "\\", "www."} {
		if strings.Contains(got, bad) {
			t.Errorf("%q is written:\n%s", bad, got)
		}
	}
	if row := strings.Split(got, "\n")[8]; strings.Count(row, "|") != 6 || !strings.Contains(row, "&#124;") {
		t.Errorf("the row has other columns: %s", row)
	}
}

// TestDiffJoinsTenants joins the same flow of many Tenants, and keeps other flows apart.
func TestDiffJoinsTenants(t *testing.T) {
	t.Parallel()
	var all []report.Difference
	for i := range 200 {
		name := fmt.Sprint("t", i)
		all = append(all, opened(name, "tenant-"+name+"/Deployment/web", "world", "llm"))
	}
	all = append(all, opened("t7", "tenant-t7/Deployment/web", "world", "mail"))
	var b strings.Builder
	if err := output.Diff(&b, report.Diff{Differences: all}, output.Summary); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	if len(lines) != 6 {
		t.Fatalf("%d lines:\n%s", len(lines), b.String())
	}
	for at, want := range map[int][]string{
		4: {"tenant-t0/Deployment/web; tenant-t1/Deployment/web; tenant-t2/Deployment/web; and 197 more", " 200 ", "Tenant/t0 egress[llm] (199 more)", "egress tenant-t0/egress-llm (199 more)"},
		5: {"tenant-t7/Deployment/web ", " 1 ", "egress[mail]"},
	} {
		for _, part := range want {
			if !strings.Contains(lines[at], part) {
				t.Errorf("%q lacks %q", lines[at], part)
			}
		}
	}
}

// TestHeadersKeepTheirWords writes a table that is wider than the terminal.
func TestHeadersKeepTheirWords(t *testing.T) {
	t.Setenv("COLUMNS", "66")
	long := "tenant-acme/Deployment/" + strings.Repeat("worker-", 8)
	var b strings.Builder
	if err := output.Diff(&b, report.Diff{Differences: []report.Difference{opened("acme", long, long, long)}}, output.Summary); err != nil {
		t.Fatal(err)
	}
	if header := strings.Split(b.String(), "\n")[3]; !strings.Contains(header, " CONNECTIONS ") {
		t.Errorf("the header is %q:\n%s", header, b.String())
	}
}

// TestDiffTellsPairsApart writes a row with sources that reach only some of its destinations. Verbose, all rows
// are exact.
func TestDiffTellsPairsApart(t *testing.T) {
	t.Parallel()
	d := opened("acme", "web/Deployment/other", "web/Deployment/reports", "all")
	d.Pairs = append(d.Pairs, report.ConnectionPairs{From: []string{"web/Deployment/reports"}, To: []string{"world", "db/Deployment/db"}})
	d.Count = 3
	for detail, want := range map[output.Detail][]string{
		output.Summary: {"other; web/Deployment/reports web/Deployment/reports; world; db/Deployment/db 443/TCP 3 of 6"},
		output.Verbose: {"other web/Deployment/reports 443/TCP 1 Tenant", "reports world, db/Deployment/db 443/TCP 2 Tenant"},
	} {
		var b strings.Builder
		if err := output.Diff(&b, report.Diff{Differences: []report.Difference{d}}, detail); err != nil {
			t.Fatal(err)
		}
		rows := strings.Split(strings.TrimSpace(b.String()), "\n")[4:]
		if len(rows) != len(want) {
			t.Fatalf("%d rows:\n%s", len(rows), b.String())
		}
		for i, part := range want {
			if !strings.Contains(strings.Join(strings.Fields(rows[i]), " "), part) {
				t.Errorf("%q lacks %q", rows[i], part)
			}
		}
	}
}
