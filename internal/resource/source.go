package resource

import (
	"encoding/json"
	"fmt"
	"path/filepath"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
)

// sourceAnnotation has a resource's Source within this process. Code that reads resources sets or
// clears it on each of them, so a value in a file is never used. Code that writes resources clears
// it.
const sourceAnnotation = "internal.tenantfence.dev/source"

// Source is the origin of a resource, as recorded by the program that read its file.
type Source struct {
	// File is the file in findings. Index is the document within it. Omitted: the file is unknown.
	File  string `json:"file,omitempty"`
	Index int    `json:"index,omitempty"`
	// Path is evidence: the file that declares the resource with exactly this name and spec,
	// relative to the input root, with slashes. Omitted: it is unknown.
	Path string `json:"path,omitempty"`
	// Unknown is the reason why a Tenant's Path is unknown.
	Unknown string `json:"unknown,omitempty"`
	// Namespace and Name are those in its file, if a layer changed them. They are no evidence.
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name,omitempty"`
}

// LocalPath converts a path within a root to the form of Source.Path, and reports whether it is
// within the root.
func LocalPath(file string) (string, bool) {
	file = filepath.Clean(file)
	return filepath.ToSlash(file), filepath.IsLocal(file)
}

// SourceOf returns the Source that SetSource recorded.
func SourceOf(n *yaml.RNode) Source {
	var s Source
	if value := annotation(n, sourceAnnotation); value == "" || json.Unmarshal([]byte(value), &s) != nil {
		return Source{}
	}
	return s
}

// SetSource records the origin of a resource. An empty Source clears the record. A resource whose
// metadata is no mapping is not changed.
func SetSource(n *yaml.RNode, s Source) error {
	clearAnnotation(n, sourceAnnotation)
	if !IsTenant(n) {
		s.Path, s.Unknown = "", ""
	}
	metadata := mappings(n, "metadata")
	if s == (Source{}) || len(metadata) != 1 {
		return nil
	}
	value, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("record where %s comes from: %w", n.GetName(), err)
	}
	return n.PipeE(yaml.SetAnnotation(sourceAnnotation, string(value)))
}

// ClearSource reverts SetSource.
func ClearSource(n *yaml.RNode) { clearAnnotation(n, sourceAnnotation) }

// ClearSources reverts SetSource for several resources.
func ClearSources(items []*yaml.RNode) {
	for _, n := range items {
		ClearSource(n)
	}
}

// IsTenant reports whether an item is a Tenant of this project.
func IsTenant(n *yaml.RNode) bool {
	return n.GetKind() == v1alpha1.KindTenant && Group(n) == v1alpha1.Group
}
