package cli

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/resource"
)

// readStream reads resources that are piped in.
func readStream(r io.Reader) ([]*yaml.RNode, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("read the input: %w", err)
	}
	return readResources(place{unknown: "it is piped in: name the folder with --inputs"}, data, refuseOthers)
}

// readFiles reads resources from files.
func readFiles(files []string) ([]*yaml.RNode, error) {
	var out []*yaml.RNode
	for _, file := range files {
		if info, err := os.Stat(file); err == nil && info.IsDir() {
			return nil, fmt.Errorf("%s: is one of several arguments and a folder: name one folder, or files", file)
		}
		items, err := readFile(placeOf(".", file, file), refuseOthers)
		if err != nil {
			return nil, err
		}
		out = append(out, items...)
	}
	return out, nil
}

// readFolder reads the resources in the YAML files of a folder and those below it. What
// is no resource is left out: a chart's values stand there, too.
func readFolder(dir string) ([]*yaml.RNode, error) {
	files, err := yamlFiles(dir)
	if err != nil {
		return nil, err
	}
	var out []*yaml.RNode
	for _, file := range files {
		shown, err := filepath.Rel(dir, file)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", file, err)
		}
		items, err := readFile(placeOf(dir, file, filepath.ToSlash(shown)), leaveOthers)
		if err != nil {
			return nil, err
		}
		out = append(out, items...)
	}
	return out, nil
}

// yamlFiles are the YAML files of a folder and those below it, but for hidden folders and
// kustomizations.
func yamlFiles(dir string) ([]string, error) {
	var out []string
	err := filepath.WalkDir(dir, func(file string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return fmt.Errorf("read %s: %w", dir, err)
		case entry.IsDir() && file != dir && strings.HasPrefix(entry.Name(), "."):
			return fs.SkipDir
		case !entry.IsDir() && isYAML(entry.Name()):
			out = append(out, file)
		}
		return nil
	})
	return out, err
}

func isYAML(name string) bool {
	ext := filepath.Ext(name)
	return (ext == ".yaml" || ext == ".yml") && !slices.Contains(konfig.RecognizedKustomizationFileNames(), name)
}

func readFile(p place, others others) ([]*yaml.RNode, error) {
	data, err := os.ReadFile(p.file)
	if err != nil {
		return nil, fmt.Errorf("read what to verify: %w", err)
	}
	return readResources(p, data, others)
}

// others says what to do with documents that are no resources.
type others string

const (
	refuseOthers others = "refuse"
	leaveOthers  others = "leave out"
)

// readResources reads the resources in YAML, those in lists, too, and records where they
// come from.
func readResources(p place, data []byte, others others) ([]*yaml.RNode, error) {
	where := cmp.Or(p.shown, "the input")
	documents, err := (&kio.ByteReader{Reader: bytes.NewReader(data), OmitReaderAnnotations: true, DisableUnwrapping: true, AnchorsAweigh: true}).Read()
	if err != nil {
		return nil, fmt.Errorf("%s is no YAML: correct what writes it: %w", where, err)
	}
	var out []*yaml.RNode
	for i, d := range documents {
		if !isResource(d) {
			if others == leaveOthers {
				continue
			}
			return nil, fmt.Errorf("%s: document %d is no resource, which has an apiVersion, a kind and a name: name files that hold resources", where, i+1)
		}
		items, err := unwrap(d)
		if err != nil {
			return nil, fmt.Errorf("%s: document %d: %w", where, i+1, err)
		}
		for _, n := range items {
			if err := resource.SetSource(n, p.source(i)); err != nil {
				return nil, fmt.Errorf("%s: document %d: %w", where, i+1, err)
			}
			out = append(out, n)
		}
	}
	return out, nil
}

func isResource(n *yaml.RNode) bool {
	if n.YNode().Kind != yaml.MappingNode || n.GetKind() == "" || n.GetApiVersion() == "" {
		return false
	}
	return n.GetName() != "" || isList(n)
}

func isList(n *yaml.RNode) bool {
	return strings.HasSuffix(n.GetKind(), "List") && n.Field("items") != nil
}

// unwrap returns the resources in a list, such as kubectl and kpt write, or the one
// that is none.
func unwrap(n *yaml.RNode) ([]*yaml.RNode, error) {
	if !isList(n) {
		return []*yaml.RNode{n}, nil
	}
	items, err := n.Field("items").Value.Elements()
	if err != nil {
		return nil, fmt.Errorf("%s: items: %w", n.GetKind(), err)
	}
	for i, item := range items {
		if !isResource(item) {
			return nil, fmt.Errorf("%s: items[%d] is no resource, which has an apiVersion, a kind and a name", n.GetKind(), i)
		}
	}
	return items, nil
}
