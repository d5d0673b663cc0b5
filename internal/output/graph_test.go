package output_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/output"
	"github.com/tenantfence/tenantfence/internal/report"
)

// hostile is a name that would leave each text in which it is not escaped.
const hostile = `</script><img src=x onerror=alert(1)>"]\"|#quot;&` + "`$@data@"

// graphOf is a graph of tenants with 5 pods each, which reach each other, DNS and one name.
func graphOf(tenants int) report.Graph {
	g := report.Graph{Fence: hostile}
	pod := func(namespace, name string, group int, open bool) {
		g.Nodes = append(g.Nodes, report.GraphNode{
			Endpoint: &endpoints.Endpoint{Kind: endpoints.PodEndpoint, Namespace: namespace, Name: namespace + "/" + name}, Group: group,
			Open: map[flow.Direction]bool{flow.Egress: open, flow.Ingress: open},
		})
	}
	side := func(ns, policy string) flow.Side {
		return flow.Side{Decision: flow.Allowed, Policies: flow.Policies{{Namespace: ns, Name: policy}}}
	}
	dns, name := 5*tenants, 5*tenants+1
	for i := range tenants {
		tenant := fmt.Sprintf("team-%04d", i)
		ns := "tenant-" + tenant
		enforcement := v1alpha1.Enforce
		if i%2 == 1 {
			enforcement = v1alpha1.AllowOnly
		}
		g.Groups = append(g.Groups, report.GraphGroup{Kind: report.TenantGroup, Name: tenant, Namespaces: []string{ns}, Enforcement: enforcement})
		var own []int
		for _, w := range []string{"Deployment/api", "Deployment/web", "Deployment/worker", "StatefulSet/cache", "StatefulSet/db"} {
			own = append(own, len(g.Nodes))
			pod(ns, w, i, enforcement == v1alpha1.AllowOnly)
		}
		declared := []string{"FenceProfile/platform baseline.intraNamespace"}
		g.Edges = append(g.Edges,
			report.GraphEdge{From: own, To: own, Traffic: []report.GraphTraffic{{Ports: flow.AllPorts(""), Egress: side(ns, "allow-intra-namespace"), Ingress: side(ns, "allow-intra-namespace"), DeclaredBy: declared}}},
			report.GraphEdge{From: own, To: []int{dns}, Traffic: []report.GraphTraffic{
				{Ports: flow.PortRange{Protocol: v1alpha1.UDP, First: 53, Last: 53}, Egress: side(ns, "allow-dns"), DeclaredBy: []string{"FenceProfile/platform baseline.dns"}},
				{Ports: flow.PortRange{Protocol: v1alpha1.TCP, First: 53, Last: 53}, Egress: side(ns, "allow-dns"), DeclaredBy: []string{"FenceProfile/platform baseline.dns"}},
			}},
			report.GraphEdge{From: own[2:3], To: []int{name}, Traffic: []report.GraphTraffic{{Ports: flow.PortRange{Protocol: v1alpha1.TCP, First: 443, Last: 443}, Egress: side(ns, "egress-llm"), DeclaredBy: []string{"Tenant/" + tenant + " egress[llm]"}}}},
		)
	}
	g.Groups = append(g.Groups, report.GraphGroup{Kind: report.NamespaceGroup, Name: "kube-system"}, report.GraphGroup{Kind: report.OutsideGroup})
	pod("kube-system", "Deployment/coredns", tenants, true)
	g.Nodes = append(g.Nodes, report.GraphNode{Endpoint: &endpoints.Endpoint{Kind: endpoints.NameEndpoint, Name: hostile}, Group: tenants + 1})
	return g
}

func written(t *testing.T, g report.Graph, form string) string {
	t.Helper()
	for _, f := range output.GraphForms() {
		if f.Name == form {
			var first, second bytes.Buffer
			if err := f.Write(&first, g); err != nil {
				t.Fatal(err)
			}
			if err := f.Write(&second, g); err != nil || !bytes.Equal(first.Bytes(), second.Bytes()) {
				t.Fatalf("%s: two runs differ: %v", form, err)
			}
			return first.String()
		}
	}
	t.Fatalf("no form %s", form)
	return ""
}

// TestGraphEscapesNames checks that no form reads a name as its own markup.
func TestGraphEscapesNames(t *testing.T) {
	t.Parallel()
	g := graphOf(2)
	page := written(t, g, "html")
	if strings.Contains(page, "<img") || strings.Count(page, "</script>") != 2 || strings.Count(page, "<script") != 2 {
		t.Error("a name leaves the data of the page")
	}
	data := regexp.MustCompile(`(?s)<script id="data" type="application/json">(.*?)</script>`).FindStringSubmatch(page)
	var read struct{ Nodes []struct{ Name string } }
	if data == nil {
		t.Fatal("the page has no data")
	}
	if err := json.Unmarshal([]byte(data[1]), &read); err != nil {
		t.Fatal(err)
	}
	if got := read.Nodes[len(read.Nodes)-1].Name; got != hostile {
		t.Errorf("the page has the name %q", got)
	}
	if line := regexp.MustCompile(`n11\["([^"]*)"\]`).FindStringSubmatch(written(t, g, "mermaid")); len(line) != 2 || strings.ContainsAny(line[1], "<>[]|`&\\$@") {
		t.Errorf("Mermaid reads the label %q", line)
	}
	if text := written(t, g, "dot"); !strings.Contains(text, `onerror=alert(1)>\"]\\\"|#quot;&`) {
		t.Error("the name is not escaped for Graphviz: " + text)
	}
}

// TestGraphPageLoadsNothing checks the content security policy, and that the page has no address to load from.
func TestGraphPageLoadsNothing(t *testing.T) {
	t.Parallel()
	page := written(t, graphOf(2), "html")
	policy := regexp.MustCompile(`http-equiv="Content-Security-Policy" content="([^"]*)"`).FindStringSubmatch(page)
	if len(policy) != 2 || !regexp.MustCompile(`^default-src 'none'; script-src 'sha256-[^ ]+'; style-src 'sha256-[^ ]+'; base-uri 'none'; form-action 'none'$`).MatchString(policy[1]) {
		t.Errorf("the policy is %q", policy)
	}
	for _, found := range regexp.MustCompile(`(src=|href="[^#]|url\([^#]|https?://[^ ']*|@import|@\w+@)`).FindAllString(strings.ReplaceAll(page, "src=x onerror", ""), -1) {
		if found != "http://www.w3.org/2000/svg" && found != "@data@" {
			t.Errorf("the page has %q", found)
		}
	}
}

// TestGraphPageSize limits the page of 100 tenants.
func TestGraphPageSize(t *testing.T) {
	t.Parallel()
	if size := len(written(t, graphOf(100), "html")); size > 2_000_000 {
		t.Errorf("the page of 100 tenants has %d bytes", size)
	}
}

// TestGraphStatesWhatIsProved checks that only a verification that passed proves something, and only of tenants in
// Enforce.
func TestGraphStatesWhatIsProved(t *testing.T) {
	t.Parallel()
	verified := report.Report{
		Basis: report.TenantBasis, Comparison: &report.Comparison{Desired: 3, Matching: 3},
		Isolation: &report.Isolation{Namespaces: report.IsolationCounts{Proved: 1, AllowOnly: 1}},
	}
	failed := verified
	failed.Findings = report.Findings{report.New(report.UndeclaredOpen, report.Error, report.Ref{}, "", "is open")}
	opened := verified
	opened.Isolation = &report.Isolation{Namespaces: report.IsolationCounts{Proved: 1, Open: 1}}
	byTests := verified
	byTests.Basis = report.FlowTestBasis
	for name, c := range map[string]struct {
		verification *report.Report
		asEnforced   bool
		proved       int
	}{
		"verified": {&verified, false, 1}, "not run": {nil, false, 0}, "failed": {&failed, false, 0}, "not isolated": {&opened, false, 0},
		"by FlowTests": {&byTests, false, 0}, "as enforced": {&verified, true, 0},
	} {
		g := graphOf(2)
		g.Verification, g.AsEnforced = c.verification, c.asEnforced
		for form, text := range map[string]string{"html": `"proved":true`, "json": `"isolationProved": true`, "mermaid": "isolation proved", "dot": "isolation proved"} {
			if got := strings.Count(written(t, g, form), text); got != c.proved {
				t.Errorf("%s: %s states %d times that isolation is proved, want %d", name, form, got, c.proved)
			}
		}
	}
}

// TestGraphMermaidLimits checks that a graph which Mermaid refuses has only groups, and then none.
func TestGraphMermaidLimits(t *testing.T) {
	t.Parallel()
	few := written(t, graphOf(20), "mermaid")
	if !strings.Contains(few, `n5["Deployment/api`) || strings.Contains(few, "Only groups") {
		t.Error("20 tenants are drawn without pods")
	}
	groups := written(t, graphOf(200), "mermaid")
	if strings.Contains(groups, "Deployment/api") || !strings.Contains(groups, "%% Only groups: all pods would be 400 arrows") || strings.Count(groups, "-->") != 400 || len(groups) > 50_000 {
		t.Errorf("200 tenants: %d arrows, %d characters, %.300s", strings.Count(groups, "-->"), len(groups), groups)
	}
	if err := output.GraphMermaid(&bytes.Buffer{}, graphOf(300)); err == nil || !strings.Contains(err.Error(), "600 arrows between groups are more than Mermaid draws (500 arrows, 50000 characters): select some Tenants with --tenant, or write -o html") {
		t.Errorf("300 tenants: %v", err)
	}
}

// TestGraphDotIsDrawn draws a graph with Graphviz.
func TestGraphDotIsDrawn(t *testing.T) {
	t.Parallel()
	binary, err := exec.LookPath("dot")
	if err != nil {
		t.Skip("skipped: dot is not on PATH, so Graphviz draws no graph")
	}
	file := filepath.Join(t.TempDir(), "graph.dot")
	if err := os.WriteFile(file, []byte(written(t, graphOf(3), "dot")), 0o600); err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), binary, "-Tsvg", file)
	cmd.Stderr = &stderr
	svg, err := cmd.Output()
	if err != nil || stderr.Len() > 0 {
		t.Fatalf("%v: %s", err, stderr.String())
	}
	if got := strings.Count(string(svg), `class="cluster"`); got != 5 {
		t.Errorf("the picture has %d clusters", got)
	}
	if strings.Count(string(svg), `class="node"`) != 17 || !strings.Contains(string(svg), "team&#45;0001 (AllowOnly)") {
		t.Error("the picture lacks nodes or states")
	}
}
