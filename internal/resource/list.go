// Package resource reads the build, a ResourceList that a host passes. It parses workloads,
// Services, Namespaces and policies into an Index, and the kinds of this project into Inputs.
package resource

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/internal/block"
	"github.com/tenantfence/tenantfence/internal/report"

	"sigs.k8s.io/kustomize/kyaml/fn/framework"
	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// ErrNotResourceList reports that the input is no ResourceList.
var ErrNotResourceList = errors.New("the input is not a ResourceList: tenantfence without arguments is a KRM function, " +
	"run by kustomize build --enable-alpha-plugins --enable-exec or kpt fn render; see tenantfence help")

// Execute reads a ResourceList, calls process, and writes the result. It also writes it if process
// returns an error: then hosts print the results and keep their own items.
func Execute(in io.Reader, out io.Writer, process func(*framework.ResourceList) error) error {
	data, err := io.ReadAll(in)
	if err != nil {
		return fmt.Errorf("read input: %w", err)
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return fmt.Errorf("the input is empty: %w", ErrNotResourceList)
	}
	rw := &kio.ByteReadWriter{Reader: bytes.NewReader(data), KeepReaderAnnotations: true}
	items, err := rw.Read()
	var annotations map[string]map[string]string
	if err == nil && rw.WrappingKind == kio.ResourceListKind {
		annotations, err = kio.PreprocessResourcesForInternalAnnotationMigration(items)
	}
	switch {
	case err != nil && rw.WrappingKind != kio.ResourceListKind:
		return fmt.Errorf("the input is not valid YAML: correct the input of the host: %w", err)
	case rw.WrappingKind != kio.ResourceListKind:
		return ErrNotResourceList
	case err != nil:
		if found := malformedInList(data); len(found) > 0 {
			return MalformedError(found)
		}
		return fmt.Errorf("the items of the ResourceList are invalid; each must be a resource: %w", err)
	}
	rl := &framework.ResourceList{Items: items, FunctionConfig: rw.FunctionConfig}
	buffer, err := processList(rl, rw, annotations, process)
	if len(buffer) > 0 {
		if _, werr := out.Write(buffer); werr != nil {
			return errors.Join(err, fmt.Errorf("write output: %w", werr))
		}
	}
	return err
}

// processList runs a process on a ResourceList and returns the result as YAML, as framework.Execute does.
// The error is that of the process, or the reason why the YAML is missing.
func processList(rl *framework.ResourceList, rw *kio.ByteReadWriter, annotations map[string]map[string]string, process func(*framework.ResourceList) error) ([]byte, error) {
	processErr := process(rl)
	withPlace := slices.DeleteFunc(slices.Clone(rl.Items), func(n *yaml.RNode) bool { return !hasHostAnnotations(n) })
	if err := kio.ReconcileInternalAnnotations(withPlace, annotations); err != nil {
		return nil, errors.Join(processErr, fmt.Errorf("write the annotations of the items: %w", err))
	}
	if len(rl.Results) > 0 {
		data, err := yaml.Marshal(rl.Results)
		if err != nil {
			return nil, errors.Join(processErr, fmt.Errorf("write the results: %w", err))
		}
		if rw.Results, err = yaml.Parse(string(data)); err != nil {
			return nil, errors.Join(processErr, fmt.Errorf("write the results: %w", err))
		}
	}
	buffer, err := writeList(rw, rl.Items)
	if err != nil {
		return nil, errors.Join(processErr, fmt.Errorf("write the items: %w", err))
	}
	return buffer, processErr
}

// hasHostAnnotations reports whether an item may have annotations with which kyaml finds its file.
func hasHostAnnotations(n *yaml.RNode) bool {
	all := child(child(n.YNode(), "metadata"), "annotations")
	if all == nil {
		return false
	}
	for i := 0; i < len(all.Content); i += 2 {
		if group, _, _ := strings.Cut(all.Content[i].Value, "/"); strings.HasSuffix(group, "config.kubernetes.io") || group == "config.k8s.io" {
			return true
		}
	}
	return all.Kind != yaml.MappingNode
}

// writeList returns a ResourceList as kyaml writes it.
func writeList(rw *kio.ByteReadWriter, items []*yaml.RNode) ([]byte, error) {
	if out, ok := writeBlocks(rw, items); ok {
		return out, nil
	}
	var buffer bytes.Buffer
	rw.Writer = &buffer
	err := rw.Write(items)
	return buffer.Bytes(), err
}

// writeBlocks writes a ResourceList without kyaml, if it can.
func writeBlocks(rw *kio.ByteReadWriter, items []*yaml.RNode) ([]byte, bool) {
	nodes := make([]*yaml.Node, 0, len(items))
	for _, n := range items {
		if err := yaml.ClearEmptyAnnotations(n); err != nil {
			return nil, false
		}
		nodes = append(nodes, n.YNode())
	}
	if len(nodes) == 0 {
		return nil, false
	}
	var out []byte
	ok := true
	field := func(key string, value *yaml.RNode) {
		if ok && value != nil {
			out, ok = block.Field(out, key, value.YNode())
		}
	}
	field("apiVersion", yaml.NewScalarRNode(rw.WrappingAPIVersion))
	field("kind", yaml.NewScalarRNode(rw.WrappingKind))
	if ok {
		out, ok = block.List(append(out, "items:\n"...), nodes)
	}
	field("functionConfig", rw.FunctionConfig)
	field("results", rw.Results)
	return out, ok
}

// MalformedError has the findings about malformed items.
type MalformedError report.Findings

func (e MalformedError) Error() string {
	out := []string{"the items of the ResourceList are invalid; each must be a resource:"}
	for _, f := range e {
		out = append(out, strings.Join(slices.DeleteFunc([]string{f.Resource.String(), f.Field, f.Message}, func(s string) bool { return strings.TrimSpace(s) == "" }), ": "))
	}
	return strings.Join(out, "\n")
}

func malformedInList(data []byte) report.Findings {
	list, err := yaml.Parse(string(data))
	if err != nil {
		return nil
	}
	items := child(content(list.YNode()), "items")
	if items == nil || items.Kind != yaml.SequenceNode {
		return nil
	}
	var nodes []*yaml.RNode
	for _, n := range items.Content {
		nodes = append(nodes, yaml.NewRNode(n))
	}
	return MalformedItems(nodes)
}

// Results converts findings to the form that hosts print.
func Results(findings report.Findings) framework.Results {
	var out framework.Results
	for _, f := range findings {
		r := &framework.Result{Message: f.Message, Severity: framework.Severity(f.Severity), Tags: map[string]string{"check": f.Check.Name}}
		if f.Resource.Kind != "" {
			r.ResourceRef = resourceID(f.Resource)
		}
		if f.Field != "" {
			r.Field = &framework.Field{Path: f.Field}
		}
		if f.Resource.File != "" {
			r.File = &framework.File{Path: f.Resource.File, Index: f.Resource.Index}
		}
		out = append(out, r)
	}
	return out
}
