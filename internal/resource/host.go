package resource

import (
	"cmp"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/fn/runtime/runtimeutil"
	"sigs.k8s.io/kustomize/kyaml/kio/kioutil"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// packagePath is the absolute path of a resource's package. kpt fn render sets it on every
// resource, whose file path is relative to it.
const packagePath = "internal.config.kubernetes.io/package-path"

// Reasons why a host does not record files.
const (
	reasonKustomize   = "kustomize runs this function and does not record the file of a resource: use tenantfence build or render, or kpt; if kustomize runs it within these, list the fence in the layer that is built"
	reasonNoFiles     = "the host of this function does not record the file of every resource: use kpt, or tenantfence build or render"
	reasonMixedIDs    = "a resource has the annotation " + KustomizeID + ", which only kustomize sets: remove it"
	reasonPackagePath = "some resources have the annotation " + packagePath + ", which kpt fn render sets on all of them: remove it from their files"
	reasonOutside     = "its file is outside the input folder"
)

// SetSourcesByHost sets the Source of the functionConfig and of each item of a ResourceList, from
// the records of the host. Only kpt records files: it overwrites the path annotations of every
// resource that it reads. kustomize keeps them as authors write them. No single item determines
// which host it is.
func SetSourcesByHost(config *yaml.RNode, items []*yaml.RNode) error {
	h := hostOf(config, items)
	for _, n := range items {
		if err := SetSource(n, h.source(n)); err != nil {
			return err
		}
	}
	// MalformedItems reports a functionConfig that is no mapping.
	if root := content(config.YNode()); root == nil || root.Kind != yaml.MappingNode {
		return nil
	}
	ClearSource(config)
	// kpt reads the functionConfig separately from the package, and keeps annotations of its
	// author.
	for _, n := range items {
		if s := SourceOf(n); ID(n) == ID(config) && s.File != "" {
			return SetSource(config, s)
		}
	}
	return nil
}

// host is the program that runs the function.
type host struct {
	// unknown is the reason why it records no files. Omitted: it records them.
	unknown string
	// root is the package whose pipeline runs the function, if the host distinguishes packages.
	root string
}

// The annotations in which kustomize keeps the namespaces and names before each layer during a
// build, separated by commas.
const (
	previousNamespaces = "internal.config.kubernetes.io/previousNamespaces"
	previousNames      = "internal.config.kubernetes.io/previousNames"
)

// DeclaredID returns the namespace and name of a resource before all layers, from the lists that
// kustomize keeps. They are empty if no layer changed them.
func DeclaredID(n *yaml.RNode, namespaces, names string) (namespace, name string) {
	namespace, _, _ = strings.Cut(namespaces, ",")
	name, _, _ = strings.Cut(names, ",")
	if strings.HasPrefix(namespace, "_") {
		namespace = "" // kustomize's text for a resource without a namespace
	}
	if name == "" || name == n.GetName() && (namespace == "" || namespace == effectiveNamespace(n)) {
		return "", ""
	}
	return namespace, name
}

// effectiveNamespace is the namespace of a resource. Omitted, it is default.
func effectiveNamespace(n *yaml.RNode) string { return cmp.Or(n.GetNamespace(), "default") }

func hostOf(config *yaml.RNode, items []*yaml.RNode) host {
	if config.IsNilOrEmpty() {
		return host{unknown: reasonNoFiles}
	}
	// kustomize sets a function spec on the functionConfig. It sets an ID on every item, unless the
	// items come from a single List.
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

// kustomizeIDs returns the reason why items with kustomize's IDs have no files, or "" without IDs.
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

func (h host) source(n *yaml.RNode) Source {
	if h.unknown != "" {
		s := Source{Unknown: h.unknown}
		s.Namespace, s.Name = DeclaredID(n, annotation(n, previousNamespaces), annotation(n, previousNames))
		return s
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
	// An invalid index counts as the first document.
	s.Index, _ = strconv.Atoi(annotation(n, kioutil.IndexAnnotation))
	if local, ok := LocalPath(file); ok {
		s.Path = local
	} else {
		s.Unknown = reasonOutside
	}
	return s
}
