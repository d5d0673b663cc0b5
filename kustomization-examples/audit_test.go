package examples_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestAuditToEnforce holds the difference that the README shows against the builds:
// one word in a Tenant is all that it takes.
func TestAuditToEnforce(t *testing.T) {
	t.Parallel()
	before, after := "audit-to-enforce/audit", "audit-to-enforce/enforce"
	if got := diff(t, filepath.Join(before, "tenant.yaml"), filepath.Join(after, "tenant.yaml")); strings.Count(got, "\n+")+strings.Count(got, "\n-") != 3 {
		t.Errorf("the Tenants differ in more than a word:\n%s", got)
	}
	dir := t.TempDir()
	for file, example := range map[string]string{"audit.yaml": before, "enforce.yaml": after} {
		if err := os.WriteFile(filepath.Join(dir, file), buildExample(t, example).output, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got := diff(t, filepath.Join(dir, "audit.yaml"), filepath.Join(dir, "enforce.yaml"))
	readme, err := os.ReadFile("audit-to-enforce/README.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(readme), "```diff\n"+got+"```\n") {
		t.Errorf("the README does not show this:\n%s", got)
	}
}

func diff(t *testing.T, a, b string) string {
	t.Helper()
	out, err := exec.Command("diff", "-u", "--label", filepath.Base(a), "--label", filepath.Base(b), a, b).CombinedOutput()
	if err == nil || len(out) == 0 {
		t.Fatalf("%s and %s do not differ", a, b)
	}
	return string(out)
}
