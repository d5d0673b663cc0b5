package external_test

import (
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/external"
)

// imported imports resources of the namespace apps. It returns the lines with workloads and
// Services, and the findings.
func imported(t *testing.T, texts ...string) (lines, findings []string) {
	t.Helper()
	items := []*yaml.RNode{yaml.MustParse("{apiVersion: v1, kind: Namespace, metadata: {name: apps}}")}
	for _, text := range texts {
		items = append(items, yaml.MustParse(text))
	}
	got := external.Import(items, nil)
	for _, f := range got.Findings {
		findings = append(findings, f.Check.Name+" "+f.Resource.String()+": "+f.Message)
	}
	data, err := external.YAML("cluster", got.Spec)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		if line, ok := strings.CutPrefix(strings.TrimSpace(line), "- {"); ok {
			lines = append(lines, "{"+line)
		}
	}
	return lines, findings
}

// TestImportLeavesOutOneService imports a Service that the apiserver accepts. If ExternalResources
// cannot express it, a warning names it, and the others are imported.
func TestImportLeavesOutOneService(t *testing.T) {
	t.Parallel()
	service := func(name, spec string) string {
		return "{apiVersion: v1, kind: Service, metadata: {name: " + name + ", namespace: apps}, spec: " + spec + "}"
	}
	slice := func(fields string) string {
		return "{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: db-1, namespace: apps, labels: {kubernetes.io/service-name: db}}, endpoints: [{addresses: [192.0.2.1]}], " + fields + "}"
	}
	const other = "{name: zz, selector: {app: web}, ports: [{port: 80}]}"
	for desc, c := range map[string]struct {
		items         []string
		line, warning string
	}{
		"an externalName that is an address": {
			[]string{service("db", "{type: ExternalName, externalName: 10.0.0.1}")},
			"", `import-left-out apps: Service/db: is not imported, because ExternalResources cannot express it (externalName: Invalid value: "10.0.0.1"`,
		},
		"a slice without the name of the port": {
			[]string{service("db", "{ports: [{name: pg, port: 5432}]}"), slice(`ports: [{name: "", port: 5432}]`)},
			"", "import-left-out apps: Service/db: has no selector, and none of its EndpointSlices has a port with the name",
		},
		"a slice without ports, and a named target port": {
			[]string{service("db", "{ports: [{port: 5432, targetPort: pg}]}"), slice("ports: null")},
			"", "import-left-out apps: Service/db: has no selector, and none of its EndpointSlices has a port with the name",
		},
		"a slice with all ports": {
			[]string{service("db", "{ports: [{port: 5432}]}"), slice(`ports: [{name: ""}]`)},
			"", "import-left-out apps: Service/db: has no selector, and none of its EndpointSlices has a port with the name",
		},
		"a slice with a port that the Service lacks": {
			[]string{service("db", "{ports: [{port: 5432}]}"), slice(`ports: [{name: metrics, port: 9187}, {name: "", port: 5432}]`)},
			"{name: db, endpoints: [{addresses: [192.0.2.1]}], ports: [{port: 5432}]}", "",
		},
		"one of two slices without the port": {
			[]string{service("db", "{ports: [{port: 5432}]}"), slice(`ports: [{name: "", port: 5432}]`), strings.ReplaceAll(slice("ports: []"), "db-1", "db-2")},
			"{name: db, endpoints: [{addresses: [192.0.2.1]}], ports: [{port: 5432}]}", "import-inexact apps: Service/db: has an EndpointSlice without a port of the Service",
		},
		"a headless Service without ports": {
			[]string{service("db", "{clusterIP: None}"), slice("ports: null")},
			"{name: db, endpoints: [{addresses: [192.0.2.1]}], headless: true}", "",
		},
		"a field of another type": {
			[]string{service("db", "{selector: [app]}")},
			"", "import-left-out apps: Service/db: is not imported, because it cannot be read (",
		},
	} {
		t.Run(desc, func(t *testing.T) {
			t.Parallel()
			lines, findings := imported(t, append(c.items, service("zz", "{selector: {app: web}, ports: [{port: 80}]}"))...)
			want := slices.DeleteFunc([]string{c.line, other}, func(s string) bool { return s == "" })
			if !slices.Equal(lines, want) {
				t.Errorf("got %q, want %q", lines, want)
			}
			if len(findings) != min(len(c.warning), 1) || c.warning != "" && !strings.HasPrefix(findings[0], c.warning) {
				t.Errorf("got the findings %q, want %q", findings, c.warning)
			}
		})
	}
}

// TestImportLeavesOutOneWorkload imports pods whose controller has an invalid name.
func TestImportLeavesOutOneWorkload(t *testing.T) {
	t.Parallel()
	lines, findings := imported(t, pod("a-1", "{app: a}", owner("apps/v1", "ReplicaSet", "UPPER"), web), pod("b-1", "{app: b}", "", web))
	if want := []string{"{name: b-1, kind: Pod, labels: {app: b}, ports: [{name: http, port: 80}]}"}; !slices.Equal(lines, want) {
		t.Errorf("got %q, want %q", lines, want)
	}
	if len(findings) != 1 || !strings.HasPrefix(findings[0], "import-left-out apps: ReplicaSet/UPPER: is not imported, because ExternalResources cannot express it (name: ") {
		t.Errorf("findings: %q", findings)
	}
}

// TestImportReportsControllers imports resources that make pods. A warning names those whose pods the
// input lacks.
func TestImportReportsControllers(t *testing.T) {
	t.Parallel()
	rollout := "{apiVersion: argoproj.io/v1alpha1, kind: Rollout, metadata: {name: web, namespace: apps}, spec: {template: {metadata: {labels: {app: web}}, spec: " + web + "}}}"
	cloneSet := strings.NewReplacer("argoproj.io", "apps.kruise.io", "Rollout", "CloneSet").Replace(rollout)
	thing := "{apiVersion: example.com/v1, kind: Thing, metadata: {name: web, namespace: apps}}"
	replicaSet := "{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: web-1, namespace: apps, ownerReferences: [" + owner("argoproj.io/v1alpha1", "Rollout", "web") + "]}, spec: {template: {metadata: {labels: {app: web}}, spec: " + web + "}}}"
	for desc, c := range map[string]struct {
		items   []string
		warning string
	}{
		"a Rollout without its pods":      {[]string{rollout}, "import-left-out apps: Rollout/web: makes pods, which the input lacks"},
		"a CloneSet without its pods":     {[]string{cloneSet}, "import-left-out apps: CloneSet/web: makes pods, which the input lacks"},
		"an unknown kind without pods":    {[]string{thing}, "import-left-out apps: Thing/web: is of an unknown kind"},
		"a Rollout with its pods":         {[]string{rollout, pod("web-1-x", "{app: web}", owner("apps/v1", "ReplicaSet", "web-1"), web), replicaSet}, ""},
		"a CloneSet with its pods":        {[]string{cloneSet, pod("web-x", "{app: web}", owner("apps.kruise.io/v1alpha1", "CloneSet", "web"), web)}, ""},
		"a kind of no effect":             {[]string{"{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: apps}}"}, ""},
		"an EndpointSlice with names":     {[]string{"{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: a, namespace: apps}, addressType: FQDN, endpoints: [{addresses: [a.example.com]}]}"}, "import-left-out apps: EndpointSlice/a: has DNS names instead of addresses"},
		"a load balancer with a DNS name": {[]string{loadBalancer("{hostname: a.example.com}")}, "import-inexact apps: Service/lb: has a load balancer with a DNS name"},
		"a load balancer with both":       {[]string{loadBalancer("{hostname: a.example.com, ip: 192.0.2.1}")}, "import-inexact apps: Service/lb: has a load balancer with a DNS name"},
		"a load balancer with an address": {[]string{loadBalancer("{ip: 192.0.2.1}")}, ""},
	} {
		t.Run(desc, func(t *testing.T) {
			t.Parallel()
			_, findings := imported(t, c.items...)
			if len(findings) != min(len(c.warning), 1) || c.warning != "" && !strings.HasPrefix(findings[0], c.warning) {
				t.Errorf("got the findings %q, want %q", findings, c.warning)
			}
		})
	}
}

func loadBalancer(ingress string) string {
	return "{apiVersion: v1, kind: Service, metadata: {name: lb, namespace: apps}, spec: {type: LoadBalancer, clusterIP: 10.0.0.1, selector: {app: web}, ports: [{port: 80}]}, status: {loadBalancer: {ingress: [" + ingress + "]}}}"
}

// TestImportQuotesTexts imports labels that YAML 1.1 reads as other values than texts.
func TestImportQuotesTexts(t *testing.T) {
	t.Parallel()
	for _, value := range []string{"yes", "no", "on", "off", "y", "n", "Y", "NO", "true", "null", "1", "1e3", "0x1f", "0b1", "1_000", "2024-01-01"} {
		lines, _ := imported(t, pod("a", `{app: "`+value+`"}`, "", "{containers: []}"))
		if want := `{name: a, kind: Pod, labels: {app: "` + value + `"}}`; !slices.Equal(lines, []string{want}) {
			t.Errorf("got %q, want %q", lines, want)
		}
	}
	if lines, _ := imported(t, pod("a", "{'y': web}", "", "{containers: []}")); !slices.Equal(lines, []string{`{name: a, kind: Pod, labels: {"y": web}}`}) {
		t.Errorf("a key: got %q", lines)
	}
}
