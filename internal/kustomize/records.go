package kustomize

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"sync"

	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/kustomize/kyaml/resid"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/parallel"
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
	// parsed has the resources of the files that the build read without kustomize.
	parsed map[string][]*yaml.RNode
	// kinds has the resources by kind and name, and declared by kind and file.
	kinds    map[resid.Gvk]map[string][]document
	declared map[resid.Gvk]map[string][]document
	// unchanged has the first document with each namespace and name in a file, and filesOf the files by kind and name.
	unchanged map[documentID]document
	filesOf   map[resid.Gvk]map[string][]string
	// origins has the files by the paths that kustomize records.
	origins map[string]string
	// forged reports whether a file contains the annotation in which kustomize stores origins.
	forged bool
}

// document is a resource in a file.
type document struct {
	// file is its path, with symbolic links resolved.
	file string
	node *yaml.RNode
}

// documentID identifies the documents of a file.
type documentID struct {
	kind                  resid.Gvk
	file, namespace, name string
}

func newRecords(fsys filesys.FileSystem, root filesys.ConfirmedDir) *records {
	return &records{fsys: fsys, root: root, files: map[string][]byte{}, parsed: map[string][]*yaml.RNode{}, origins: map[string]string{}}
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

// addParsed records the resources of a file, so that it is not parsed again.
func (r *records) addParsed(path string, resources []*resource.Resource) {
	dir, file, err := r.fsys.CleanedAbs(path)
	if err != nil {
		return
	}
	nodes := make([]*yaml.RNode, len(resources))
	for i := range resources {
		nodes[i] = &resources[i].RNode
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.parsed[dir.Join(file)] = nodes
}

// parse reads the resources in the files. It skips files that kustomize cannot read.
func (r *records) parse() {
	files := slices.Sorted(maps.Keys(r.files))
	nodes := make([][]*yaml.RNode, len(files))
	parallel.For(len(files), func(i int) {
		if known, ok := r.parsed[files[i]]; ok {
			nodes[i] = known
		} else if read, err := tenantfence.ReadYAML(r.files[files[i]]); err == nil {
			nodes[i] = flattenLists(read)
		}
	})
	r.kinds, r.declared = map[resid.Gvk]map[string][]document{}, map[resid.Gvk]map[string][]document{}
	r.unchanged, r.filesOf = map[documentID]document{}, map[resid.Gvk]map[string][]string{}
	for i, file := range files {
		content := r.files[file]
		r.forged = r.forged || bytes.Contains(content, []byte("kubernetes.io/origin")) || bytes.Contains(content, []byte("kubernetes.io~1origin"))
		for _, n := range nodes[i] {
			if metadata := n.Field("metadata"); metadata != nil && metadata.Value.YNode().Kind == yaml.MappingNode {
				r.addDocument(document{file: file, node: n})
			}
		}
	}
}

func (r *records) addDocument(d document) {
	kind, name := groupKind(d.node), d.node.GetName()
	addTo(r.kinds, kind, name, d)
	addTo(r.declared, kind, d.file, d)
	if files := r.filesOf[kind][name]; len(files) == 0 || files[len(files)-1] != d.file {
		addTo(r.filesOf, kind, name, d.file)
	}
	if id := (documentID{kind, d.file, d.node.GetNamespace(), name}); r.unchanged[id].node == nil {
		r.unchanged[id] = d
	}
}

func addTo[T any](index map[resid.Gvk]map[string][]T, kind resid.Gvk, key string, value T) {
	if index[kind] == nil {
		index[kind] = map[string][]T{}
	}
	index[kind][key] = append(index[kind][key], value)
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
