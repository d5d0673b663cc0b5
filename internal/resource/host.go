package resource

import (
	"path"
	"path/filepath"
	"strconv"

	"sigs.k8s.io/kustomize/kyaml/fn/runtime/runtimeutil"
	"sigs.k8s.io/kustomize/kyaml/kio/kioutil"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// packagePath is the absolute path of a resource's package, which kpt fn render sets
// on every resource: its path is relative to that.
const packagePath = "internal.config.kubernetes.io/package-path"

// Why a host leaves files unknown.
const (
	reasonKustomize   = "kustomize runs this function, and does not pass on which file a resource comes from: use tenantfence build or render, or kpt; where kustomize runs it for these, list the fence in the layer that is built"
	reasonNoFiles     = "the host of this function does not record the file of every resource, as kpt does: use kpt, or tenantfence build or render"
	reasonMixedIDs    = "some resource carries the annotation " + KustomizeID + ", which only kustomize sets: remove it"
	reasonPackagePath = "some resources carry the annotation " + packagePath + ", which kpt fn render sets on all of them: remove it from their files"
	reasonOutside     = "its file is outside the folder that is read"
)

// SetSourcesByHost sets the Source of the functionConfig and of each item of a
// ResourceList, from what its host recorded. Only kpt records files: it overwrites the
// path annotations of everything that it reads. kustomize leaves them as their author wrote
// them. Which of the two it is never depends on one item alone.
func SetSourcesByHost(config *yaml.RNode, items []*yaml.RNode) error {
	h := hostOf(config, items)
	for _, n := range items {
		if err := SetSource(n, h.source(n)); err != nil {
			return err
		}
	}
	// One that is no mapping is a finding of Shapes.
	if root := content(config.YNode()); root == nil || root.Kind != yaml.MappingNode {
		return nil
	}
	ClearSource(config)
	// kpt reads the functionConfig apart from the package, and keeps the annotations in it.
	for _, n := range items {
		if s := SourceOf(n); ID(n) == ID(config) && s.File != "" {
			return SetSource(config, s)
		}
	}
	return nil
}

// host is what runs the function.
type host struct {
	// unknown is why it records no files. Omitted: it records them.
	unknown string
	// root is the package whose pipeline runs the function, where the host tells packages
	// apart.
	root string
}

func hostOf(config *yaml.RNode, items []*yaml.RNode) host {
	if config.IsNilOrEmpty() {
		return host{unknown: reasonNoFiles}
	}
	// kustomize runs what carries this, and sets an ID on every item, unless they are
	// the items of one single List.
	if spec, err := runtimeutil.GetFunctionSpec(config); err != nil || spec != nil {
		return host{unknown: reasonKustomize}
	}
	h := host{root: annotation(config, packagePath)}
	if h.unknown = kustomizeIDs(items); h.unknown != "" {
		return h
	}
	for _, n := range items {
		file := annotation(n, kioutil.PathAnnotation)
		if file == "" || file != annotation(n, LegacyPath) {
			return host{unknown: reasonNoFiles}
		}
		if (annotation(n, packagePath) == "") != (h.root == "") {
			return host{unknown: reasonPackagePath}
		}
	}
	return h
}

// kustomizeIDs is why items with kustomize's IDs have no files, or "" without any.
func kustomizeIDs(items []*yaml.RNode) string {
	ids := 0
	for _, n := range items {
		if hasAnnotation(n, KustomizeID) {
			ids++
		}
	}
	switch ids {
	case 0:
		return ""
	case len(items):
		return reasonKustomize
	}
	return reasonMixedIDs
}

// source is that of an item.
func (h host) source(n *yaml.RNode) Source {
	if h.unknown != "" {
		return Source{Unknown: h.unknown}
	}
	file := annotation(n, kioutil.PathAnnotation)
	if h.root != "" {
		relative, err := filepath.Rel(h.root, annotation(n, packagePath))
		if err != nil {
			return Source{Unknown: reasonOutside}
		}
		file = path.Join(filepath.ToSlash(relative), file)
	}
	s := Source{File: file}
	// A broken index counts as the first.
	s.Index, _ = strconv.Atoi(annotation(n, kioutil.IndexAnnotation))
	if local, ok := LocalPath(file); ok {
		s.Path = local
	} else {
		s.Unknown = reasonOutside
	}
	return s
}
