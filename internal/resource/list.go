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

	"github.com/tenantfence/tenantfence/internal/report"

	"sigs.k8s.io/kustomize/kyaml/fn/framework"
	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// ErrNotResourceList reports that the input is no ResourceList.
var ErrNotResourceList = errors.New("the input is not a ResourceList: tenantfence without arguments is a KRM function, " +
	"run by kustomize build --enable-alpha-plugins --enable-exec or kpt fn render; see tenantfence help")

// Process changes a ResourceList, and returns the resources that follow its items.
type Process func(*framework.ResourceList) ([]*Generated, error)

// Execute reads a ResourceList, calls process, and writes the result. It also writes it if process
// returns an error: then hosts print the results and keep their own items.
func Execute(in io.Reader, out io.Writer, process Process) error {
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
		annotations, err = kio.PreprocessResourcesForInternalAnnotationMigration(withHostAnnotations(items))
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
	written, err := processList(rl, rw, annotations, process)
	for _, part := range written {
		if _, werr := out.Write(part); werr != nil {
			return errors.Join(err, fmt.Errorf("write output: %w", werr))
		}
	}
	return err
}

// processList runs a process on a ResourceList and returns the parts of the result as YAML, as framework.Execute does.
// The error is that of the process, or the reason why the YAML is missing.
func processList(rl *framework.ResourceList, rw *kio.ByteReadWriter, annotations map[string]map[string]string, process Process) ([][]byte, error) {
	created, processErr := process(rl)
	if slices.ContainsFunc(created, (*Generated).HasNode) {
		nodes, err := Nodes(created)
		if err != nil {
			return nil, errors.Join(processErr, err)
		}
		rl.Items, created = append(rl.Items, nodes...), nil
	}
	if err := kio.ReconcileInternalAnnotations(withHostAnnotations(rl.Items), annotations); err != nil {
		return nil, errors.Join(processErr, fmt.Errorf("write the annotations of the items: %w", err))
	}
	results, err := resultsNode(rl.Results)
	if err != nil {
		return nil, errors.Join(processErr, fmt.Errorf("write the results: %w", err))
	}
	rw.Results = results
	written, err := writeList(rw, rl.Items, created)
	if err != nil {
		return nil, errors.Join(processErr, fmt.Errorf("write the items: %w", err))
	}
	return written, processErr
}

// withHostAnnotations are the items that may have annotations with which kyaml finds their files, and those without
// metadata, which kyaml refuses or completes.
func withHostAnnotations(items []*yaml.RNode) []*yaml.RNode {
	return slices.DeleteFunc(slices.Clone(items), func(n *yaml.RNode) bool { return !hasHostAnnotations(n) })
}

func hasHostAnnotations(n *yaml.RNode) bool {
	metadata := child(n.YNode(), "metadata")
	if metadata == nil || metadata.Kind != yaml.MappingNode {
		return true
	}
	all := child(metadata, "annotations")
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
