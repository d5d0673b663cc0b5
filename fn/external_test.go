package fn_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/fn"
	"github.com/tenantfence/tenantfence/internal/external"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// TestImportedResourcesDecideAsLocalConfig replaces the local-config resources of each golden case by
// an imported ExternalResources. Policies and findings stay, except for the resource of a finding.
func TestImportedResourcesDecideAsLocalConfig(t *testing.T) {
	t.Parallel()
	skipInShort(t, "decides most golden cases twice")
	cases, err := filepath.Glob(filepath.Join(testdata, "generated", "*", "cluster.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	replaced := 0
	for _, c := range cases {
		dir := filepath.Dir(c)
		config, items := readCase(t, dir)
		imported, ok := withImported(t, items)
		if !ok {
			continue
		}
		replaced++
		t.Run(filepath.Base(dir), func(t *testing.T) {
			t.Parallel()
			compareRuns(t, config, items, imported)
		})
	}
	if replaced < 90 {
		t.Errorf("%d golden cases have local-config resources that import expresses, want at least 90", replaced)
	}
}

// withImported replaces the local-config resources by an imported ExternalResources. It reports false
// if the case has none, or if import does not express all of them.
func withImported(t *testing.T, items []*yaml.RNode) ([]*yaml.RNode, bool) {
	t.Helper()
	var local, rest []*yaml.RNode
	for _, n := range items {
		if resource.IsLocalConfig(n) && !resource.IsPolicy(n) {
			local = append(local, n)
		} else {
			rest = append(rest, n)
		}
	}
	imported := external.Import(local, nil)
	inexpressible := slices.ContainsFunc(imported.Findings, func(f report.Finding) bool { return f.Resource.Kind != "Namespace" })
	if len(local) == 0 || inexpressible || len(imported.LeftOut) > 0 {
		return nil, false
	}
	data, err := external.YAML("cluster", imported.Spec)
	if err != nil {
		t.Fatal(err)
	}
	return append(copied(rest), parse(t, "external.yaml", data)...), true
}

func compareRuns(t *testing.T, config *yaml.RNode, items, imported []*yaml.RNode) {
	t.Helper()
	one, err := fn.Process(config.Copy(), copied(items), fn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	other, err := fn.Process(config.Copy(), copied(imported), fn.Options{})
	if err != nil {
		t.Fatalf("refused with ExternalResources: %v: %v", err, other.Findings)
	}
	if a, b := generated(t, one.Items), generated(t, other.Items); a != b {
		t.Errorf("the policies differ:\n%s", cmp.Diff(a, b))
	}
	if d := cmp.Diff(messages(one.Findings), messages(other.Findings)); d != "" {
		t.Errorf("the findings differ:\n%s", d)
	}
}

// messages are the findings without their resources.
func messages(findings report.Findings) []string {
	var out []string
	for _, f := range findings {
		out = append(out, strings.Join(append([]string{string(f.Severity), f.Check.Name, f.Message}, f.Details...), " "))
	}
	slices.Sort(out)
	return out
}
