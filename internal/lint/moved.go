// Package lint finds what is wrong with policies that are finished: one check a file.
package lint

import (
	"fmt"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// Moved refuses generated policies that are in another namespace than the one they
// were generated for: a layer that sets namespace: ran after the fence.
func Moved(items []*yaml.RNode) policy.Findings {
	var out policy.Findings
	for _, n := range items {
		expected := n.GetAnnotations()[resource.AnnotationNamespace]
		if resource.FenceOf(n) == "" || expected == "" || expected == n.GetNamespace() {
			continue
		}
		out = append(out, policy.Finding{
			Check: "policy-moved", Severity: policy.Error, Resource: resource.RefOf(n), Field: "metadata.namespace",
			Message: fmt.Sprintf("was generated for namespace %q and moved to %q by a layer that sets namespace after the fence: list the fence, or its Components, in a layer above that one", expected, n.GetNamespace()),
		})
	}
	return out
}
