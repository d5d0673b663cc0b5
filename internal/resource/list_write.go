package resource

import (
	"bytes"
	"cmp"
	"errors"
	"slices"

	"sigs.k8s.io/kustomize/kyaml/fn/framework"
	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/block"
	"github.com/tenantfence/tenantfence/internal/parallel"
)

// resultsNode returns results as a list. It is nil without any.
func resultsNode(all framework.Results) (*yaml.RNode, error) {
	var out *yaml.RNode
	// kyaml's emitter moves all that follows for each line, so all results in one text would take their square.
	for some := range slices.Chunk(all, together) {
		data, err := yaml.Marshal(some)
		if err != nil {
			return nil, err
		}
		n, err := yaml.Parse(string(data))
		if err != nil {
			return nil, err
		}
		if out == nil {
			out = n
			continue
		}
		out.YNode().Content = append(out.YNode().Content, n.YNode().Content...)
	}
	return out, nil
}

// together is how many items or results are written as one text, and sizeTogether the memory for it.
const (
	together     = 64
	sizeTogether = together << 10
)

// errNoBlocks reports what block style cannot express, such as comments, which kyaml writes.
var errNoBlocks = errors.New("not in block style")

// writeList returns the parts of a ResourceList as kyaml writes it.
func writeList(rw *kio.ByteReadWriter, items []*yaml.RNode, created []*Generated) ([][]byte, error) {
	if out, err := writeBlocks(rw, items, created); !errors.Is(err, errNoBlocks) {
		return out, err
	}
	nodes, err := Nodes(created)
	if err != nil {
		return nil, err
	}
	var buffer bytes.Buffer
	rw.Writer = &buffer
	err = rw.Write(slices.Concat(items, nodes))
	return [][]byte{buffer.Bytes()}, err
}

// writeBlocks writes a ResourceList without kyaml, if it can.
func writeBlocks(rw *kio.ByteReadWriter, items []*yaml.RNode, created []*Generated) ([][]byte, error) {
	if len(items)+len(created) == 0 {
		return nil, errNoBlocks
	}
	existing, err := inParts(items, appendNodes)
	if err != nil {
		return nil, err
	}
	added, err := inParts(created, appendGenerated)
	if err != nil {
		return nil, err
	}
	before, known := appendFields(nil, []listField{{"apiVersion", yaml.NewScalarRNode(rw.WrappingAPIVersion)}, {"kind", yaml.NewScalarRNode(rw.WrappingKind)}})
	after, alsoKnown := appendFields(nil, []listField{{"functionConfig", rw.FunctionConfig}, {"results", rw.Results}})
	if !known || !alsoKnown {
		return nil, errNoBlocks
	}
	return slices.Concat([][]byte{append(before, "items:\n"...)}, existing, added, [][]byte{after}), nil
}

// listField is a field of a ResourceList. It may have no value.
type listField struct {
	key   string
	value *yaml.RNode
}

func appendFields(out []byte, fields []listField) (_ []byte, ok bool) {
	for _, f := range fields {
		if f.value == nil {
			continue
		}
		if out, ok = block.Field(out, f.key, f.value.YNode()); !ok {
			return out, false
		}
	}
	return out, true
}

// inParts writes items on all processors, as parts of a text.
func inParts[T any](items []T, write func([]T) ([]byte, error)) ([][]byte, error) {
	parts := slices.Collect(slices.Chunk(items, together))
	out, errs := make([][]byte, len(parts)), make([]error, len(parts))
	parallel.For(len(parts), func(i int) { out[i], errs[i] = write(parts[i]) })
	return out, cmp.Or(errs...)
}

func appendNodes(items []*yaml.RNode) ([]byte, error) {
	nodes := make([]*yaml.Node, 0, len(items))
	for _, n := range items {
		if yaml.ClearEmptyAnnotations(n) != nil {
			return nil, errNoBlocks // kyaml reports it.
		}
		nodes = append(nodes, n.YNode())
	}
	out, ok := block.List(make([]byte, 0, sizeTogether), nodes)
	if !ok {
		return nil, errNoBlocks
	}
	return out, nil
}

func appendGenerated(all []*Generated) (_ []byte, err error) {
	out := make([]byte, 0, sizeTogether)
	for _, g := range all {
		if out, err = g.appendItem(out); err != nil {
			return nil, err
		}
	}
	return out, nil
}
