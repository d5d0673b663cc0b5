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
	digestNode(h, n.YNode())
	return [sha256.Size]byte(h.Sum(nil))
}

func digestNode(h hash.Hash, n *yaml.Node) {
	if n == nil {
		return
	}
	// Tag and style together decide which type a value has.
	digestText(h, n.Tag, n.Value)
	digestNumbers(h, uint64(n.Kind), uint64(n.Style))
	digestNode(h, n.Alias)
	for i := 0; i < len(n.Content); i++ {
		if n.Kind == yaml.MappingNode && i%2 == 0 && n.Content[i].Value == sourceAnnotation {
			i++
			continue
		}
		digestNode(h, n.Content[i])
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
