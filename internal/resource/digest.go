package resource

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// Digest is a hash of everything that a resource states. Its file and its comments do not matter.
func Digest(n *yaml.RNode) [sha256.Size]byte {
	h := sha256.New()
	digestNode(h, n.YNode(), "metadata", "annotations", sourceAnnotation)
	return [sha256.Size]byte(h.Sum(nil))
}

// digestNode leaves out the field at a path.
func digestNode(h hash.Hash, n *yaml.Node, without ...string) {
	if n == nil {
		return
	}
	// Tag and style together decide which type a value has.
	digestText(h, n.Tag, n.Value)
	digestNumbers(h, uint64(n.Kind), uint64(n.Style))
	digestNode(h, n.Alias)
	for i := 0; i < len(n.Content); i++ {
		on := len(without) > 0 && n.Kind == yaml.MappingNode && i%2 == 0 && n.Content[i].Value == without[0]
		if on && len(without) == 1 {
			i++
			continue
		}
		digestNode(h, n.Content[i])
		if on {
			i++
			digestNode(h, n.Content[i], without[1:]...)
		}
	}
	// No kind has this number.
	digestNumbers(h, end)
}

const end = 1 << 32

// digestText writes texts with their lengths, so that no two lists of texts are alike.
func digestText(h hash.Hash, all ...string) {
	for _, text := range all {
		digestNumbers(h, uint64(len(text)))
		_, _ = h.Write([]byte(text)) // A hash returns no error.
	}
}

func digestNumbers(h hash.Hash, all ...uint64) {
	for _, n := range all {
		_, _ = h.Write(binary.LittleEndian.AppendUint64(nil, n))
	}
}
