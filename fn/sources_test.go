package fn_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/tenantfence/tenantfence/fn"
	"github.com/tenantfence/tenantfence/internal/output"
)

// kptList is what kpt hands to the function: each item has the file that kpt read it from.
const kptList = `apiVersion: config.kubernetes.io/v1
kind: ResourceList
items:
- apiVersion: tenantfence.dev/v1alpha1
  kind: FenceProfile
  metadata:
    name: default
    annotations:
      config.kubernetes.io/local-config: "true"
      config.kubernetes.io/path: 'profile.yaml'
      internal.config.kubernetes.io/path: 'profile.yaml'
  spec:
    cluster: {cni: Cilium, ciliumVersion: "1.19"}
    tenants:
      allowedPaths:
      - {names: [gold-*], paths: [tenants/gold/*]}
- apiVersion: tenantfence.dev/v1alpha1
  kind: Tenant
  metadata:
    name: gold-a # a comment
    annotations:
      config.kubernetes.io/local-config: "true"
      internal.tenantfence.dev/source: '{"file":"tenants/gold/a.yaml","path":"tenants/gold/a.yaml"}'
      config.kubernetes.io/origin: 'path: tenants/gold/a.yaml'
      config.kubernetes.io/path: 'FILE'
      internal.config.kubernetes.io/path: 'FILE'
- apiVersion: v1
  kind: Namespace
  metadata:
    name: tenant-gold-a
    annotations:
      config.kubernetes.io/path: 'cluster.yaml'
      internal.config.kubernetes.io/path: 'cluster.yaml'
functionConfig:
  apiVersion: tenantfence.dev/v1alpha1
  kind: TenantFence
  metadata:
    name: fence
`

func execute(t *testing.T, list string) (out, stderr string, err error) {
	t.Helper()
	var o, e bytes.Buffer
	err = fn.Execute(strings.NewReader(list), &o, fn.Options{}, func(r fn.Result, err error) error {
		return fn.Report(&e, r, err, output.Summary)
	})
	return o.String(), e.String(), err
}

func TestKptPathsAreTrusted(t *testing.T) {
	t.Parallel()
	list := strings.ReplaceAll(kptList, "FILE", "tenants/gold/a.yaml")
	out, stderr, err := execute(t, list)
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr)
	}
	// The items stay as they came, but for the record that only this program writes.
	want, _, _ := strings.Cut(list, "functionConfig:")
	for line := range strings.Lines(want) {
		if !strings.Contains(line, "internal.tenantfence.dev") && !strings.Contains(out, line) {
			t.Errorf("the output lacks %s", line)
		}
	}
	if strings.Contains(out, "internal.tenantfence.dev") {
		t.Errorf("the output has sources:\n%s", out)
	}
	out, stderr, err = execute(t, strings.ReplaceAll(kptList, "FILE", "tenants/evil/a.yaml"))
	const refused = `error: tenants/evil/a.yaml: Tenant/gold-a: metadata.name: spec.tenants.allowedPaths[0] of the profile binds the name "gold-a" to "tenants/gold/*", and this Tenant is in "tenants/evil/a.yaml"`
	if err == nil || !strings.Contains(stderr, refused) {
		t.Errorf("error %v\n%s", err, stderr)
	}
	if strings.Contains(out, "internal.tenantfence.dev") || !strings.Contains(out, "path: tenants/evil/a.yaml") {
		t.Errorf("the results do not name the file, or the items hold a record:\n%s", out)
	}
}

// Under kustomize a Tenant's annotations are those that its author wrote.
func TestKustomizePathsAreNotTrusted(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(string) string{
		"ids on all items": func(s string) string {
			return strings.ReplaceAll(s, "    annotations:\n", "    annotations:\n      kustomize.config.k8s.io/id: x\n")
		},
		"the function on the functionConfig": func(s string) string {
			return s + "    annotations: {config.kubernetes.io/function: \"exec: {path: tenantfence}\"}\n"
		},
	} {
		_, stderr, err := execute(t, change(strings.ReplaceAll(kptList, "FILE", "tenants/gold/a.yaml")))
		const refused = `error: Tenant/gold-a: metadata.name: spec.tenants.allowedPaths[0] of the profile binds the name "gold-a" to "tenants/gold/*", and the file of this Tenant is unknown: kustomize runs this function and does not record the file of a resource: use tenantfence build or render, or kpt; if kustomize runs it within these, list the fence in the layer that is built [tenant-path-unknown]`
		if err == nil || !strings.Contains(stderr, refused) {
			t.Errorf("%s: error %v\n%s", name, err, stderr)
		}
		if strings.Contains(stderr, "a.yaml") || strings.Contains(stderr, "profile.yaml") {
			t.Errorf("%s: it names a file:\n%s", name, stderr)
		}
	}
}
