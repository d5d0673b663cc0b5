package kustomize

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/report"
	tenantfence "github.com/tenantfence/tenantfence/internal/resource"
)

// MalformedError reports the malformed resources of a build that kustomize cannot read.
type MalformedError struct{ Findings report.Findings }

func (e *MalformedError) Error() string {
	out := make([]string, len(e.Findings))
	for i, f := range e.Findings {
		out[i] = f.String()
	}
	return strings.Join(out, "\n")
}

// explain replaces the error of kustomize's code if it failed on malformed resources.
func (r *records) explain(err error) error {
	if !errors.Is(err, errKustomizePanic) {
		return err
	}
	if found := r.malformed(); len(found) > 0 {
		return &MalformedError{found}
	}
	return err
}

// malformed returns findings about the malformed resources in the files of the build.
func (r *records) malformed() report.Findings {
	var out report.Findings
	for _, file := range slices.Sorted(maps.Keys(r.files)) {
		nodes, err := tenantfence.ReadYAML(r.files[file])
		if err != nil {
			continue
		}
		for i, n := range nodes {
			if !declaresKind(n) {
				continue
			}
			for _, f := range tenantfence.MalformedItems([]*yaml.RNode{n}) {
				f.Resource.File, f.Resource.Index = r.displayPath(file), i
				out = append(out, f)
			}
		}
	}
	return out.Sort()
}

// declaresKind reports whether a document is a resource with an apiVersion and a kind. Patches
// and values may lack them, and a List has items instead of a name.
func declaresKind(n *yaml.RNode) bool {
	root := n.YNode()
	found := map[string]string{}
	for i := 0; root.Kind == yaml.MappingNode && i+1 < len(root.Content); i += 2 {
		found[root.Content[i].Value] = root.Content[i+1].Value
	}
	return found["apiVersion"] != "" && found["kind"] != "" && found["kind"] != "Kustomization" && !strings.HasSuffix(found["kind"], "List")
}
