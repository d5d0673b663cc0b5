package resource

import (
	"crypto/sha256"
	"fmt"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// SeenMark is the value of AnnotationSeen: the value of the build, and a hash of the spec that the
// function received.
func SeenMark(seen string, n *yaml.RNode) string {
	spec := []byte("{}")
	if field := n.Field("spec"); field != nil {
		// A spec that is not valid JSON is refused before it is marked.
		spec, _ = field.Value.MarshalJSON()
	}
	return fmt.Sprintf("%s-%x", seen, sha256.Sum256(spec))
}

// IsSeen reports whether a mark has the value of the build.
func IsSeen(seen, mark string) bool { return strings.HasPrefix(mark, seen+"-") }
