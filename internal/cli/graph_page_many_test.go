package cli_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/output"
	"github.com/tenantfence/tenantfence/internal/report"
)

// hostileName would run a script if the page read names as markup.
const hostileName = `</script><img src=x onerror=alert(1)>`

// pageOfMany returns the page of tenants with 5 pods each. All reach the name, and each the next tenant.
func pageOfMany(t *testing.T, tenants int) string {
	t.Helper()
	g := report.Graph{Fence: hostileName}
	allowed := []report.GraphTraffic{{Ports: flow.PortRange{Protocol: v1alpha1.TCP, First: 443, Last: 443}, Egress: flow.Side{Decision: flow.Allowed}}}
	for i := range tenants {
		ns := fmt.Sprintf("team-%04d", i)
		g.Groups = append(g.Groups, report.GraphGroup{Kind: report.TenantGroup, Name: ns, Namespaces: []string{ns}, Enforcement: v1alpha1.Enforce})
		var own []int
		for _, w := range []string{"api", "cache", "db", "web", "worker"} {
			own = append(own, len(g.Nodes))
			g.Nodes = append(g.Nodes, report.GraphNode{Group: i, Endpoint: &endpoints.Endpoint{Kind: endpoints.PodEndpoint, Namespace: ns, Name: ns + "/Deployment/" + w}})
		}
		next := 5 * ((i + 1) % tenants)
		g.Edges = append(g.Edges, report.GraphEdge{From: own, To: own, Traffic: allowed}, report.GraphEdge{From: own[4:], To: []int{5 * tenants}, Traffic: allowed}, report.GraphEdge{From: own[:1], To: []int{next}, Traffic: allowed})
	}
	g.Groups = append(g.Groups, report.GraphGroup{Kind: report.OutsideGroup})
	g.Nodes = append(g.Nodes, report.GraphNode{Group: tenants, Endpoint: &endpoints.Endpoint{Kind: endpoints.NameEndpoint, Name: hostileName}})
	var out strings.Builder
	if err := output.GraphHTML(&out, g); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// search types a text after another one, some times. It returns the shortest time in milliseconds that the page
// works at it, layout included.
func (b *chromium) search(text, before string, times int) float64 {
	b.t.Helper()
	spent, _ := b.eval(fmt.Sprintf(`(() => {
		const input = document.getElementById("search");
		const type = text => {
			input.value = text;
			const start = performance.now();
			input.dispatchEvent(new Event("input"));
			document.body.offsetHeight;
			return performance.now() - start;
		};
		let best = Infinity;
		for (let i = 0; i < %d; i++) {
			type(%s);
			best = Math.min(best, type(%s));
		}
		return best;
	})()`, times, quoted(before), quoted(text))).(float64)
	return spent
}

// TestGraphPageOfManyTenants checks the table of 100 tenants, and the canvas of 1,000.
func TestGraphPageOfManyTenants(t *testing.T) {
	for _, c := range []struct {
		tenants int
		canvas  bool
	}{{100, false}, {1000, true}} {
		b := openPage(t, pageOfMany(t, c.tenants), 1500, 900)
		if b.text("[aria-selected=true]") != "Matrix" {
			t.Errorf("%d tenants: the first view is %s", c.tenants, b.text("[aria-selected=true]"))
		}
		if b.text("h1") != "Connections of "+hostileName || b.number("img") > 0 {
			t.Errorf("%d tenants: a name is read as markup", c.tenants)
		}
		if got := b.number("#matrix canvas") == 1; got != c.canvas {
			t.Errorf("%d tenants: canvas is %v", c.tenants, got)
		}
		if c.canvas {
			b.checkCanvas(3 * c.tenants)
		} else if cells := b.number("#matrix td.cell"); cells != 3*c.tenants {
			t.Errorf("%d tenants: the matrix has %d cells", c.tenants, cells)
		}
		for _, text := range []string{"team-0042", "team-00", "team", ""} {
			t.Logf("%d tenants: a search for %q takes %.1f ms", c.tenants, text, b.search(text, "team-004", 5))
		}
		b.search("team-0042", "", 1)
		if got := b.text("#matches"); got != "1 of "+strings.Replace(fmt.Sprint(c.tenants+1), "1001", "1,001", 1)+" groups match" {
			t.Errorf("%d tenants: matches %q", c.tenants, got)
		}
		if rows, columns := b.number("#matrix div:not(.parked) > .both tbody tr"), b.number("#matrix div:not(.parked) > .both thead th"); rows != 2 || columns != 3 {
			t.Errorf("%d tenants: a search leaves %d rows and %d columns", c.tenants, rows, columns)
		}
		// The picture draws a tenant with its neighbours, and no more.
		b.eval(`document.getElementById("tab-picture").click()`)
		if got := b.number("svg .box"); got != 4 {
			t.Errorf("%d tenants: the picture has %d boxes", c.tenants, got)
		}
		b.search("", "", 1)
		if got := b.number("svg"); got != 0 {
			t.Errorf("%d tenants: the picture draws all", c.tenants)
		}
		b.loadsNothing()
	}
}

// checkCanvas checks that the canvas has the cells, for the mouse, the keyboard and the accessible table.
func (b *chromium) checkCanvas(cells int) {
	b.t.Helper()
	b.settle()
	painted, _ := b.eval(`(() => {
		const canvas = document.querySelector("canvas"), data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
		let n = 0;
		for (let i = 3; i < data.length; i += 4) n += data[i] > 0;
		return n;
	})()`).(float64)
	if int(painted) < cells {
		b.t.Errorf("the canvas has %v painted pixels for %d cells", painted, cells)
	}
	if got := b.text("#matrix h2"); !strings.HasPrefix(got, "3,000 cells") {
		b.t.Errorf("the table has %q", got)
	}
	if got := b.number("#matrix tbody tr"); got != 40 {
		b.t.Errorf("the table begins with %d rows", got)
	}
	b.focus("canvas")
	b.press("ArrowRight", "ArrowRight")
	if got := b.text("#cell-text"); !strings.HasPrefix(got, "team-0000 to team-000") {
		b.t.Errorf("the arrows move to %q", got)
	}
	b.press("Enter")
	if got := b.text("#details h2"); !strings.HasPrefix(got, "team-0000 → ") {
		b.t.Errorf("Enter shows %q", got)
	}
	b.eval(`document.querySelector("[aria-label='Clear the selection']").click()`)
}
