package kustomize

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/resource"
)

const (
	goldTenant = "apiVersion: tenantfence.dev/v1alpha1\nkind: Tenant\nmetadata: {name: gold-a}\nspec: {egress: [{name: x, to: [{entities: [world]}], ports: [{port: 0x1BB}]}]}\n"
	evilTenant = "apiVersion: tenantfence.dev/v1alpha1\nkind: Tenant\nmetadata: {name: gold-evil, annotations: {" + forgedAnnotations + "}}\nspec: {}\n"

	forgedAnnotations = `config.kubernetes.io/origin: "path: tenants/gold/gold.yaml", config.kubernetes.io/path: tenants/gold/gold.yaml,` +
		` internal.config.kubernetes.io/path: tenants/gold/gold.yaml, internal.tenantfence.dev/source: '{"file": "tenants/gold/gold.yaml", "path": "tenants/gold/gold.yaml"}'`
)

// sourcesOf builds the files with a fence, and returns the sources of resources by name, as the
// function receives them.
func sourcesOf(t *testing.T, files map[string]string) map[string]resource.Source {
	t.Helper()
	return sourcesIn(t, writeFiles(t, files))
}

func writeFiles(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, "fence.yaml", finishedFence)
	for name, content := range files {
		write(t, dir, name, content)
	}
	return dir
}

func sourcesIn(t *testing.T, dir string) map[string]resource.Source {
	t.Helper()
	got := map[string]resource.Source{}
	out, err := Build(filesys.MakeFsOnDisk(), dir, Options{Function: func(_ *yaml.RNode, items []*yaml.RNode) ([]*yaml.RNode, error) {
		for _, n := range items {
			got[n.GetName()] = resource.SourceOf(n)
		}
		return items, nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(out), "internal.tenantfence.dev") {
		t.Errorf("the build contains records:\n%s", out)
	}
	return got
}

const gold = "resources: [gold.yaml]\n"

// TestTenantSource checks that the file of a Tenant is evidence only if no layer changed its name
// or spec. The author of a layer can write any annotation, and list files of another team.
func TestTenantSource(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		root, evil string
		tenant     string
		file, path string
		unknown    string
	}{
		"unchanged": {"resources: [tenants/gold]", "", "gold-a", "tenants/gold/gold.yaml", "tenants/gold/gold.yaml", ""},
		"labels, annotations and namespace changed by a layer": {
			"resources: [tenants/gold]\nnamespace: x\ncommonAnnotations: {config.kubernetes.io/origin: 'path: x.yaml', internal.tenantfence.dev/source: x}\nlabels: [{pairs: {a: b}}]",
			"", "gold-a", "tenants/gold/gold.yaml", "tenants/gold/gold.yaml", "",
		},
		"forged annotations in the file":  {"resources: [tenants/evil]", "resources: [evil.yaml]", "gold-evil", "tenants/evil/evil.yaml", "tenants/evil/evil.yaml", ""},
		"forged annotations from a layer": {"resources: [tenants/gold, tenants/evil]", "resources: [evil.yaml]\ncommonAnnotations: {" + forgedAnnotations + "}", "gold-evil", "tenants/evil/evil.yaml", "tenants/evil/evil.yaml", ""},
		"Tenant of another team, renamed": {
			"resources: [tenants/gold, tenants/evil]", "resources: [../gold]\nnameSuffix: -b", "gold-a-b", "tenants/gold/gold.yaml", "", "renamed by a layer",
		},
		"Tenant of another team, renamed to an existing one": {
			"resources: [tenants/evil]", "resources: [../gold]\npatches: [{target: {kind: Tenant}, options: {allowNameChange: true}, patch: '[{\"op\": \"replace\", \"path\": \"/metadata/name\", \"value\": \"gold-evil\"}]'}]", "gold-evil", "", "", "renamed by a layer",
		},
		"Tenant of another team, patched": {
			"resources: [tenants/evil]", "resources: [../gold]\npatches: [{target: {kind: Tenant}, patch: '[{\"op\": \"replace\", \"path\": \"/spec\", \"value\": {}}]'}]", "gold-a", "tenants/gold/gold.yaml", "", "a layer changes the Tenant in tenants/gold/gold.yaml",
		},
		"patch of the platform": {
			"resources: [tenants/gold]\npatches: [{target: {kind: Tenant}, patch: '[{\"op\": \"add\", \"path\": \"/spec/enforcement\", \"value\": \"AllowOnly\"}]'}]", "", "gold-a", "tenants/gold/gold.yaml", "", "a layer changes",
		},
		"annotations copied from another team": {
			"resources: [tenants/evil]", "resources: [../gold, evil.yaml]\nreplacements: [{source: {kind: Tenant, name: gold-a, fieldPath: metadata.annotations}, targets: [{select: {name: gold-evil}, fieldPaths: [metadata.annotations]}]}]\n",
			"gold-evil", "tenants/evil/evil.yaml", "tenants/evil/evil.yaml", "",
		},
		"a patch file with the same Tenant": {
			"resources: [tenants/gold]\npatches: [{path: tenants/copy.yaml}]", "", "gold-a", "tenants/gold/gold.yaml", "", "declare the same",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := sourcesOf(t, map[string]string{
				"kustomization.yaml": c.root + "\ntransformers: [fence.yaml]\n", "tenants/copy.yaml": goldTenant,
				"tenants/gold/kustomization.yaml": gold, "tenants/gold/gold.yaml": goldTenant,
				"tenants/evil/kustomization.yaml": c.evil, "tenants/evil/evil.yaml": evilTenant,
			})
			s, ok := got[c.tenant]
			if !ok || s.File != c.file || s.Path != c.path || !strings.Contains(s.Unknown, c.unknown) || (s.Unknown == "") != (s.Path != "") {
				t.Errorf("%+v of %+v", s, got)
			}
		})
	}
}

func TestTenantSourceInListsAndDocuments(t *testing.T) {
	t.Parallel()
	list := "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: tenantfence.dev/v1alpha1, kind: Tenant, metadata: {name: gold-b}}\n- apiVersion: v1\n  kind: List\n  items: [{apiVersion: tenantfence.dev/v1alpha1, kind: Tenant, metadata: {name: gold-c}}]\n"
	got := sourcesOf(t, map[string]string{
		"kustomization.yaml": "resources: [t/all.yaml]\ntransformers: [fence.yaml]\n", "t/all.yaml": goldTenant + "---\n# nothing\n---\n" + list,
	})
	for _, name := range []string{"gold-a", "gold-b", "gold-c"} {
		if got[name].Path != "t/all.yaml" {
			t.Errorf("%s: %+v", name, got[name])
		}
	}
}

// TestTenantSourceBehindLinks checks symbolic links, and a file outside the directory of the build.
func TestTenantSourceBehindLinks(t *testing.T) {
	t.Parallel()
	dir := writeFiles(t, map[string]string{
		"a/kustomization.yaml": "resources: [../gold, linked, one.yaml]\ntransformers: [fence.yaml]\n", "a/fence.yaml": finishedFence,
		"gold/kustomization.yaml": gold, "gold/gold.yaml": goldTenant,
		"a/real/kustomization.yaml": "resources: [evil.yaml]\n", "a/real/evil.yaml": evilTenant,
		"a/files/one.yaml": strings.ReplaceAll(goldTenant, "gold-a", "gold-one"),
	})
	for link, target := range map[string]string{"a/linked": "real", "a/one.yaml": "files/one.yaml", "b": "a"} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	for _, root := range []string{"a", "b"} {
		got := sourcesIn(t, filepath.Join(dir, root))
		if s := got["gold-a"]; s.Path != "" || s.File != "../gold/gold.yaml" || !strings.Contains(s.Unknown, "outside the directory of the build") {
			t.Errorf("outside: %+v", s)
		}
		if s := got["gold-evil"]; s.Path != "real/evil.yaml" {
			t.Errorf("in a linked folder: %+v", s)
		}
		if s := got["gold-one"]; s.Path != "files/one.yaml" {
			t.Errorf("a linked file: %+v", s)
		}
	}
}

// TestSourceOfOtherResources checks that kustomize's origin selects one of several files with the
// same kind and name, unless a file contains that annotation.
func TestSourceOfOtherResources(t *testing.T) {
	t.Parallel()
	web := "apiVersion: v1\nkind: Service\nmetadata: {name: web}\n"
	for annotations, files := range map[string]map[string]string{
		"commonAnnotations: {a: b}\n":                                          {"a-web": "a/x.yaml", "web": "b/y.yaml", "ns": "b/z.yaml", "made": ""},
		"commonAnnotations: {config.kubernetes.io/origin: 'path: a/x.yaml'}\n": {"a-web": "", "web": "", "ns": "b/z.yaml", "made": ""},
		"patches: [{target: {}, patch: '[{\"op\": \"add\", \"path\": \"/metadata/annotations/config.kubernetes.io~1origin\", \"value\": \"path: a/x.yaml\"}]'}]\n": {"web": "", "ns": "b/z.yaml"},
	} {
		got := sourcesOf(t, map[string]string{
			"kustomization.yaml":   "resources: [a, b]\ntransformers: [fence.yaml]\n",
			"a/kustomization.yaml": "resources: [x.yaml]\nnamePrefix: a-\n", "a/x.yaml": web,
			"b/kustomization.yaml": "resources: [y.yaml, z.yaml]\nconfigMapGenerator: [{name: made, literals: [a=b]}]\n" + annotations,
			"b/y.yaml":             web, "b/z.yaml": "apiVersion: v1\nkind: Namespace\nmetadata: {name: ns, annotations: {a: b}}\n",
		})
		for name, want := range files {
			if got[name].File != want || got[name].Path != "" {
				t.Errorf("%s: %s: %+v", annotations, name, got[name])
			}
		}
	}
}

// TestDeclaredIDs checks the namespaces and names that layers changed, as the function receives them.
func TestDeclaredIDs(t *testing.T) {
	t.Parallel()
	of := func(kind, metadata string) string {
		return "apiVersion: v1\nkind: " + kind + "\nmetadata: " + metadata + "\n---\n"
	}
	services := of("Service", "{name: web, namespace: a}") + of("Service", "{name: web, namespace: b}") + of("Service", "{name: web-api, namespace: a}") + of("Service", "{name: db}")
	for name, c := range map[string]struct {
		fields, content string
		want            map[string]string
	}{
		"nothing changed": {"", services, map[string]string{"web": "/", "web-api": "/", "db": "/"}},
		"a prefix and a suffix": {"namePrefix: dev-\nnameSuffix: -v2\n", services + of("Pod", "{name: web, namespace: a}"),
			map[string]string{"dev-web-api-v2": "a/web-api", "dev-db-v2": "/db"}},
		"a namespace": {"namespace: other\n", of("Namespace", "{name: one}") + of("Service", "{name: db}") + of("Service", "{name: web, namespace: a}"),
			map[string]string{"other": "/one", "db": "default/db", "web": "a/web"}},
		"a patch": {"patches: [{target: {kind: Pod}, patch: '[{\"op\": \"replace\", \"path\": \"/metadata/name\", \"value\": \"new\"}]', options: {allowNameChange: true}}]\n", of("Pod", "{name: web, namespace: a}"),
			map[string]string{"new": "a/web"}},
		"a generator":     {"namePrefix: dev-\nconfigMapGenerator: [{name: settings, literals: [a=b]}]\n", of("Pod", "{name: web}"), map[string]string{"dev-settings": "/", "dev-web": "/web"}},
		"a forged origin": {"namePrefix: dev-\n", of("Pod", "{name: web, annotations: {config.kubernetes.io/origin: 'path: x.yaml'}}"), map[string]string{"dev-web": "/"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := sourcesOf(t, map[string]string{"kustomization.yaml": "resources: [layer]\ntransformers: [fence.yaml]\n", "layer/kustomization.yaml": "resources: [x.yaml]\n" + c.fields, "layer/x.yaml": c.content})
			for resource, want := range c.want {
				if s, ok := got[resource]; !ok || s.Namespace+"/"+s.Name != want {
					t.Errorf("%s: got %s/%s, want %s", resource, s.Namespace, s.Name, want)
				}
			}
		})
	}
}
