package resource

import (
	"cmp"
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"sync"

	kyaml "sigs.k8s.io/kustomize/kyaml/yaml"
	"sigs.k8s.io/yaml"
)

//go:embed pods.yaml
var podKindsFile []byte

// podKinds is what is known about kinds that make pods.
type podKinds struct {
	// Controllers add labels to the pods of a template.
	Controllers []controllerKind `json:"controllers"`
	// Podless kinds make no pods of the templates that they hold.
	Podless []kindReason `json:"podless"`
	// UnknownPods kinds make pods that the resource does not show.
	UnknownPods []kindReason `json:"unseen"`
}

// controllerKind is a kind whose controller adds labels to its pods. Job is the name of the
// Jobs that it makes, "" where it makes the pods itself.
type controllerKind struct {
	Group  string            `json:"group"`
	Kind   string            `json:"kind"`
	Job    string            `json:"job"`
	Labels map[string]string `json:"labels"`
	Source string            `json:"source"`
}

// kindReason is a kind, or all kinds of a group, and why it is listed. Namespace is the field
// that holds the namespace of its pods, "" for the resource's own.
type kindReason struct {
	Group     string `json:"group"`
	Kind      string `json:"kind"`
	Namespace string `json:"namespace"`
	Reason    string `json:"reason"`
}

// readPodKinds reads the file that the program holds.
var readPodKinds = sync.OnceValues(func() (podKinds, error) {
	var out podKinds
	if err := yaml.UnmarshalStrict(podKindsFile, &out); err != nil {
		return out, fmt.Errorf("pods.yaml: %w", err)
	}
	return out, nil
})

func loadPodKinds() podKinds {
	out, _ := readPodKinds()
	return out
}

// embeddedDataError is a mistake in the files that the program holds, nil where there is none.
func embeddedDataError() error {
	_, err := readPodKinds()
	_, other := readOperators()
	return cmp.Or(err, other)
}

func (k kindReason) is(group, kind string) bool {
	suffix, pattern := strings.CutPrefix(k.Group, "*")
	return (k.Kind == "" || k.Kind == kind) && (k.Group == group || pattern && strings.HasSuffix(group, suffix))
}

// findKind is the entry of a list for a resource's kind, nil where it has none.
func findKind(in []kindReason, n *kyaml.RNode) *kindReason {
	group, kind := Group(n), n.GetKind()
	i := slices.IndexFunc(in, func(k kindReason) bool { return k.is(group, kind) })
	if i < 0 {
		return nil
	}
	return &in[i]
}

// controllerOf is what a resource's kind adds to its pods, nil where nothing is known of it.
func controllerOf(n *kyaml.RNode) *controllerKind {
	all := loadPodKinds().Controllers
	i := slices.IndexFunc(all, func(c controllerKind) bool { return c.Group == Group(n) && c.Kind == n.GetKind() })
	if i < 0 {
		return nil
	}
	return &all[i]
}
