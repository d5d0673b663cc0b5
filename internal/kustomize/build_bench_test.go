package kustomize

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// BenchmarkBuild builds tenants with two files each: in one list, in a folder each, and in a folder each
// that sets the namespace of a workload. The time of each must grow with the number of tenants, and not with
// its square. The function changes nothing.
func BenchmarkBuild(b *testing.B) {
	fn := func(_ *yaml.RNode, items []*yaml.RNode) ([]*yaml.RNode, error) { return items, nil }
	for layout, add := range map[string]func(fsys *benchFiles, tenant string) (entries []string){
		"list":    (*benchFiles).addFiles,
		"folders": (*benchFiles).addFolder,
		"layers":  (*benchFiles).addLayer,
	} {
		for _, n := range []int{100, 400} {
			files := &benchFiles{b: b, FileSystem: filesys.MakeFsOnDisk(), dir: b.TempDir()}
			var entries []string
			for i := range n {
				entries = append(entries, add(files, fmt.Sprint("t", i))...)
			}
			files.write("kustomization.yaml", "resources: ["+strings.Join(entries, ", ")+"]\ntransformers: [fence.yaml]\n")
			files.write("fence.yaml", finishedFence)
			b.Run(fmt.Sprintf("%s/%d", layout, n), func(b *testing.B) {
				for b.Loop() {
					if _, err := Build(files, files.dir, Options{Function: fn}); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// benchFiles are the files of a benchmark.
type benchFiles struct {
	filesys.FileSystem
	b   *testing.B
	dir string
}

func (f *benchFiles) write(name, content string) {
	path := filepath.Join(f.dir, name)
	if err := f.MkdirAll(filepath.Dir(path)); err != nil {
		f.b.Fatal(err)
	}
	if err := f.WriteFile(path, []byte(content)); err != nil {
		f.b.Fatal(err)
	}
}

func (f *benchFiles) addFiles(tenant string) []string {
	f.write(tenant+"/tenant.yaml", "apiVersion: tenantfence.dev/v1alpha1\nkind: Tenant\nmetadata: {name: "+tenant+"}\nspec: {}\n")
	f.write(tenant+"/namespace.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: "+tenant+"}\n")
	return []string{tenant + "/tenant.yaml", tenant + "/namespace.yaml"}
}

func (f *benchFiles) addFolder(tenant string) []string {
	f.addFiles(tenant)
	f.write(tenant+"/kustomization.yaml", "resources: [tenant.yaml, namespace.yaml]\n")
	return []string{tenant}
}

func (f *benchFiles) addLayer(tenant string) []string {
	f.addFiles(tenant)
	f.write(tenant+"/web.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: web, envFrom: [{configMapRef: {name: settings}}]}]}\n")
	f.write(tenant+"/app/kustomization.yaml", "configMapGenerator: [{name: settings, literals: [a=b]}]\n")
	f.write(tenant+"/kustomization.yaml", "resources: [web.yaml, app]\nnamespace: "+tenant+"\n")
	return []string{tenant + "/tenant.yaml", tenant}
}
