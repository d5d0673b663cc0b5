package report_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/tenantfence/tenantfence/internal/report"
)

const testdata = "../../testdata"

var (
	kebab   = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	finding = regexp.MustCompile(`(?m)^(error|warning|info): .*\[([a-z0-9-]+)\]$`)
)

// found returns the severities of each check in each golden case.
func found(t *testing.T) map[string]map[string][]report.Severity {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(testdata, "*", "*", "findings.txt"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden case below %s: %v", testdata, err)
	}
	out := map[string]map[string][]report.Severity{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name, err := filepath.Rel(testdata, filepath.Dir(file))
		if err != nil {
			t.Fatal(err)
		}
		checks := map[string][]report.Severity{}
		for _, m := range finding.FindAllStringSubmatch(string(data), -1) {
			checks[m[2]] = append(checks[m[2]], report.Severity(m[1]))
		}
		out[filepath.ToSlash(name)] = checks
	}
	return out
}

func TestCatalogueIsComplete(t *testing.T) {
	t.Parallel()
	cases := found(t)
	var names []string
	for _, c := range report.Checks() {
		names = append(names, c.Name)
		if !kebab.MatchString(c.Name) {
			t.Errorf("%q: a name is lower-case words with hyphens", c.Name)
		}
		if len(c.Severities) == 0 || c.Title == "" || c.Meaning == "" || c.Fix == "" {
			t.Errorf("%s: severities, title, meaning and fix are required", c.Name)
		}
		if (c.Example == "") == (c.Untested == "") {
			t.Errorf("%s: set either Example or Untested", c.Name)
		}
		if c.Example != "" && len(cases[c.Example][c.Name]) == 0 {
			t.Errorf("%s: golden case %q has no finding of it", c.Name, c.Example)
		}
		if report.Find(c.Name) != c {
			t.Errorf("%s is defined twice", c.Name)
		}
	}
	if !slices.IsSorted(names) || len(names) < 200 {
		t.Errorf("%d checks, sorted: %v", len(names), slices.IsSorted(names))
	}
}

func TestGoldenFindingsAreInTheCatalogue(t *testing.T) {
	t.Parallel()
	for name, checks := range found(t) {
		for check, severities := range checks {
			c := report.Find(check)
			if c == nil {
				t.Errorf("%s: %s is not in the catalogue", name, check)
				continue
			}
			for _, s := range severities {
				if !slices.Contains(c.Severities, s) {
					t.Errorf("%s: %s occurs as %s, but its severities are %v", name, check, s, c.Severities)
				}
			}
		}
	}
}

// A check in a golden case must not have Untested.
func TestUntestedChecksAreInNoGoldenCase(t *testing.T) {
	t.Parallel()
	for name, checks := range found(t) {
		for check := range checks {
			if c := report.Find(check); c != nil && c.Untested != "" {
				t.Errorf("%s: set Example to %q, and remove Untested", check, name)
			}
		}
	}
}

// Untested names a test or a script that shows the check.
func TestUntestedNamesATest(t *testing.T) {
	t.Parallel()
	tests := testNames(t)
	for _, c := range report.Checks() {
		if c.Untested == "" {
			continue
		}
		name := regexp.MustCompile(`\bTest\w+|[\w-]+\.txtar`).FindString(c.Untested)
		if !tests[name] {
			t.Errorf("%s: Untested names no existing test: %q", c.Name, c.Untested)
		}
	}
}

// testNames returns the test functions and scripts of the project.
func testNames(t *testing.T) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	function := regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	for _, pattern := range []string{"../../fn/*_test.go", "../*/*_test.go", "../cli/testdata/script/*.txtar"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("no file matches %s: %v", pattern, err)
		}
		for _, file := range files {
			out[filepath.Base(file)] = true
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range function.FindAllSubmatch(data, -1) {
				out[string(m[1])] = true
			}
		}
	}
	return out
}

func TestNew(t *testing.T) {
	t.Parallel()
	f := report.New(report.ConsentMissing, report.Error, report.Ref{Kind: "Tenant", Name: "acme"}, "spec.egress[0]", "%d%%", 5)
	if want := "error: Tenant/acme: spec.egress[0]: 5% [consent-missing]"; f.String() != want {
		t.Errorf("got %s, want %s", f, want)
	}
}
