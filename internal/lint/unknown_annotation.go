package lint

import (
	"maps"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// knownAnnotations are those of this project's own domain.
var knownAnnotations = []string{resource.AnnotationFor, resource.AnnotationNamespace, resource.AnnotationAdopt, resource.AnnotationPatch}

// UnknownAnnotations refuses annotations of this project's domain that it does not know: a
// misspelt one has no effect.
func UnknownAnnotations(items []*yaml.RNode) policy.Findings {
	var out policy.Findings
	for _, n := range items {
		for _, key := range slices.Sorted(maps.Keys(n.GetAnnotations())) {
			if !strings.HasPrefix(key, v1alpha1.Group+"/") || slices.Contains(knownAnnotations, key) {
				continue
			}
			do := "remove it; the annotations are " + strings.Join(knownAnnotations, ", ")
			if near, ok := v1alpha1.Nearest(key, knownAnnotations); ok {
				do = "write " + near + ", or remove it"
			}
			out = append(out, policy.Finding{
				Check: "annotation-unknown", Severity: policy.Error, Resource: resource.RefOf(n), Field: "metadata.annotations[" + key + "]",
				Message: "has no effect, since there is no such annotation: " + do,
			})
		}
	}
	return out
}
