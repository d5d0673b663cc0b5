package output_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/flow"
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
		{Action: report.Unchanged, Ref: report.Ref{File: "acme/allow/same.yaml"}},
		{Action: report.Deleted, Ref: report.Ref{File: "acme/allow/x.yaml"}},
	}
	for detail, want := range map[output.Detail]string{
		output.Summary: "out: 1 created, 1 unchanged, 1 deleted\n",
		output.Verbose: "acme: CiliumNetworkPolicy/allow-dns created\nacme/allow/x.yaml deleted\nout: 1 created, 1 unchanged, 1 deleted\n",
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

// generated returns a generated policy with a spec.
func generated(name, tenant, stage, why, spec string) *yaml.RNode {
	return yaml.MustParse(`{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {namespace: tenant-acme, name: ` + name +
		`, labels: {tenantfence.dev/fence: mine, tenantfence.dev/tenant: ` + tenant + `, tenantfence.dev/family: any, tenantfence.dev/stage: ` + stage +
		`}, annotations: {tenantfence.dev/for: "` + why + `"}}, spec: ` + spec + `}`)
}

func generatedItems() []*yaml.RNode {
	return []*yaml.RNode{
		generated("default-deny", "acme", "DefaultDeny", "Tenant/acme spec.enforcement", `{endpointSelector: {}, egress: [{}], ingress: [{}]}`),
		generated("egress-llm", "acme", "Allow", "Tenant/acme spec.egress[llm]", `{endpointSelector: {matchLabels: {app: assistant}}, egress: [
			{toFQDNs: [{matchName: api.openai.com}, {matchPattern: "*.openai.com"}], toPorts: [{ports: [{port: "443", protocol: TCP}], serverNames: [api.openai.com]}]},
			{toEndpoints: [{matchLabels: {k8s-app: kube-dns, "k8s:io.kubernetes.pod.namespace": kube-system}}], toPorts: [{ports: [{port: "53", protocol: UDP}], rules: {dns: [{matchName: api.openai.com}]}}]}]}`),
		generated("ingress-api", "acme", "Allow", "Tenant/acme spec.ingress[api]\\nTenant/beta spec.egress[api]", `{endpointSelector: {matchLabels: {"app.kubernetes.io/name": api}}, ingress: [
			{fromEndpoints: [{matchLabels: {"k8s:io.cilium.k8s.namespace.labels.team": b, "k8s:io.cilium.k8s.policy.cluster": west}, matchExpressions: [{key: "k8s:io.kubernetes.pod.namespace", operator: NotIn, values: [x]}]}],
			toPorts: [{ports: [{port: "80", endPort: 90, protocol: TCP}], rules: {http: [{method: GET, path: /v1/.*}]}}, {ports: [{port: "8080", protocol: TCP}]}]},
			{fromEntities: [world], icmps: [{fields: [{family: IPv4, type: EchoRequest}, {family: IPv6, type: EchoRequest}]}]},
			{fromCIDRSet: [{cidr: 192.0.2.0/24, except: [192.0.2.1/32]}]}]}`),
		generated("allow-intra-namespace", "acme", "Baseline", "FenceProfile/p spec.baseline.intraNamespace", `{endpointSelector: {},
			egress: [{toEndpoints: [{}]}], ingress: [{fromEndpoints: [{}]}]}`),
		yaml.MustParse(`{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {namespace: tenant-acme, name: egress-db, labels: {tenantfence.dev/fence: mine, tenantfence.dev/tenant: acme, tenantfence.dev/stage: Allow}},
			spec: {podSelector: {matchExpressions: [{key: app, operator: In, values: [a, b]}]}, egress: [{ports: [{port: 5432, protocol: TCP}], to: [
			{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: databases}}, podSelector: {matchLabels: {app: db}}}, {namespaceSelector: {}}, {podSelector: {}}, {ipBlock: {cidr: 10.0.0.0/8}}]}]}}`),
		yaml.MustParse(`{apiVersion: cilium.io/v2, kind: CiliumClusterwideNetworkPolicy, metadata: {name: mine.node-kubelet, labels: {tenantfence.dev/fence: mine, tenantfence.dev/stage: Allow}},
			spec: {nodeSelector: {matchLabels: {role: worker}}, ingress: [{fromEntities: [remote-node]}]}}`),
		yaml.MustParse(`{apiVersion: v1, kind: Namespace, metadata: {name: tenant-acme}}`),
	}
}

func TestTable(t *testing.T) {
	t.Setenv("COLUMNS", "100")
	var b strings.Builder
	if err := output.Table(&b, generatedItems(), agentLoad); err != nil {
		t.Fatal(err)
	}
	golden(t, filepath.Join("testdata", "report", "table.txt"), b.String())
	for line := range strings.Lines(b.String()) {
		if n := utf8.RuneCountInString(line) - 1; n > 100 {
			t.Errorf("a line has %d columns: %s", n, line)
		}
	}
	if output.Table(fullWriter{}, generatedItems(), nil) == nil {
		t.Error("a failed write is not an error")
	}
}

var agentLoad = &report.AgentLoad{
	Namespaced: report.PolicyLoad{Objects: 4, Bytes: 2048}, Clusterwide: report.PolicyLoad{Objects: 1, Bytes: 1}, Identities: 3, DNSNames: 1,
	Largest: flow.Largest{Name: "tenant-acme/Deployment/web", Entries: 13108}, Limit: 16384,
}

// TestBuildJSON holds the JSON of a build, and of a refused one.
func TestBuildJSON(t *testing.T) {
	t.Parallel()
	changes := report.Changes{{Action: report.Created, Ref: report.Ref{Kind: "CiliumNetworkPolicy", Name: "a"}}, {Action: report.Unchanged, Ref: report.Ref{Kind: "CiliumNetworkPolicy", Name: "b"}}}
	refused := report.Findings{report.New(report.PodsNotFound, report.Error, report.Ref{Kind: "Tenant", Name: "acme"}, "spec", "has no pods")}
	built := output.Built{Passed: true, Slice: report.TenantSlice("acme"), Agents: agentLoad, Items: generatedItems(), Changes: changes}
	var b strings.Builder
	if err := errors.Join(output.BuildJSON(&b, built), output.BuildJSON(&b, output.Built{Findings: refused})); err != nil {
		t.Fatal(err)
	}
	golden(t, filepath.Join("testdata", "report", "build.json"), b.String())
	if output.BuildJSON(fullWriter{}, built) == nil {
		t.Error("a failed write is not an error")
	}
}

// TestChecksFitTheWidth checks that no line of the catalogue is longer than 100 columns.
func TestChecksFitTheWidth(t *testing.T) {
	t.Setenv("COLUMNS", "100")
	var b strings.Builder
	if err := output.Checks(&b, report.Checks()); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(b.String()) {
		if n := utf8.RuneCountInString(line) - 1; n > 100 {
			t.Errorf("a line has %d columns: %s", n, line)
		}
	}
}

// TestRowsAreLines checks that without a width, each row is one line.
func TestRowsAreLines(t *testing.T) {
	t.Setenv("COLUMNS", "")
	var b strings.Builder
	if err := output.Checks(&b, report.Checks()); err != nil {
		t.Fatal(err)
	}
	if lines, want := strings.Count(b.String(), "\n"), len(report.Checks())+1; lines != want {
		t.Errorf("%d checks and a header are %d lines", want-1, lines)
	}
}
