// Package position finds the lines and columns of fields in YAML and JSON files.
package position

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/report"
)

// Finder finds positions. It reads each file once.
type Finder struct {
	roots []string
	files map[string][]*yaml.Node
}

// NewFinder returns a Finder for files whose paths are relative to one of the directories.
func NewFinder(roots ...string) *Finder {
	f := &Finder{files: map[string][]*yaml.Node{}}
	for _, root := range roots {
		if resolved, err := filepath.EvalSymlinks(root); err == nil {
			root = resolved
		}
		f.roots = append(f.roots, root)
	}
	return f
}

// Locate returns findings with the positions that are known.
func (f *Finder) Locate(findings report.Findings) report.Findings {
	out := make(report.Findings, len(findings))
	for i, finding := range findings {
		if n := f.resource(finding.Resource); n != nil && finding.Line == 0 {
			at := field(n, finding.Field)
			finding.Line, finding.Column = at.Line, at.Column
		}
		out[i] = finding
	}
	return out
}

// resource is the mapping that declares a resource, nil where none or several may do so.
func (f *Finder) resource(ref report.Ref) *yaml.Node {
	if ref.File == "" || ref.Kind == "" {
		return nil
	}
	for _, root := range f.roots {
		file := filepath.FromSlash(ref.File)
		if !filepath.IsAbs(file) {
			file = filepath.Join(root, file)
		}
		if n := choose(f.read(file), ref); n != nil {
			return n
		}
	}
	return nil
}

func (f *Finder) read(file string) []*yaml.Node {
	if nodes, ok := f.files[file]; ok {
		return nodes
	}
	f.files[file] = nil
	data, err := os.ReadFile(file)
	if err != nil {
		return nil
	}
	for d := yaml.NewDecoder(bytes.NewReader(data)); ; {
		var document yaml.Node
		if err := d.Decode(&document); err != nil {
			break
		}
		if len(document.Content) > 0 {
			f.files[file] = append(f.files[file], flatten(document.Content[0])...)
		}
	}
	return f.files[file]
}

// flatten replaces lists by their items.
func flatten(n *yaml.Node) []*yaml.Node {
	items := value(n, "items")
	if items == nil || items.Kind != yaml.SequenceNode || !strings.HasSuffix(scalar(n, "kind"), "List") {
		return []*yaml.Node{n}
	}
	var out []*yaml.Node
	for _, item := range items.Content {
		out = append(out, flatten(item)...)
	}
	return out
}

// choose returns the only resource that a reference may mean: one of the same name or, where a
// layer changed the name, one whose name is a part of it.
func choose(nodes []*yaml.Node, ref report.Ref) *yaml.Node {
	var same, similar []*yaml.Node
	for _, n := range nodes {
		if scalar(n, "kind") != ref.Kind {
			continue
		}
		metadata := value(n, "metadata")
		name, namespace := scalar(metadata, "name"), scalar(metadata, "namespace")
		switch {
		case name == ref.Name && (namespace == "" || ref.Namespace == "" || namespace == ref.Namespace):
			same = append(same, n)
		case name != "" && strings.Contains(ref.Name, name):
			similar = append(similar, n)
		}
	}
	switch {
	case len(same) == 1:
		return same[0]
	case len(same) == 0 && len(similar) == 1:
		return similar[0]
	}
	return nil
}
