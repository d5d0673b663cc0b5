package lint

import (
	"maps"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/internal/report"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// knownAnnotations are those of this project's own domain.
var knownAnnotations = []string{resource.AnnotationFor, resource.AnnotationNamespace, resource.AnnotationAdopt, resource.AnnotationPatch}

// UnknownAnnotations refuses annotations of this project's domain that it does not know: a
// misspelt one has no effect.
func UnknownAnnotations(items []*yaml.RNode) report.Findings {
	var out report.Findings
	for _, n := range items {
		for _, key := range slices.Sorted(maps.Keys(n.GetAnnotations())) {
			if !strings.HasPrefix(key, v1alpha1.Group+"/") || slices.Contains(knownAnnotations, key) {
				continue
			}
			do := "remove it; the annotations are " + strings.Join(knownAnnotations, ", ")
			if near, ok := v1alpha1.Nearest(key, knownAnnotations); ok {
				do = "write " + near + ", or remove it"
			}
			out = append(out, report.New(report.AnnotationUnknown, report.Error, resource.RefOf(n), "metadata.annotations["+key+"]", "%s", "has no effect, since there is no such annotation: "+do))
		}
	}
	return out
}
