package kustomize

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/resid"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	tenantfence "github.com/tenantfence/tenantfence/internal/resource"
)

// records are the resources in the files that a build read, as they stand there. They
// tell where a resource of the build comes from: its annotations do not, since layers
// and authors write them.
type records struct {
	fsys filesys.FileSystem
	// root is the directory that is built, symbolic links resolved.
	root  filesys.ConfirmedDir
	files map[string][]byte
	kinds map[resid.Gvk][]document
	// forged reports that some file names the annotation in which kustomize keeps origins.
	forged bool
}

// document is a resource in a file.
type document struct {
	// file is its path, symbolic links resolved.
	file string
	name string
	node *yaml.RNode
}

func newRecords(fsys filesys.FileSystem, root filesys.ConfirmedDir) *records {
	return &records{fsys: fsys, root: root, files: map[string][]byte{}}
}

// add remembers a file that is read.
func (r *records) add(path string, content []byte) {
	if dir, file, err := r.fsys.CleanedAbs(path); err == nil {
		r.files[dir.Join(file)] = content
	}
}

// parse finds the resources in the files. What kustomize cannot read is none.
func (r *records) parse() {
	r.kinds = map[resid.Gvk][]document{}
	for file, content := range r.files {
		r.forged = r.forged || bytes.Contains(content, []byte("kubernetes.io/origin")) || bytes.Contains(content, []byte("kubernetes.io~1origin"))
		nodes, err := (&kio.ByteReader{Reader: bytes.NewReader(content), OmitReaderAnnotations: true, DisableUnwrapping: true, AnchorsAweigh: true}).Read()
		if err != nil {
			continue
		}
		for _, n := range inLists(nodes) {
			if metadata := n.Field("metadata"); metadata != nil && metadata.Value.YNode().Kind == yaml.MappingNode {
				kind := groupKind(n)
				r.kinds[kind] = append(r.kinds[kind], document{file: file, name: n.GetName(), node: n})
			}
		}
	}
	for _, documents := range r.kinds {
		slices.SortStableFunc(documents, func(a, b document) int { return strings.Compare(a.file, b.file) })
	}
}

// inLists replaces lists by their items, as kustomize does.
func inLists(nodes []*yaml.RNode) []*yaml.RNode {
	var out []*yaml.RNode
	for _, n := range nodes {
		if n.YNode().Kind != yaml.MappingNode {
			continue
		}
		items := n.Field("items")
		if items == nil || !strings.HasSuffix(n.GetKind(), "List") {
			out = append(out, n)
			continue
		}
		if elements, err := items.Value.Elements(); err == nil {
			out = append(out, inLists(elements)...)
		}
	}
	return out
}

func groupKind(n *yaml.RNode) resid.Gvk {
	return resid.Gvk{Group: tenantfence.Group(n), Kind: n.GetKind()}
}

// place records on each resource of a build where it comes from.
func (r *records) place(items []*item) error {
	r.parse()
	for _, i := range items {
		source := tenantfence.Source{}
		if file := r.fileOf(i.Resource); file != "" {
			source.File = r.shown(file)
		}
		if tenantfence.IsTenant(&i.RNode) {
			source.Path, source.Unknown = r.evidence(i.Resource)
		}
		if err := tenantfence.SetSource(&i.RNode, source); err != nil {
			return fmt.Errorf("read %s: %w", describe(i.Resource), err)
		}
	}
	return nil
}

// shown is a file as findings name it.
func (r *records) shown(file string) string {
	within, err := filepath.Rel(r.root.String(), file)
	if err != nil {
		return file
	}
	return filepath.ToSlash(within)
}

// fileOf is the file that declares a resource, or that declares what a layer made it
// of: the only one with its kind and name, or the one of those that kustomize names.
func (r *records) fileOf(res *resource.Resource) string {
	var same, like []string
	for _, d := range r.kinds[groupKind(&res.RNode)] {
		switch {
		case d.name == res.GetName():
			same = append(same, d.file)
		case d.name != "" && strings.Contains(res.GetName(), d.name):
			like = append(like, d.file)
		}
	}
	same = slices.Compact(same)
	if len(same) == 1 {
		return same[0]
	}
	if len(same) == 0 {
		same = like
	}
	if origin := r.origin(res); slices.Contains(same, origin) {
		return origin
	}
	return ""
}

// origin is the file that kustomize names. It is for findings, never for evidence: a
// layer may have written another one.
func (r *records) origin(res *resource.Resource) string {
	if r.forged {
		return ""
	}
	o, err := res.GetOrigin()
	if err != nil || o == nil || o.Path == "" || o.Repo != "" {
		return ""
	}
	dir, file, err := r.fsys.CleanedAbs(r.root.Join(o.Path))
	if err != nil {
		return ""
	}
	return dir.Join(file)
}

// evidence is the file within the root that declares a Tenant with just this name and
// spec, or why none is known: only then nobody but who writes that file has a say in it.
func (r *records) evidence(tenant *resource.Resource) (path, unknown string) {
	var exact, named []string
	want := contentOf(tenant)
	for _, d := range r.kinds[groupKind(&tenant.RNode)] {
		if d.name != tenant.GetName() {
			continue
		}
		named = append(named, r.shown(d.file))
		if have := contentOf(&resource.Resource{RNode: *d.node}); want != "" && have == want {
			exact = append(exact, d.file)
		}
	}
	exact, named = slices.Compact(exact), slices.Compact(named)
	switch {
	case len(named) == 0:
		return "", "no file that this build read declares it under this name: it is generated or remote, or a layer renames it (namePrefix, nameSuffix, patches); declare it in a file, under this name"
	case len(exact) == 0:
		return "", "a layer changes what " + strings.Join(named, " and ") + " declares (patches, replacements, transformers): write the change into that file"
	case len(exact) > 1:
		return "", strings.Join(named, " and ") + " declare the same: remove all but one"
	}
	within, ok := tenantfence.LocalPath(r.shown(exact[0]))
	if !ok {
		return "", within + " is outside the folder that is built: build a folder that holds it"
	}
	return within, ""
}

// contentOf is equal for Tenants that ask for the same under the same name.
func contentOf(res *resource.Resource) string {
	n, err := normalize(res)
	if err != nil {
		return ""
	}
	data, err := n.MarshalJSON()
	if err != nil {
		return ""
	}
	var all struct {
		APIVersion string `json:"apiVersion"`
		Metadata   struct {
			Name string `json:"name"`
		} `json:"metadata"`
		Spec any `json:"spec"`
	}
	if err := json.Unmarshal(data, &all); err != nil {
		return ""
	}
	content, err := json.Marshal(all)
	if err != nil {
		return ""
	}
	return string(content)
}
