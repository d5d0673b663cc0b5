package output_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/output"
	"github.com/tenantfence/tenantfence/internal/report"
)

// fullWriter fails like a disk that is.
type fullWriter struct{}

func (fullWriter) Write([]byte) (int, error) { return 0, errors.New("full") }

func TestText(t *testing.T) {
	t.Parallel()
	findings := report.Findings{
		report.New(&report.Check{Name: "a", Severities: []report.Severity{report.Error}}, report.Error, report.Ref{Kind: "Tenant", Name: "acme", File: "acme.yaml"}, "spec.id", "is wrong:\nmend it"),
		report.New(&report.Check{Name: "b", Severities: []report.Severity{report.Info}}, report.Info, report.Ref{}, "", "is so"),
	}
	var b strings.Builder
	if err := output.Text(&b, findings, output.Summary); err != nil {
		t.Fatal(err)
	}
	want := "error: acme.yaml: Tenant/acme: spec.id: is wrong: mend it [a]\ninfo: is so [b]\n"
	if d := cmp.Diff(want, b.String()); d != "" {
		t.Error(d)
	}
	if output.Text(fullWriter{}, findings, output.Summary) == nil {
		t.Error("a failed write is not an error")
	}
}

func TestChanges(t *testing.T) {
	t.Parallel()
	changes := report.Changes{
		{Action: report.Created, Ref: report.Ref{Kind: "CiliumNetworkPolicy", Namespace: "acme", Name: "allow-dns"}},
		{Action: report.Deleted, Ref: report.Ref{File: "acme/allow/x.yaml"}},
	}
	for detail, want := range map[output.Detail]string{
		output.Summary: "out: 1 created, 0 configured, 0 unchanged, 1 deleted\n",
		output.Verbose: "acme: CiliumNetworkPolicy/allow-dns created\nacme/allow/x.yaml deleted\nout: 1 created, 0 configured, 0 unchanged, 1 deleted\n",
	} {
		var b strings.Builder
		if err := output.Changes(&b, "out", changes, detail); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, b.String()); d != "" {
			t.Error(d)
		}
		if output.Changes(fullWriter{}, "out", changes, detail) == nil {
			t.Error("a failed write is not an error")
		}
	}
}

func TestTable(t *testing.T) {
	t.Parallel()
	n := func(name, stage, why string) *yaml.RNode {
		return yaml.MustParse(`{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {namespace: tenant-acme, name: ` + name +
			`, labels: {tenantfence.dev/fence: mine, tenantfence.dev/tenant: acme, tenantfence.dev/stage: ` + stage +
			`}, annotations: {tenantfence.dev/for: "` + why + `"}}}`)
	}
	items := []*yaml.RNode{
		n("default-deny", "DefaultDeny", "Tenant/acme spec.enforcement"),
		n("egress-llm", "Allow", "Tenant/acme spec.egress[llm]"),
		n("egress-api", "Allow", "Tenant/acme spec.egress[api]\\nTenant/beta spec.ingress[api]"),
		n("allow-dns", "Baseline", "FenceProfile/p spec.baseline.dns"),
		yaml.MustParse(`{apiVersion: v1, kind: Namespace, metadata: {name: tenant-acme}}`),
	}
	var b strings.Builder
	if err := output.Table(&b, items); err != nil {
		t.Fatal(err)
	}
	want := `TENANT  STAGE        DECLARED BY     POLICIES
acme    Baseline     FenceProfile/p  allow-dns
acme    Allow        Tenant/acme     egress-llm
acme    Allow        Tenant/acme, …  egress-api
acme    DefaultDeny  Tenant/acme     default-deny
`
	if d := cmp.Diff(want, b.String()); d != "" {
		t.Error(d)
	}
	if output.Table(fullWriter{}, items) == nil {
		t.Error("a failed write is not an error")
	}
}
