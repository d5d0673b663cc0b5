package position_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/tenantfence/tenantfence/internal/position"
	"github.com/tenantfence/tenantfence/internal/report"
)

const tenants = `# The tenants.
apiVersion: tenantfence.dev/v1alpha1
kind: Tenant
metadata: {name: acme}
spec:
  namespaces: [acme, &beta beta]
  egress:
  - name: llm
    to:
    - fqdns: [api.example.com]
---

---
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: ConfigMap
  metadata:
    name: cilium-config
    namespace: kube-system
    labels: {example.com/team: a}
- {apiVersion: v1, kind: ConfigMap, metadata: {name: cilium-config, namespace: other}}
`

func TestPositionOfFields(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "tenants.yaml"), []byte(tenants), 0o600); err != nil {
		t.Fatal(err)
	}
	acme := report.Ref{Kind: "Tenant", Name: "acme", File: "tenants.yaml"}
	config := report.Ref{Kind: "ConfigMap", Namespace: "kube-system", Name: "cilium-config", File: "tenants.yaml"}
	with := func(ref report.Ref, change func(*report.Ref)) report.Ref {
		change(&ref)
		return ref
	}
	for _, c := range []struct {
		ref         report.Ref
		field, want string
	}{
		{acme, "", "2:1"},
		{acme, "spec.namespaces[1]", "6:22"},
		{acme, "spec.egress[0].to[0].fqdns[0]", "10:15"},
		{acme, "spec.egress[llm].to", "9:5"},
		{acme, "spec.egress[0].ports[0].port", "8:5"},
		{acme, "spec.egress[5]", "7:3"},
		{acme, "status", "2:1"},
		{with(acme, func(r *report.Ref) { r.Name = "prod-acme-v2" }), "spec.egress", "7:3"},
		{with(acme, func(r *report.Ref) { r.Name = "other" }), "spec.egress", "0:0"},
		{with(acme, func(r *report.Ref) { r.File = "missing.yaml" }), "spec.egress", "0:0"},
		{with(acme, func(r *report.Ref) { r.File = "" }), "spec.egress", "0:0"},
		{config, "metadata.labels[example.com/team]", "22:14"},
		{with(config, func(r *report.Ref) { r.Namespace = "" }), "metadata", "0:0"},
	} {
		f := report.New(report.PodsNotFound, report.Error, c.ref, c.field, "a finding")
		got := position.NewFinder(t.TempDir(), dir).Locate(report.Findings{f})[0]
		if at := fmt.Sprintf("%d:%d", got.Line, got.Column); at != c.want {
			t.Errorf("%v %s: got %s, want %s", c.ref, c.field, at, c.want)
		}
	}
}

func TestKnownPositionsStay(t *testing.T) {
	t.Parallel()
	f := report.New(report.PodsNotFound, report.Error, report.Ref{}, "", "a finding")
	f.Line, f.Column = 3, 4
	if got := position.NewFinder(t.TempDir()).Locate(report.Findings{f})[0]; !got.Equal(f) {
		t.Errorf("got %d:%d, want 3:4", got.Line, got.Column)
	}
}
