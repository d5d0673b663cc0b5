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

type podKinds struct {
	// Controllers add labels to the pods of a template.
	Controllers []controllerKind `json:"controllers"`
	// Podless kinds create no pods from the templates that they contain.
	Podless []kindReason `json:"podless"`
	// UnknownPods kinds create pods that the resource does not describe.
	UnknownPods []kindReason `json:"unseen"`
}

// controllerKind is a kind whose controller adds labels to its pods. Job is the name of the Jobs
// that it creates, or "" if it creates the pods itself.
type controllerKind struct {
	Group  string            `json:"group"`
	Kind   string            `json:"kind"`
	Job    string            `json:"job"`
	Labels map[string]string `json:"labels"`
	Source string            `json:"source"`
}

// kindReason is a kind, or all kinds of a group, with the reason why it is listed. Namespace is the
// field with the namespace of its pods, or "" for the resource's own.
type kindReason struct {
	Group     string `json:"group"`
	Kind      string `json:"kind"`
	Namespace string `json:"namespace"`
	Reason    string `json:"reason"`
}

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

// embeddedDataError returns the error in a file that a resource needs.
func embeddedDataError(items []*kyaml.RNode) error {
	_, err := readPodKinds()
	for _, n := range items {
		for _, f := range operators().byGroup[Group(n)] {
			_, other := f()
			err = cmp.Or(err, other)
		}
	}
	return err
}

func (k kindReason) is(group, kind string) bool {
	suffix, pattern := strings.CutPrefix(k.Group, "*")
	return (k.Kind == "" || k.Kind == kind) && (k.Group == group || pattern && strings.HasSuffix(group, suffix))
}

func findKind(in []kindReason, n *kyaml.RNode) *kindReason {
	group, kind := Group(n), n.GetKind()
	i := slices.IndexFunc(in, func(k kindReason) bool { return k.is(group, kind) })
	if i < 0 {
		return nil
	}
	return &in[i]
}

func controllerOf(n *kyaml.RNode) *controllerKind {
	all := loadPodKinds().Controllers
	i := slices.IndexFunc(all, func(c controllerKind) bool { return c.Group == Group(n) && c.Kind == n.GetKind() })
	if i < 0 {
		return nil
	}
	return &all[i]
}
