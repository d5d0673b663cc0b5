package cli_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantfence/tenantfence/internal/cli"
)

// soctalk is the folder of the example.
var soctalk = filepath.Join("..", "..", "kustomization-examples", "soctalk")

// output returns the standard output of a command that succeeds.
func outputOf(t *testing.T, args ...string) string {
	t.Helper()
	var stdout, stderr strings.Builder
	if status := cli.Run(args, strings.NewReader(""), &stdout, &stderr); status != 0 {
		t.Fatalf("%v: exit status %d: %s", args, status, stderr.String())
	}
	return stdout.String()
}

// podsReached returns the pods that reach lists at the other side of a path.
func podsReached(t *testing.T, args ...string) []string {
	t.Helper()
	var reach struct{ Paths []struct{ From, To string } }
	if err := json.Unmarshal([]byte(outputOf(t, append(args, "-o", "json")...)), &reach); err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, p := range reach.Paths {
		other := p.To
		if slices.Contains(args, "--to") {
			other = p.From
		}
		if strings.Count(other, "/") == 2 {
			out = append(out, other)
		}
	}
	slices.Sort(out)
	return out
}

// TestGraphPageOfSocTalk uses the page as people do, with the keyboard.
func TestGraphPageOfSocTalk(t *testing.T) {
	b := openPage(t, outputOf(t, "graph", soctalk, "-o", "html"), 1500, 900)
	if got := b.text("#outcome"); got != "not verified in this run" {
		t.Errorf("outcome %q", got)
	}
	if b.number(".proved") > 0 {
		t.Error("a page that was not verified states that something is proved")
	}
	if pods := b.number("svg .node"); pods < 26 {
		t.Errorf("the picture has %d nodes", pods)
	}

	// The picture: arrows move, and Enter selects.
	b.focus("svg [role=button][tabindex='0']")
	b.press("ArrowDown", "ArrowDown", "Enter")
	if got := strings.TrimSpace(b.text("#details h2")); got != "Deployment/soctalk-adapter" {
		t.Errorf("Enter shows %q", got)
	}

	// What a pod reaches is what the command reach answers.
	b.eval(`document.querySelector("[aria-label='tenant-acme/StatefulSet/wazuh-manager']").dispatchEvent(new Event('click'))`)
	for _, direction := range []string{"from", "to"} {
		for _, hops := range []string{"2", "3"} {
			b.eval(fmt.Sprintf(`(() => { for (const [id, value] of [["direction", %q], ["hops", %q]]) { const s = document.getElementById(id); s.value = value; s.dispatchEvent(new Event("change")) } })()`, map[string]string{"from": "out", "to": "in"}[direction], hops))
			want := podsReached(t, "reach", "acme/wazuh-manager", soctalk, "--"+direction, "--hops", hops)
			b.eval(`document.querySelectorAll("#details li > button:not(.link)").forEach(more => more.click())`)
			var got []string
			names := fmt.Sprint(b.eval(`[...document.querySelectorAll("#details li > .link")].map(l => l.textContent).join("\n")`))
			for name := range strings.Lines(names) {
				if name = strings.TrimSpace(name); strings.Count(name, "/") == 2 {
					got = append(got, name)
				}
			}
			slices.Sort(got)
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("%s, %s hops: %s", direction, hops, d)
			}
			if got := b.text("#details .path"); direction == "from" && !strings.Contains(got, " → ") {
				t.Errorf("a path is %q", got)
			}
		}
	}
	if b.eval(`document.activeElement.id`) != "hops" {
		t.Errorf("the focus moved to %v", b.eval(`document.activeElement.id`))
	}

	// The tabs and the matrix.
	b.focus("#tab-picture")
	b.press("ArrowRight")
	if b.text("[aria-selected=true]") != "Matrix" || b.number("#matrix[hidden]") > 0 {
		t.Error("the arrow shows no matrix")
	}
	if rows, headers := b.number("#matrix tbody tr"), b.number("#matrix tbody th[scope=row]"); rows != 8 || rows != headers {
		t.Errorf("the matrix has %d rows and %d headers", rows, headers)
	}
	b.focus("#matrix [tabindex='0']")
	b.press("ArrowRight")
	focused := fmt.Sprint(b.eval(`document.activeElement.getAttribute("aria-label")`))
	if !strings.Contains(focused, " to ") {
		t.Errorf("the arrow moves to %q", focused)
	}
	b.press("Enter")
	if got := b.text("#details h2"); !strings.Contains(got, " → ") {
		t.Errorf("Enter on a cell shows %q", got)
	}

	// The search leaves what matches and its neighbours.
	b.press("/")
	b.write("wazuh-edge")
	if got := b.text("#matches"); got != "1 of 8 groups match" {
		t.Errorf("matches %q", got)
	}
	if rows := b.number("#matrix div:not(.parked) > .both tbody tr"); rows < 2 || rows > 7 {
		t.Errorf("a search leaves %d rows", rows)
	}
	b.focus("#tab-matrix")
	b.press("ArrowRight")
	if got := b.number("#list tbody tr"); got == 0 || got > 10 {
		t.Errorf("the list has %d rows", got)
	}
	b.loadsNothing()
}

// TestGraphPageThemes checks that texts can be read in light and dark, by the system's choice and the button's.
func TestGraphPageThemes(t *testing.T) {
	b := openPage(t, outputOf(t, "graph", soctalk, "-o", "html", "--verify"), 1500, 900)
	if b.text("#outcome") != "tenantfence verify: verified" || b.number(".box.proved") != 4 {
		t.Errorf("%s, and %d tenants are proved", b.text("#outcome"), b.number(".box.proved"))
	}
	light := b.contrasts()
	b.media("dark")
	dark := b.contrasts()
	b.press("Tab", "Tab")
	b.eval(`document.getElementById("theme").click()`)
	chosen := b.contrasts()
	if light["background"] != chosen["background"] || light["background"] < 0.8 || dark["background"] > 0.05 {
		t.Errorf("the background is %v, dark %v, and light by the button %v", light["background"], dark["background"], chosen["background"])
	}
	for theme, all := range map[string]map[string]float64{"light": light, "dark": dark} {
		for name, ratio := range all {
			if name != "background" && ratio < 4.5 {
				t.Errorf("%s: the contrast of %s is %.1f, want 4.5", theme, name, ratio)
			}
		}
	}
	b.loadsNothing()
}

// contrasts returns the luminance of the background, and the contrast of texts.
func (b *chromium) contrasts() map[string]float64 {
	b.t.Helper()
	text, _ := b.eval(`JSON.stringify((() => {
		const channels = color => color.match(/[\d.]+/g).map(Number);
		const luminance = color => channels(color).slice(0, 3).map(c => c / 255).map(c => c <= .03928 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4).reduce((sum, c, i) => sum + c * [.2126, .7152, .0722][i], 0);
		const back = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor; if (channels(c)[3] !== 0) return c; } return "rgb(255, 255, 255)"; };
		const out = {background: luminance(back(document.body))};
		const selectors = ["h1", "#summary", "#outcome", "[role=tab]", "#details p", "#details .badge.open", "#details .link", "svg .name", "svg tspan.state", ".labels text"];
		for (const s of selectors) {
			const e = document.querySelector(s), style = getComputedStyle(e);
			const [a, c] = [luminance(e instanceof SVGElement ? style.fill : style.color), luminance(back(e))];
			out[s] = (Math.max(a, c) + .05) / (Math.min(a, c) + .05);
		}
		return out;
	})())`).(string)
	var out map[string]float64
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		b.t.Fatal(err)
	}
	return out
}
