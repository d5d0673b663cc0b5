package cli

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/resource"
)

// readStream reads resources from standard input.
func readStream(r io.Reader) ([]*yaml.RNode, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("read the input: %w", err)
	}
	return readResources(location{unknownReason: "it comes from standard input: name the folder with --inputs"}, data, refuseNonResources)
}

// readFiles reads resources from files.
func readFiles(files []string) ([]*yaml.RNode, error) {
	var out []*yaml.RNode
	for _, file := range files {
		if info, err := os.Stat(file); err == nil && info.IsDir() {
			return nil, fmt.Errorf("%s: is a folder among several arguments: name one folder, or files", file)
		}
		items, err := readFile(locationOf(".", file, file), refuseNonResources)
		if err != nil {
			return nil, err
		}
		out = append(out, items...)
	}
	return out, nil
}

// readFolder reads the resources in the YAML and JSON files of a folder and its subfolders, as kubectl
// apply -R does. It skips documents that are not resources, such as the values of a chart.
func readFolder(dir string) ([]*yaml.RNode, error) { return readTree(dir, manifests) }

// readTree reads the resources in the listed files of a folder.
func readTree(dir string, list func(root string) ([]string, error)) ([]*yaml.RNode, error) {
	root, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", dir, err)
	}
	files, err := list(root)
	if err != nil {
		return nil, err
	}
	var out []*yaml.RNode
	for _, file := range files {
		items, err := readFile(locationOf(root, filepath.Join(root, filepath.FromSlash(file)), file), skipNonResources)
		if err != nil {
			return nil, err
		}
		out = append(out, items...)
	}
	return out, nil
}

// krmIgnore is the file that lists the files that kpt ignores.
const krmIgnore = ".krmignore"

// manifests are the YAML and JSON files of a folder and its subfolders, including hidden files, without
// kustomizations, which may only list them.
func manifests(root string) ([]string, error) {
	files, kustomizations, err := filesOf(root)
	if err != nil {
		return nil, err
	}
	l := layers{}
	for _, file := range kustomizations {
		if err := l.add(root, file); err != nil {
			return nil, err
		}
	}
	return files, l.check(files)
}

// filesOf are the YAML and JSON files of a folder and its subfolders, except for .git in the root, and its
// kustomizations.
func filesOf(root string) (out, kustomizations []string, err error) {
	_, err = os.Stat(filepath.Join(root, "Kptfile"))
	kpt := err == nil
	err = filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("read %s: %w", root, err)
		}
		displayPath, err := filepath.Rel(root, file)
		if err != nil {
			return fmt.Errorf("read %s: %w", file, err)
		}
		displayPath = filepath.ToSlash(displayPath)
		switch {
		case entry.IsDir() && displayPath == ".git":
			return fs.SkipDir
		case entry.IsDir():
			return nil
		case isLinkToDirectory(file, entry):
			return fmt.Errorf("%s: is a symbolic link to a folder, which only some programs follow: replace it with the folder, or remove it", displayPath)
		case entry.Name() == krmIgnore:
			return fmt.Errorf("%s: makes kpt ignore files that other programs apply: verify the output of kpt fn source, or remove it", displayPath)
		case kpt && filepath.Ext(displayPath) == ".json":
			return fmt.Errorf("%s: kpt does not read JSON, and kubectl applies it: write it as YAML, or remove it", displayPath)
		case isKustomizationFile(entry.Name()):
			kustomizations = append(kustomizations, displayPath)
		case isManifest(entry.Name()):
			out = append(out, displayPath)
		}
		return nil
	})
	return out, kustomizations, err
}

func isLinkToDirectory(file string, entry fs.DirEntry) bool {
	if entry.Type()&fs.ModeSymlink == 0 {
		return false
	}
	info, err := os.Stat(file)
	return err == nil && info.IsDir()
}

func readFile(p location, nonResources nonResources) ([]*yaml.RNode, error) {
	data, err := os.ReadFile(p.file)
	if err != nil {
		return nil, fmt.Errorf("read the target: %w", err)
	}
	return readResources(p, data, nonResources)
}

// nonResources is how documents that are not resources are handled.
type nonResources string

const (
	refuseNonResources nonResources = "refuse"
	skipNonResources   nonResources = "leave out"
)

// readResources reads the resources in YAML, including those in lists, and records their sources.
func readResources(p location, data []byte, nonResources nonResources) ([]*yaml.RNode, error) {
	where := cmp.Or(p.displayPath, "the input")
	documents, err := readDocuments(where, data)
	if err != nil {
		return nil, err
	}
	var out []*yaml.RNode
	for i, d := range documents {
		if resource.ListsResources(d) && !isList(d) {
			return nil, fmt.Errorf("%s: document %d has resources in items and is not a List: kubectl applies them and kustomize does not: write each as a resource of its own", where, i+1)
		}
		if nonResources == skipNonResources && (d.GetKind() == "" || d.GetApiVersion() == "") {
			continue
		}
		items, err := readDocument(d)
		if err != nil {
			return nil, fmt.Errorf("%s: document %d%w", where, i+1, err)
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

// readDocuments reads YAML, and refuses documents that programs read differently.
func readDocuments(where string, data []byte) ([]*yaml.RNode, error) {
	if document, merges := resource.MergeKey(data); merges {
		return nil, fmt.Errorf("%s: document %d has a merge key (<<), and programs use different values: write the values out", where, document)
	}
	documents, err := resource.ReadYAML(data)
	var aliasErr resource.AliasError
	switch {
	case errors.As(err, &aliasErr):
		return nil, fmt.Errorf("%s: %w", where, err)
	case err != nil:
		return nil, fmt.Errorf("%s is not valid YAML: correct the program that writes it: %w", where, err)
	}
	if n, err := countDocuments(data); err != nil || n > len(documents) {
		return nil, fmt.Errorf("%s has documents without a --- line between them, so only some programs read all of them: add the line", where)
	}
	return documents, nil
}

// readDocument reads the resources of a document. Its error continues the text "document 1".
func readDocument(d *yaml.RNode) ([]*yaml.RNode, error) {
	if !isResource(d) {
		return nil, errors.New(" is not a resource with an apiVersion, a kind and a name: name files that contain resources")
	}
	if key := repeatedKey(d.YNode()); key != "" {
		return nil, fmt.Errorf(": the key %q is repeated, and programs use different values: keep one", key)
	}
	items, err := unwrap(d)
	if err != nil {
		return nil, fmt.Errorf(": %w", err)
	}
	return items, nil
}

// countDocuments counts the non-empty documents of a YAML text.
func countDocuments(data []byte) (int, error) {
	n := 0
	for d := yaml.NewDecoder(bytes.NewReader(data)); ; {
		var node yaml.Node
		switch err := d.Decode(&node); {
		case errors.Is(err, io.EOF):
			return n, nil
		case err != nil:
			return n, err
		}
		if len(node.Content) > 0 && !yaml.IsYNodeTaggedNull(node.Content[0]) {
			n++
		}
	}
}

func isResource(n *yaml.RNode) bool {
	if n.YNode().Kind != yaml.MappingNode || n.GetKind() == "" || n.GetApiVersion() == "" {
		return false
	}
	if isList(n) {
		return true
	}
	metadata := n.Field(yaml.MetadataField)
	return metadata != nil && metadata.Value.YNode().Kind == yaml.MappingNode && n.GetName() != ""
}

func isList(n *yaml.RNode) bool {
	return strings.HasSuffix(n.GetKind(), "List") && n.Field("items") != nil
}

// unwrap returns the resources in a list and its nested lists, or a resource that is not a list.
func unwrap(n *yaml.RNode) ([]*yaml.RNode, error) {
	if !isList(n) {
		return []*yaml.RNode{n}, nil
	}
	if yaml.IsMissingOrNull(n.Field("items").Value) {
		return nil, nil
	}
	items, err := n.Field("items").Value.Elements()
	if err != nil {
		return nil, fmt.Errorf("%s: items: %w", n.GetKind(), err)
	}
	var out []*yaml.RNode
	for i, item := range items {
		if !isResource(item) {
			return nil, fmt.Errorf("%s: items[%d] is not a resource with an apiVersion, a kind and a name", n.GetKind(), i)
		}
		inner, err := unwrap(item)
		if err != nil {
			return nil, fmt.Errorf("%s: items[%d]: %w", n.GetKind(), i, err)
		}
		out = append(out, inner...)
	}
	return out, nil
}

// repeatedKey is a key that occurs twice in a mapping, at any depth. It is empty without one.
func repeatedKey(n *yaml.Node) string {
	seen := map[string]bool{}
	for i, c := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 {
			if seen[c.Value] && c.Kind == yaml.ScalarNode {
				return c.Value
			}
			seen[c.Value] = true
		}
		if key := repeatedKey(c); key != "" {
			return key
		}
	}
	return ""
}
