package kustomize

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/kustomize/kyaml/resid"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	tenantfence "github.com/tenantfence/tenantfence/internal/resource"
)

// records are the unchanged resources in the files of a build. They show the source of a
// resource. Its annotations do not, because layers and authors can write them.
type records struct {
	fsys filesys.FileSystem
	// root is the directory of the build, with symbolic links resolved.
	root filesys.ConfirmedDir
	// mutex guards files: a build reads them in parallel.
	mutex sync.Mutex
	files map[string][]byte
	// kinds has the resources by kind and name.
	kinds map[resid.Gvk]map[string][]document
	// forged reports whether a file contains the annotation in which kustomize stores origins.
	forged bool
}

// document is a resource in a file.
type document struct {
	// file is its path, with symbolic links resolved.
	file string
	node *yaml.RNode
}

func newRecords(fsys filesys.FileSystem, root filesys.ConfirmedDir) *records {
	return &records{fsys: fsys, root: root, files: map[string][]byte{}}
}

// add records a file of the build.
func (r *records) add(path string, content []byte) {
	dir, file, err := r.fsys.CleanedAbs(path)
	if err != nil {
		return
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.files[dir.Join(file)] = content
}

// parse reads the resources in the files. It skips files that kustomize cannot read.
func (r *records) parse() {
	r.kinds = map[resid.Gvk]map[string][]document{}
	for file, content := range r.files {
		r.forged = r.forged || bytes.Contains(content, []byte("kubernetes.io/origin")) || bytes.Contains(content, []byte("kubernetes.io~1origin"))
		nodes, err := tenantfence.ReadYAML(content)
		if err != nil {
			continue
		}
		for _, n := range flattenLists(nodes) {
			if metadata := n.Field("metadata"); metadata != nil && metadata.Value.YNode().Kind == yaml.MappingNode {
				r.addDocument(document{file: file, node: n})
			}
		}
	}
	for _, names := range r.kinds {
		for _, documents := range names {
			slices.SortStableFunc(documents, func(a, b document) int { return strings.Compare(a.file, b.file) })
		}
	}
}

func (r *records) addDocument(d document) {
	kind, name := groupKind(d.node), d.node.GetName()
	if r.kinds[kind] == nil {
		r.kinds[kind] = map[string][]document{}
	}
	r.kinds[kind][name] = append(r.kinds[kind][name], d)
}

// flattenLists replaces lists by their items, as kustomize does.
func flattenLists(nodes []*yaml.RNode) []*yaml.RNode {
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
			out = append(out, flattenLists(elements)...)
		}
	}
	return out
}

func groupKind(n *yaml.RNode) resid.Gvk {
	return resid.Gvk{Group: tenantfence.Group(n), Kind: n.GetKind()}
}

// recordSources records its source on each resource of a build.
func (r *records) recordSources(items []*item) error {
	r.parse()
	for _, i := range items {
		source := tenantfence.Source{}
		if file := r.fileOf(i.Resource); file != "" {
			source.File = r.displayPath(file)
		}
		if tenantfence.IsTenant(&i.RNode) {
			source.Path, source.Unknown = r.declaringFile(i.Resource)
		}
		source.Namespace, source.Name = r.declaredID(i.Resource)
		if err := tenantfence.SetSource(&i.RNode, source); err != nil {
			return fmt.Errorf("read %s: %w", describe(i.Resource), err)
		}
	}
	return nil
}

// displayPath returns the path of a file for findings.
func (r *records) displayPath(file string) string {
	relative, err := filepath.Rel(r.root.String(), file)
	if err != nil {
		return file
	}
	return filepath.ToSlash(relative)
}

// fileOf returns the file of a resource, or of the resource from which a layer made it. It is
// the only file with the kind and name, or else the one that kustomize records as its origin.
func (r *records) fileOf(res *resource.Resource) string {
	names := r.kinds[groupKind(&res.RNode)]
	same := filesOf(names[res.GetName()])
	if len(same) == 1 {
		return same[0]
	}
	origin := r.origin(res)
	if origin == "" {
		return ""
	}
	if len(same) > 0 {
		names = map[string][]document{res.GetName(): names[res.GetName()]}
	}
	for name, documents := range names {
		if name != "" && strings.Contains(res.GetName(), name) && slices.Contains(filesOf(documents), origin) {
			return origin
		}
	}
	return ""
}

func filesOf(documents []document) []string {
	var out []string
	for _, d := range documents {
		out = append(out, d.file)
	}
	return slices.Compact(out)
}

// origin returns the file that kustomize records as the origin. It is only for findings and not
// evidence, because a layer can write another one.
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

// declaringFile returns the file within the root that declares a Tenant with exactly this name
// and spec, or the reason why it is unknown. Such a file alone decides the Tenant.
func (r *records) declaringFile(tenant *resource.Resource) (path, unknownReason string) {
	var exact, named []string
	want := declaredContent(&tenant.RNode)
	for _, d := range r.kinds[groupKind(&tenant.RNode)][tenant.GetName()] {
		named = append(named, r.displayPath(d.file))
		if have := declaredContent(d.node); want != "" && have == want {
			exact = append(exact, d.file)
		}
	}
	exact, named = slices.Compact(exact), slices.Compact(named)
	switch {
	case len(named) == 0:
		return "", "no file of the build declares a Tenant with this name: it is generated, remote, or renamed by a layer (namePrefix, nameSuffix, patches): declare it in a file with this name"
	case len(exact) == 0:
		return "", "a layer changes the Tenant in " + strings.Join(named, " and ") + " (patches, replacements, transformers): write the change into that file"
	case len(exact) > 1:
		return "", strings.Join(named, " and ") + " declare the same Tenant: keep one of them"
	}
	relative, ok := tenantfence.LocalPath(r.displayPath(exact[0]))
	if !ok {
		return "", relative + " is outside the directory of the build: build a directory that contains it"
	}
	return relative, ""
}

// declaredContent is equal for Tenants with the same name and spec.
func declaredContent(n *yaml.RNode) string {
	spec := []byte("{}")
	if field := n.Field("spec"); field != nil {
		var err error
		if spec, err = field.Value.MarshalJSON(); err != nil {
			return ""
		}
	}
	return n.GetApiVersion() + "\n" + n.GetName() + "\n" + string(spec)
}
