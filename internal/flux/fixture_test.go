package flux

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tenantfence/tenantfence/internal/report"

	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

var defaults = Options{
	Source:    Source{Kind: "GitRepository", Name: "flux-system"},
	Path:      "./rendered",
	Namespace: "flux-system",
	GroupBy:   ByTenant,
}

// groupings are the options of each grouping.
var groupings = []Options{defaults, {Source: defaults.Source, Path: defaults.Path, Namespace: defaults.Namespace, GroupBy: ByStage}}

// cnp is a policy of a tenant, in the namespace tenant-NAME.
func cnp(tenant, stage, name string) string {
	return fmt.Sprintf(`apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata:
  annotations:
    tenantfence.dev/for: Tenant/%[1]s spec.egress[${PORT}]
  labels:
    app.kubernetes.io/managed-by: tenantfence
    tenantfence.dev/fence: fence
    tenantfence.dev/stage: %[2]s
    tenantfence.dev/tenant: %[1]s
  name: %[3]s
  namespace: tenant-%[1]s
spec:
  egress:
  - toPorts:
    - ports:
      - port: "443"
        protocol: TCP
  endpointSelector: {}
`, tenant, stage, name)
}

// ccnp is a policy of the cluster.
func ccnp(stage, name string) string {
	return fmt.Sprintf(`apiVersion: cilium.io/v2
kind: CiliumClusterwideNetworkPolicy
metadata:
  labels:
    app.kubernetes.io/managed-by: tenantfence
    tenantfence.dev/fence: fence
    tenantfence.dev/stage: %s
  name: %s
spec:
  nodeSelector: {}
`, stage, name)
}

// tenant is what an enforced tenant has.
func tenant(name string) []string {
	return []string{cnp(name, "Baseline", "allow-dns"), cnp(name, "Allow", "egress-llm"), cnp(name, "DefaultDeny", "default-deny")}
}

func items(t *testing.T, documents ...string) []*yaml.RNode {
	t.Helper()
	nodes, err := kio.FromBytes([]byte(strings.Join(documents, "---\n")))
	if err != nil {
		t.Fatal(err)
	}
	return nodes
}

// tree renders what must be fine.
func tree(t *testing.T, o Options, documents ...string) Files {
	t.Helper()
	files, findings, err := Tree(items(t, documents...), o)
	if err != nil || len(findings) > 0 {
		t.Fatalf("Tree: %v %v", err, findings)
	}
	return files
}

// mustWrite writes what must be fine.
func mustWrite(t *testing.T, out string, files Files) report.Changes {
	t.Helper()
	changes, findings, err := Write(out, files)
	if err != nil || len(findings) > 0 {
		t.Fatalf("Write: %v %v", err, findings)
	}
	return changes
}

// snapshot is the files of a folder with their content and time.
func snapshot(t *testing.T, dir string) map[string]string {
	t.Helper()
	got := map[string]string{}
	err := filepath.WalkDir(dir, func(name string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil || !entry.Type().IsRegular() {
			got[name] = entry.Type().String()
			return err
		}
		content, err := os.ReadFile(name)
		got[name] = fmt.Sprint(info.ModTime().UnixNano(), " ", string(content))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// body is a file without its seal.
func body(t *testing.T, files Files, file string) string {
	t.Helper()
	content, ok := files[file]
	if !ok {
		t.Fatalf("%s is missing in %v", file, files.paths())
	}
	_, rest, _ := strings.Cut(string(content), "\n")
	return rest
}

// checks are the files and checks of findings.
func checks(findings report.Findings) []string {
	var got []string
	for _, f := range findings {
		got = append(got, f.Resource.File+" "+f.Check.Name)
	}
	return got
}
