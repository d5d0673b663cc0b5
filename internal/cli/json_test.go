package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"
)

// TestJSONFitsTheSchemas validates the JSON of each command against its schema in docs/schemas.
func TestJSONFitsTheSchemas(t *testing.T) {
	t.Parallel()
	examples := filepath.Join("..", "..", "kustomization-examples")
	dir := t.TempDir()
	quickstart, out := filepath.Join(examples, "quickstart"), filepath.Join(dir, "out")
	broken := brokenQuickstart(t, dir, quickstart)
	render := []string{"render", quickstart, "--output-dir", out, "--path", "out"}
	for _, c := range []struct {
		schema string
		args   []string
		status int
	}{
		{"build", []string{"build", quickstart}, exitOK},
		{"build", []string{"build", broken}, exitFindings},
		{"build", []string{"build", filepath.Join(examples, "layered-tenants")}, exitOK},
		{"render", append(render, "--check"), exitFindings},
		{"render", render, exitOK},
		{"render", []string{"render", broken, "--output-dir", filepath.Join(dir, "none"), "--path", "none"}, exitFindings},
		{"convert", []string{"convert", filepath.Join(examples, "convert")}, exitOK},
		{"convert", []string{"convert", filepath.Join(dir, "refused.yaml")}, exitFindings},
		{"verify", []string{"verify", quickstart}, exitOK},
		{"verify", []string{"verify", broken}, exitFindings},
		{"verify", []string{"verify", filepath.Join(quickstart, "app.yaml")}, exitUsage},
		{"graph", []string{"graph", quickstart}, exitOK},
		{"graph", []string{"graph", quickstart, "--verify", "--tenant", "acme"}, exitOK},
		{"version", []string{"version"}, exitOK},
	} {
		var stdout, stderr strings.Builder
		if status := Run(append(c.args, "-o", "json"), strings.NewReader(""), &stdout, &stderr); status != c.status {
			t.Errorf("%v: exit status %d, want %d: %s", c.args, status, c.status, stderr.String())
		}
		if err := fitsSchema(t, c.schema, stdout.String()); err != nil {
			t.Errorf("%v: %v\n%.2000s", c.args, err, stdout.String())
		}
	}
}

// brokenQuickstart is the quickstart with a Tenant outside of its limits, and a NetworkPolicy that cannot
// be converted.
func brokenQuickstart(t *testing.T, dir, quickstart string) string {
	t.Helper()
	broken := filepath.Join(dir, "broken")
	if err := os.CopyFS(broken, os.DirFS(quickstart)); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(broken, "tenant.yaml")
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	refused := "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: a, namespace: b, labels: {tenantfence.dev/fence: f}}\nspec: {podSelector: {}}\n"
	for name, text := range map[string]string{file: strings.Replace(string(data), "api.openai.com", "api.evil.example", 1), filepath.Join(dir, "refused.yaml"): refused} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return broken
}

func fitsSchema(t *testing.T, name, output string) error {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "schemas", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var schema jsonschema.Schema
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	resolved, err := schema.Resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	var document any
	if err := json.Unmarshal([]byte(output), &document); err != nil {
		return err
	}
	return resolved.Validate(document)
}

// TestVerifyJSONListsOpenings checks what verify -o json lists about the quickstart.
func TestVerifyJSONListsOpenings(t *testing.T) {
	t.Parallel()
	var stdout, stderr strings.Builder
	quickstart := filepath.Join("..", "..", "kustomization-examples", "quickstart")
	if status := Run([]string{"verify", quickstart, "-o", "json"}, strings.NewReader(""), &stdout, &stderr); status != exitOK {
		t.Fatalf("exit status %d: %s", status, stderr.String())
	}
	var report struct {
		Openings []struct {
			Owner, Direction                      string
			Subjects, Peers, Policies, DeclaredBy []string
			Ports                                 []struct{ First, Last int }
		}
	}
	if err := json.Unmarshal([]byte(stdout.String()), &report); err != nil {
		t.Fatal(err)
	}
	for _, o := range report.Openings {
		if o.Owner != "Tenant/acme" || len(o.Policies) == 0 || len(o.DeclaredBy) == 0 || len(o.Ports) == 0 {
			t.Errorf("%+v", o)
		}
		if strings.Join(o.Policies, "") == "tenant-acme/egress-llm" && strings.Join(o.Peers, "") == "api.openai.com" {
			if o.Direction != "egress" || strings.Join(o.Subjects, "") != "tenant-acme/Deployment/assistant" || o.Ports[0].First != 443 || o.DeclaredBy[0] != "Tenant/acme spec.egress[llm]" {
				t.Errorf("%+v", o)
			}
			return
		}
	}
	t.Errorf("no opening for egress-llm: %s", stdout.String())
}
