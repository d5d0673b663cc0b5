package lint

import (
	"maps"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
	"github.com/tenantfence/tenantfence/internal/strict"
)

var knownAnnotations = []string{resource.AnnotationFor, resource.AnnotationNamespace, resource.AnnotationAdopt, resource.AnnotationPatch}

// UnknownAnnotations refuses unknown annotations of this project's domain: a misspelt annotation
// has no effect.
func UnknownAnnotations(items []*yaml.RNode) report.Findings {
	var out report.Findings
	for _, n := range items {
		for _, key := range slices.Sorted(maps.Keys(n.GetAnnotations())) {
			if !strings.HasPrefix(key, v1alpha1.Group+"/") || slices.Contains(knownAnnotations, key) {
				continue
			}
			fix := "remove it; the annotations are " + strings.Join(knownAnnotations, ", ")
			if near := strict.Nearest(key, knownAnnotations); near != "" {
				fix = "write " + near + ", or remove it"
			}
			out = append(out, report.New(report.AnnotationUnknown, report.Error, resource.RefOf(n), "metadata.annotations["+key+"]", "%s", "has no effect, because this annotation does not exist: "+fix))
		}
	}
	return out
}
