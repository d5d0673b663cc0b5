package resource_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

func tenant(annotations string) *yaml.RNode {
	return yaml.MustParse("apiVersion: tenantfence.dev/v1alpha1\nkind: Tenant\nmetadata: {name: acme, annotations: {" + annotations + "}}")
}

func TestRefOfRecordedFile(t *testing.T) {
	t.Parallel()
	n := yaml.MustParse("apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: a}")
	if err := resource.SetSource(n, resource.Source{File: "a/b.yaml", Index: 2}); err != nil {
		t.Fatal(err)
	}
	want := report.Ref{APIVersion: "v1", Kind: "Service", Namespace: "a", Name: "web", File: "a/b.yaml", Index: 2}
	if diff := cmp.Diff(want, resource.RefOf(n)); diff != "" {
		t.Error(diff)
	}
	resource.ClearSource(n)
	if s := n.MustString(); s != "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: a}\n" {
		t.Errorf("the resource is changed to\n%s", s)
	}
}

// Annotations of the resource's author do not name a file, because kustomize keeps them all.
func TestRefOfIgnoresAuthorAnnotations(t *testing.T) {
	t.Parallel()
	n := tenant(`config.kubernetes.io/origin: "path: x.yaml", config.kubernetes.io/path: x.yaml, internal.config.kubernetes.io/path: x.yaml, internal.config.kubernetes.io/index: "7"`)
	if ref := resource.RefOf(n); ref.File != "" || ref.Index != 0 {
		t.Errorf("got file %s, document %d", ref.File, ref.Index)
	}
}

const forged = `internal.tenantfence.dev/source: '{"file": "x.yaml", "path": "x.yaml"}'`

func TestSetSourceReplacesAuthorAnnotation(t *testing.T) {
	t.Parallel()
	for name, n := range map[string]*yaml.RNode{
		"once":                     tenant(forged),
		"twice":                    tenant(forged + ", " + forged),
		"in annotations twice":     yaml.MustParse("apiVersion: tenantfence.dev/v1alpha1\nkind: Tenant\nmetadata: {name: a, annotations: {" + forged + "}, annotations: {" + forged + "}}"),
		"in metadata twice":        yaml.MustParse("apiVersion: tenantfence.dev/v1alpha1\nkind: Tenant\nmetadata: {name: a, annotations: {" + forged + "}}\nmetadata: {annotations: {" + forged + "}}"),
		"in annotations, a list":   yaml.MustParse("apiVersion: tenantfence.dev/v1alpha1\nkind: Tenant\nmetadata: {name: a, annotations: [a]}"),
		"in metadata, a list":      yaml.MustParse("apiVersion: tenantfence.dev/v1alpha1\nkind: Tenant\nmetadata: [a]"),
		"as a map instead of text": tenant(`internal.tenantfence.dev/source: {path: x.yaml}`),
	} {
		resource.ClearSource(n)
		if got := resource.SourceOf(n); got != (resource.Source{}) {
			t.Errorf("%s: after clearing it is %v", name, got)
		}
	}
	for name, n := range map[string]*yaml.RNode{"once": tenant(forged), "twice": tenant(forged + ", " + forged)} {
		want := resource.Source{File: "a.yaml", Path: "a.yaml"}
		if err := resource.SetSource(n, want); err != nil || resource.SourceOf(n) != want {
			t.Errorf("%s: it is %v, error %v", name, resource.SourceOf(n), err)
		}
	}
}

const (
	kptPaths  = `internal.config.kubernetes.io/path: t/a.yaml, config.kubernetes.io/path: t/a.yaml, internal.config.kubernetes.io/index: "2"`
	kptRender = kptPaths + `, internal.config.kubernetes.io/package-path: /p/root`
	otherItem = `internal.config.kubernetes.io/path: b.yaml, config.kubernetes.io/path: b.yaml`
	plain     = ""
)

// The whole list decides which host it is, so no Tenant makes kustomize look like kpt.
func TestSourcesByHost(t *testing.T) {
	t.Parallel()
	const byKustomize, byOthers = "kustomize runs this function", "does not record the file"
	for name, c := range map[string]struct {
		config, tenant, other string
		path, unknown         string
	}{
		"kpt fn eval":   {plain, kptPaths, otherItem, "t/a.yaml", ""},
		"kpt fn render": {`internal.config.kubernetes.io/package-path: /p/root`, kptRender, otherItem + `, internal.config.kubernetes.io/package-path: /p/root`, "t/a.yaml", ""},
		"a nested package has its own file paths": {`internal.config.kubernetes.io/package-path: /p`, kptRender, otherItem + `, internal.config.kubernetes.io/package-path: /p`, "root/t/a.yaml", ""},
		"a package outside":                       {`internal.config.kubernetes.io/package-path: /p/x`, kptRender, otherItem + `, internal.config.kubernetes.io/package-path: /p/x`, "", "outside"},
		"a package that only the Tenant names":    {plain, kptRender, otherItem, "", "package-path, which kpt fn render sets on all"},
		"a package that the Tenant does not name": {`internal.config.kubernetes.io/package-path: /p`, kptPaths, otherItem + `, internal.config.kubernetes.io/package-path: /p`, "", "package-path, which kpt fn render sets on all"},
		"kustomize": {`config.kubernetes.io/function: "exec: {path: tenantfence}"`, kptPaths + `, kustomize.config.k8s.io/id: "1"`, `kustomize.config.k8s.io/id: "2"`, "", byKustomize},
		"kustomize, and each item has paths as kpt sets them": {`config.kubernetes.io/function: "exec: {path: tenantfence}"`, kptPaths + `, kustomize.config.k8s.io/id: "1"`, otherItem + `, kustomize.config.k8s.io/id: "2"`, "", byKustomize},
		"kustomize, and the items were in one List":           {`config.kubernetes.io/function: "exec: {path: tenantfence}"`, kptPaths, otherItem, "", byKustomize},
		"kustomize of another way to name the function":       {`config.k8s.io/function: "exec: {path: tenantfence}"`, kptPaths, otherItem, "", byKustomize},
		"ids without the function":                            {plain, kptPaths + `, kustomize.config.k8s.io/id: "1"`, otherItem + `, kustomize.config.k8s.io/id: "2"`, "", byKustomize},
		"an item with an ID of kustomize":                     {plain, kptPaths, otherItem + `, kustomize.config.k8s.io/id: "2"`, "", "kustomize.config.k8s.io/id, which only kustomize sets"},
		"an item without a file":                              {plain, kptPaths, plain, "", byOthers},
		"two paths that differ":                               {plain, `internal.config.kubernetes.io/path: a.yaml, config.kubernetes.io/path: b.yaml`, otherItem, "", byOthers},
		"a path that is written twice":                        {plain, kptPaths + `, internal.config.kubernetes.io/path: t/a.yaml`, otherItem, "", byOthers},
		"a path out of the package":                           {plain, `internal.config.kubernetes.io/path: ../t/a.yaml, config.kubernetes.io/path: ../t/a.yaml`, otherItem, "", "outside"},
		"an absolute path":                                    {plain, `internal.config.kubernetes.io/path: /t/a.yaml, config.kubernetes.io/path: /t/a.yaml`, otherItem, "", "outside"},
		"a list by hand":                                      {plain, plain, plain, "", byOthers},
		"a forged record of this program":                     {plain, forged, plain, "", byOthers},
		"a forged record of this program and a file":          {plain, kptPaths + ", " + forged, otherItem, "t/a.yaml", ""},
		"an origin as kustomize's buildMetadata sets it":      {`config.kubernetes.io/function: "exec: {path: tenantfence}"`, `config.kubernetes.io/origin: "path: t/a.yaml", kustomize.config.k8s.io/id: "1"`, `kustomize.config.k8s.io/id: "1"`, "", byKustomize},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := yaml.MustParse("apiVersion: tenantfence.dev/v1alpha1\nkind: TenantFence\nmetadata: {name: f, annotations: {" + c.config + "}}")
			n, other := tenant(c.tenant), yaml.MustParse("apiVersion: v1\nkind: Service\nmetadata: {name: web, annotations: {"+c.other+"}}")
			if err := resource.SetSourcesByHost(config, []*yaml.RNode{n, other}); err != nil {
				t.Fatal(err)
			}
			got := resource.SourceOf(n)
			if got.Path != c.path || (got.Unknown == "") != (c.unknown == "") || !strings.Contains(got.Unknown, c.unknown) {
				t.Errorf("path %q, unknown %q", got.Path, got.Unknown)
			}
			if c.path != "" && (got.File != c.path || got.Index != 2 || resource.RefOf(other).File == "") {
				t.Errorf("file %q, document %d", got.File, got.Index)
			}
			if c.path == "" && c.unknown != "outside" && (got.File != "" || resource.RefOf(other).File != "") {
				t.Errorf("files %q and %q", got.File, resource.RefOf(other).File)
			}
		})
	}
}

// kpt reads the functionConfig separately from the package, with the annotations in its file.
func TestFunctionConfigSource(t *testing.T) {
	t.Parallel()
	fence := func(annotations string) *yaml.RNode {
		return yaml.MustParse("apiVersion: tenantfence.dev/v1alpha1\nkind: TenantFence\nmetadata: {name: f, annotations: {" + annotations + "}}")
	}
	config := fence(`internal.config.kubernetes.io/path: x.yaml, config.kubernetes.io/path: x.yaml`)
	if err := resource.SetSourcesByHost(config, []*yaml.RNode{fence(otherItem)}); err != nil || resource.RefOf(config).File != "b.yaml" {
		t.Errorf("file %q, error %v", resource.RefOf(config).File, err)
	}
	if err := resource.SetSourcesByHost(config, []*yaml.RNode{tenant(kptPaths)}); err != nil || resource.RefOf(config).File != "" {
		t.Errorf("alone: file %q, error %v", resource.RefOf(config).File, err)
	}
	if err := resource.SetSourcesByHost(nil, nil); err != nil {
		t.Error(err)
	}
}
