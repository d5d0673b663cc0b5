package resource

import (
	"cmp"
	"fmt"
	"sync"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/block"
	"github.com/tenantfence/tenantfence/internal/parallel"
	"github.com/tenantfence/tenantfence/internal/report"
)

// Generated is a resource that a fence generates. Its content is made when it is needed: the nodes of all policies of
// a large fence take many times the memory of their text.
type Generated struct {
	Metadata
	// Ref identifies it.
	Ref report.Ref

	content func() (map[string]any, error)
	once    sync.Once
	node    *yaml.RNode
	err     error
}

// NewGenerated returns a resource with a content. Each call of content returns a new map.
func NewGenerated(ref report.Ref, m Metadata, content func() (map[string]any, error)) *Generated {
	return &Generated{Ref: ref, Metadata: m, content: content}
}

// GeneratedFrom returns a generated resource as one that has its node.
func GeneratedFrom(n *yaml.RNode) *Generated {
	g := &Generated{Ref: RefOf(n), Metadata: MetadataOf(n)}
	g.once.Do(func() { g.node = n })
	return g
}

// ID is what ID returns for its node.
func (g *Generated) ID() report.Ref { return IDOf(g.Ref) }

// Node returns its node, always the same one.
func (g *Generated) Node() (*yaml.RNode, error) {
	g.once.Do(func() {
		var n *yaml.Node
		content, err := g.content()
		if err == nil {
			n, err = block.FromMap(content)
		}
		if err != nil {
			g.err = fmt.Errorf("render %s: %w", g.Ref, err)
			return
		}
		// From here on, the node may be changed, and what the content is made of is free.
		g.node, g.content = yaml.NewRNode(n), nil
	})
	return g.node, g.err
}

// HasNode reports whether its node was made. It may have been changed since.
func (g *Generated) HasNode() bool { return g.node != nil }

// appendItem writes one without a node as an item of a list.
func (g *Generated) appendItem(out []byte) ([]byte, error) {
	content, err := g.content()
	if err == nil {
		out, err = block.Item(out, content)
	}
	if err != nil {
		return out, fmt.Errorf("render %s: %w", g.Ref, err)
	}
	return out, nil
}

// GeneratedByID indexes generated resources by their identity.
func GeneratedByID(all []*Generated) map[report.Ref]*Generated {
	out := make(map[report.Ref]*Generated, len(all))
	for _, g := range all {
		out[g.ID()] = g
	}
	return out
}

// Nodes returns the nodes of resources.
func Nodes(all []*Generated) ([]*yaml.RNode, error) {
	out, errs := make([]*yaml.RNode, len(all)), make([]error, len(all))
	parallel.For(len(all), func(i int) { out[i], errs[i] = all[i].Node() })
	return out, cmp.Or(errs...)
}
