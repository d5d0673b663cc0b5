// Package lint checks finished builds. Each file has one check.
package lint

import (
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// Moved refuses generated policies in another namespace than the one for which they were
// generated. A layer that sets namespace ran after the fence.
func Moved(items []*yaml.RNode) report.Findings {
	var out report.Findings
	for _, n := range resource.ObjectsOf(items) {
		if n.Fence == "" || n.Namespace == "" || n.Namespace == n.GetNamespace() {
			continue
		}
		out = append(out, report.New(report.PolicyMoved, report.Error, resource.RefOf(n.RNode), "metadata.namespace", "was generated for namespace %q and moved to %q by a layer that sets namespace after the fence: list the fence, or its Components, in a layer above that one", n.Namespace, n.GetNamespace()))
	}
	return out
}
