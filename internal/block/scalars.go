package block

import (
	"bytes"
	"errors"
	"strings"
	"sync"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// kept is how many bytes of results a memory keeps.
const kept = 4 << 20

// memory keeps what kyaml does with a value, up to a number of bytes.
type memory[K comparable, V any] struct {
	mu    sync.RWMutex
	known map[K]V
	bytes int
}

// of returns what is known of a key, or finds it.
func (m *memory[K, V]) of(key K, size int, find func() V) V {
	m.mu.RLock()
	have, known := m.known[key]
	m.mu.RUnlock()
	if known {
		return have
	}
	found := find()
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.bytes += size + 64; m.known == nil || m.bytes > kept {
		m.known, m.bytes = map[K]V{}, size
	}
	m.known[key] = found
	return found
}

type scalarKey struct {
	tag   string
	style yaml.Style
	value string
}

type scalarText struct {
	text string
	ok   bool
}

var texts memory[scalarKey, scalarText]

// textOf is the text of a scalar in kyaml.
func textOf(n *yaml.Node) (string, bool) {
	out := texts.of(scalarKey{n.Tag, n.Style, n.Value}, 2*len(n.Value), func() scalarText {
		text, ok := encode(n)
		return scalarText{text, ok}
	})
	return out.text, out.ok
}

// encode is the text of a scalar in kyaml.
func encode(n *yaml.Node) (string, bool) {
	text, err := encoded(&yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{{Kind: yaml.ScalarNode, Value: "k"}, n}})
	text, ok := strings.CutPrefix(text, "k: ")
	text = strings.TrimSuffix(text, "\n")
	return text, ok && err == nil && !strings.Contains(text, "\n")
}

// encoded is a node in kyaml.
func encoded(n *yaml.Node) (string, error) {
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	err := encoder.Encode(n)
	err = errors.Join(err, encoder.Close())
	return out.String(), err
}
