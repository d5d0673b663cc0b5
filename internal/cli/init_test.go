package cli_test

import (
	"bytes"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/kio/kioutil"
	"sigs.k8s.io/kustomize/kyaml/yaml"
	sigs "sigs.k8s.io/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/cli"
	"github.com/tenantfence/tenantfence/internal/kustomize"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// TestInitOfExamples removes everything of this project, and every policy, from each example. What init writes
// for the rest must build and verify, in AllowOnly and in Enforce.
func TestInitOfExamples(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("skipped by -short: builds every example several times")
	}
	for _, dir := range fencedExamples(t) {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			t.Parallel()
			deploy := filepath.Join(t.TempDir(), "deploy")
			writeStripped(t, dir, deploy)
			initAndVerify(t, deploy)
		})
	}
}

var listsFence = regexp.MustCompile(`(?m)^(transformers|components|generators):`)

// fencedExamples are the folders of the examples that list a fence.
func fencedExamples(t *testing.T) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir("../../kustomization-examples", func(path string, _ os.DirEntry, err error) error {
		if err != nil || filepath.Base(path) != "kustomization.yaml" {
			return err
		}
		data, err := os.ReadFile(path)
		if listsFence.Match(data) && !bytes.Contains(data, []byte("kind: Component\n")) {
			out = append(out, filepath.Dir(path))
		}
		return err
	})
	if err != nil || len(out) < 4 {
		t.Fatalf("examples are %s: %v", out, err)
	}
	return out
}

// writeStripped writes a kustomization with the resources of an example that are no policies and not of this
// project.
func writeStripped(t *testing.T, example, deploy string) {
	t.Helper()
	var items []*yaml.RNode
	_, err := kustomize.Build(filesys.MakeFsOnDisk(), example, kustomize.Options{
		Function: func(_ *yaml.RNode, all []*yaml.RNode) ([]*yaml.RNode, error) {
			first := items == nil
			for _, n := range all {
				if first && !resource.IsPolicy(n) && resource.Group(n) != v1alpha1.Group {
					items = append(items, n.Copy())
				}
			}
			return slices.DeleteFunc(slices.Clone(all), func(n *yaml.RNode) bool { return resource.Group(n) == v1alpha1.Group }), nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	resource.ClearSources(items)
	writeKustomization(t, deploy, items)
}

func writeKustomization(t *testing.T, deploy string, items []*yaml.RNode) {
	t.Helper()
	var out bytes.Buffer
	w := kio.ByteWriter{Writer: &out, ClearAnnotations: []string{kioutil.IndexAnnotation, kioutil.PathAnnotation, resource.KustomizeID, resource.LegacyIndex, resource.LegacyPath}}
	if err := w.Write(items); err != nil {
		t.Fatal(err)
	}
	writeFiles(t, deploy, map[string]string{"kustomization.yaml": "resources:\n- all.yaml\n", "all.yaml": out.String()})
}

func writeFiles(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// initAndVerify runs init, and builds and verifies the result in AllowOnly and in Enforce. It returns the folder
// of the fence, and what init printed.
func initAndVerify(t *testing.T, deploy string, flags ...string) (fence, printed string) {
	t.Helper()
	printed = runProgram(t, nil, append([]string{"init", deploy}, flags...)...)
	fence = deploy + "-fence"
	verified(t, fence, flags...)
	profile := filepath.Join(fence, "profile.yaml")
	data, err := os.ReadFile(profile)
	if err != nil {
		t.Fatal(err)
	}
	enforced := strings.Replace(string(data), "enforcement: AllowOnly", "enforcement: Enforce", 1)
	if err := os.WriteFile(profile, []byte(enforced), 0o600); err != nil || enforced == string(data) {
		t.Fatalf("the profile is not in AllowOnly: %v", err)
	}
	verified(t, fence, flags...)
	return fence, printed
}

// verified builds and verifies a fence.
func verified(t *testing.T, fence string, flags ...string) {
	t.Helper()
	built := runProgram(t, nil, append([]string{"build", fence}, flags...)...)
	if !strings.Contains(built, "kind: CiliumNetworkPolicy\n") {
		t.Error("the build has no policy")
	}
	report := runProgram(t, []byte(built), append([]string{"verify", "--inputs", fence, "-"}, flags...)...)
	lines := strings.Split(strings.TrimSpace(report), "\n")
	if last := lines[len(lines)-1]; !strings.HasPrefix(last, "verified") {
		t.Errorf("the last line is %q", last)
	}
}

// TestInitOfLayouts runs init on kustomizations of other shapes, and checks some flows of each.
func TestInitOfLayouts(t *testing.T) {
	t.Parallel()
	t.Run("a folder for each team", func(t *testing.T) {
		t.Parallel()
		dir := unpack(t, "teams")
		fence, _ := initAndVerify(t, filepath.Join(dir, "deploy"))
		hasFlows(t, fence, "search", `
egress:
- {name: reindex-to-catalog, pods: {matchLabels: {job: reindex}}, to: [{service: team-catalog/catalog}], ports: [{port: 9000}]}
- {name: search-to-catalog, pods: {matchLabels: {app: search}}, to: [{service: team-catalog/catalog}], ports: [{port: 9000}]}
- {name: search-to-queue-jobs, pods: {matchLabels: {app: search}}, to: [{service: team-queue/jobs}], ports: [{port: 5672}]}
- {name: reindex-to-backup-example-org, pods: {matchLabels: {job: reindex}}, to: [{fqdns: [backup.example.org]}], ports: [{port: 443}]}
`)
		hasFlows(t, fence, "catalog", `
ingress:
- {name: catalog-from-search, pods: {matchLabels: {app: catalog}}, from: [{tenant: search, pods: {matchLabels: {app: search}}}], ports: [{port: api}]}
egress:
- {name: catalog-to-10-20-0-5, pods: {matchLabels: {app: catalog}}, to: [{cidrs: [10.20.0.5/32]}], ports: [{port: 5432}]}
`)
		hasFlows(t, fence, "queue", `
ingress:
- {name: jobs-from-rabbitmq-system-rabbitmq-cluster-operator, pods: {matchLabels: {app.kubernetes.io/name: jobs}}, from: [{tenant: rabbitmq-system, pods: {matchLabels: {app.kubernetes.io/component: rabbitmq-operator}}}], ports: [{port: 15672}]}
`)
		hasFlows(t, fence, "monitoring", `
egress:
- {name: prometheus-to-node-metrics-node-exporter, pods: {matchLabels: {app.kubernetes.io/name: prometheus}}, to: [{entities: [host, remote-node]}], ports: [{port: 9100}]}
`)
	})
	t.Run("base and overlays", func(t *testing.T) {
		t.Parallel()
		fence, _ := initAndVerify(t, filepath.Join(unpack(t, "overlays"), "deploy", "prod"))
		hasFlows(t, fence, "api", `
egress:
- {name: prod-api-to-identity-prod-auth, pods: {matchLabels: {app: api}}, to: [{service: identity/prod-auth}], ports: [{port: 80}]}
`)
		hasFlows(t, fence, "identity", `
ingress:
- {name: prod-auth-from-api-prod-api, pods: {matchLabels: {app: auth}}, from: [{tenant: api, pods: {matchLabels: {app: api}}}], ports: [{port: web}]}
`)
	})
	t.Run("a chart", func(t *testing.T) {
		t.Parallel()
		helm, err := filepath.Abs("../../bin/helm")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(helm); err != nil {
			t.Skipf("skipped: %v: no helm renders the chart", err)
		}
		fence, printed := initAndVerify(t, filepath.Join(unpack(t, "chart"), "deploy"), "--enable-helm", "--helm-command", helm)
		if next := "- tenantfence build --enable-helm --helm-command=" + helm + " " + fence + "\n"; !strings.Contains(printed, next) {
			t.Errorf("the next step %q is missing:\n%s", next, printed)
		}
		hasFlows(t, fence, "shop", `
egress:
- {name: live-shop-to-api-payments-example-com, pods: {matchLabels: {app.kubernetes.io/instance: live, app.kubernetes.io/name: shop}}, to: [{fqdns: [api.payments.example.com]}], ports: [{port: 443}]}
- {name: live-shop-to-warehouse-stock, pods: {matchLabels: {app.kubernetes.io/instance: live, app.kubernetes.io/name: shop}}, to: [{service: warehouse/stock}], ports: [{port: 8080}]}
`)
	})
}

// TestInitOfEvidence runs init on the manifests of each case of internal/draft.
func TestInitOfEvidence(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../draft/testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no case found: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			deploy := filepath.Join(t.TempDir(), "deploy")
			writeFiles(t, deploy, map[string]string{"kustomization.yaml": "resources: [input.yaml]\n", "input.yaml": string(archive.Files[0].Data)})
			initAndVerify(t, deploy)
		})
	}
}

// TestInitOfFiveTeams compares what init writes for a shop with the flows that the shop needs: in Enforce, all of
// them hold.
func TestInitOfFiveTeams(t *testing.T) {
	t.Parallel()
	dir := unpack(t, "five-teams")
	fence, printed := initAndVerify(t, filepath.Join(dir, "deploy"))
	truth, err := os.ReadFile(filepath.Join(dir, "truth.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	kustomization, err := os.ReadFile(filepath.Join(fence, "kustomization.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	writeFiles(t, fence, map[string]string{"truth.yaml": string(truth), "kustomization.yaml": strings.Replace(string(kustomization), "- flows.yaml\n", "- flows.yaml\n- truth.yaml\n", 1)})
	verified(t, fence)
	if strings.Contains(printed, "pa55word") {
		t.Error("the password of a Secret is printed")
	}
	for name, content := range readFiles(t, fence) {
		if strings.Contains(content, "pa55word") {
			t.Errorf("the password of a Secret is in %s", name)
		}
	}
}

// TestInitReportsRefusedFlows has a Service with a label that no policy selects: the build refuses the flow to it,
// so it is reported and not written.
func TestInitReportsRefusedFlows(t *testing.T) {
	t.Parallel()
	deploy := filepath.Join(t.TempDir(), "deploy")
	writeFiles(t, deploy, map[string]string{"kustomization.yaml": "resources: [all.yaml]\n", "all.yaml": `
apiVersion: v1
kind: Service
metadata: {name: first, namespace: data}
spec: {selector: {statefulset.kubernetes.io/pod-name: db-0}, ports: [{port: 5432}]}
---
apiVersion: v1
kind: Pod
metadata: {name: db-0, namespace: data, labels: {app: db, statefulset.kubernetes.io/pod-name: db-0}}
spec: {containers: [{name: db, image: db}]}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {containers: [{name: web, image: web, env: [{name: DB, value: "postgres://first.data"}]}]}
`})
	_, printed := initAndVerify(t, deploy)
	if !strings.Contains(printed, "Pod/web env DB: no flow is written, since the build refuses it: ") {
		t.Error(printed)
	}
}

// TestInitReportsDenials has a policy that denies a flow of the manifests. Nothing is denied in AllowOnly, so init
// reports what the build in Enforce reports, and the FlowTest that it does not write.
func TestInitReportsDenials(t *testing.T) {
	t.Parallel()
	deploy := filepath.Join(t.TempDir(), "deploy")
	writeFiles(t, deploy, map[string]string{"kustomization.yaml": "resources: [all.yaml]\n", "all.yaml": `
apiVersion: v1
kind: Service
metadata: {name: db, namespace: data}
spec: {selector: {app: db}, ports: [{port: 5432}]}
---
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: data, labels: {app: db}}
spec: {containers: [{name: db, image: db}]}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {containers: [{name: web, image: web, env: [{name: DB, value: "postgres://db.data"}]}]}
---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: no-shop, namespace: data}
spec: {endpointSelector: {}, ingressDeny: [{fromEndpoints: [{matchLabels: {k8s:io.kubernetes.pod.namespace: shop}}]}]}
`})
	printed := runProgram(t, nil, "init", deploy)
	for _, want := range []string{
		"- Pod/web env DB: its flow is written without a FlowTest, since the case \"shop/Pod/web to service/data/db:5432\" does not hold",
		"- error: Tenant/shop: spec.egress[web-to-data-db]: shop/Pod/web -> data/Pod/db:5432/TCP is declared and not allowed: ",
	} {
		if !strings.Contains(printed, want) {
			t.Errorf("%q is missing", want)
		}
	}
	if strings.Contains(printed, "isolation is proved") || t.Failed() {
		t.Error(printed)
	}
}

// TestInitOfSystemNamespaces has flows from and to pods of namespaces without a Tenant and without a Namespace in the
// build.
func TestInitOfSystemNamespaces(t *testing.T) {
	t.Parallel()
	deploy := filepath.Join(t.TempDir(), "deploy")
	writeFiles(t, deploy, map[string]string{"kustomization.yaml": "resources: [all.yaml]\n", "all.yaml": `
apiVersion: v1
kind: Pod
metadata: {name: traefik, namespace: kube-system, labels: {app.kubernetes.io/name: traefik}}
spec: {containers: [{name: traefik, image: traefik}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {containers: [{name: web, image: web, env: [{name: AGENT, value: "http://agent.node:9100"}]}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: shop}
spec: {ingressClassName: traefik, defaultBackend: {service: {name: web, port: {number: 80}}}}
---
apiVersion: v1
kind: Service
metadata: {name: agent, namespace: node}
spec: {selector: {app: agent}, ports: [{port: 9100}]}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent, namespace: node}
spec:
  selector: {matchLabels: {app: agent}}
  template: {metadata: {labels: {app: agent}}, spec: {hostNetwork: true, containers: [{name: agent, image: agent}]}}
`})
	fence, _ := initAndVerify(t, deploy)
	hasFlows(t, fence, "shop", `
ingress:
- {name: web-from-kube-system-traefik, pods: {matchLabels: {app: web}}, from: [{namespace: kube-system, pods: {matchLabels: {app.kubernetes.io/name: traefik}}}], ports: [{port: 8080}]}
egress:
- {name: web-to-node-agent, pods: {matchLabels: {app: web}}, to: [{entities: [host, remote-node]}], ports: [{port: 9100}]}
`)
}

// unpack writes a layout to a new folder.
func unpack(t *testing.T, layout string) string {
	t.Helper()
	archive, err := txtar.ParseFile(filepath.Join("testdata", "init", layout+".txtar"))
	if err != nil {
		t.Fatal(err)
	}
	dir, files := t.TempDir(), map[string]string{}
	for _, f := range archive.Files {
		files[f.Name] = string(f.Data)
	}
	writeFiles(t, dir, files)
	return dir
}

// hasFlows fails unless a Tenant has each of the flows.
func hasFlows(t *testing.T, fence, tenant, flows string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(fence, "tenants", tenant+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var have v1alpha1.Tenant
	if err := sigs.Unmarshal(data, &have); err != nil {
		t.Fatal(err)
	}
	var want v1alpha1.TenantSpec
	if err := sigs.UnmarshalStrict([]byte(flows), &want); err != nil {
		t.Fatal(err)
	}
	for _, f := range want.Ingress {
		if !slices.ContainsFunc(have.Spec.Ingress, func(h v1alpha1.IngressFlow) bool { return reflect.DeepEqual(h, f) }) {
			t.Errorf("Tenant %s has no ingress %s:\n%s", tenant, f.Name, data)
		}
	}
	for _, f := range want.Egress {
		if !slices.ContainsFunc(have.Spec.Egress, func(h v1alpha1.EgressFlow) bool { return reflect.DeepEqual(h, f) }) {
			t.Errorf("Tenant %s has no egress %s:\n%s", tenant, f.Name, data)
		}
	}
}

var updateInit = flag.Bool("update", false, "rewrite the expected files of init, and fail once")

// TestInitOfShop compares what init writes and prints for a small shop with the expected files, which are a fence
// that one can build.
func TestInitOfShop(t *testing.T) {
	t.Parallel()
	const shop = "testdata/init/shop"
	const deploy = "../../kustomization-examples/shop/deploy"
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "deploy"), os.DirFS(deploy)); err != nil {
		t.Fatal(err)
	}
	printed := runProgram(t, nil, "init", filepath.Join(dir, "deploy"))
	got := readFiles(t, filepath.Join(dir, "deploy-fence"))
	got["printed.txt"] = strings.ReplaceAll(printed, dir+string(filepath.Separator), "")
	for name, content := range got {
		path := filepath.Join(shop, name)
		want, err := os.ReadFile(path)
		if err == nil && string(want) == content {
			continue
		}
		t.Errorf("%s differs (go test ./internal/cli -run TestInitOfShop -update rewrites it):\n%s", path, content)
		if *updateInit {
			writeFiles(t, shop, map[string]string{name: content})
		}
	}
	for name := range readFiles(t, shop) {
		if _, written := got[name]; !written {
			t.Errorf("%s is expected, and init does not write it", name)
		}
	}
	if all := strings.Join(slices.Collect(maps.Values(got)), ""); strings.Contains(all, "hunter2") {
		t.Error("the password of a Secret is in the files or the printed text")
	}
}

// readFiles reads the files of a folder, by their paths with slashes.
func readFiles(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		name, _ := strings.CutPrefix(filepath.ToSlash(path), filepath.ToSlash(dir)+"/")
		out[name] = string(data)
		return err
	})
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return out
}

// runProgram runs the program, which must succeed, and returns what it prints.
func runProgram(t *testing.T, in []byte, args ...string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if code := cli.Run(args, bytes.NewReader(in), &stdout, &stderr); code != 0 {
		t.Fatalf("tenantfence %s: exit status %d\n%s%s", strings.Join(args, " "), code, stdout.String(), stderr.String())
	}
	return stdout.String()
}
