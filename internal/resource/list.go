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
	var buffer bytes.Buffer
	rw := &kio.ByteReadWriter{Reader: bytes.NewReader(data), Writer: &buffer, KeepReaderAnnotations: true}
	read := false
	err = framework.Execute(framework.ResourceListProcessorFunc(func(rl *framework.ResourceList) error {
		read = true
		if rw.WrappingKind != kio.ResourceListKind {
			return ErrNotResourceList
		}
		return process(rl)
	}), rw)
	if rw.WrappingKind != kio.ResourceListKind {
		if err != nil && !errors.Is(err, ErrNotResourceList) {
			return fmt.Errorf("the input is not valid YAML: correct the input of the host: %w", err)
		}
		return err
	}
	if err != nil && !read {
		if found := malformedInList(data); len(found) > 0 {
			return MalformedError(found)
		}
		return fmt.Errorf("the items of the ResourceList are invalid; each must be a resource: %w", err)
	}
	if _, werr := out.Write(buffer.Bytes()); werr != nil {
		return errors.Join(err, fmt.Errorf("write output: %w", werr))
	}
	return err
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
