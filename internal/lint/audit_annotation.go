package lint

import (
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/report"

	"github.com/tenantfence/tenantfence/internal/resource"
)

// auditMode is an annotation that people write on policies and pods to try a policy out.
const auditMode = "policy.cilium.io/audit-mode"

// AuditAnnotation warns of an annotation that no version of Cilium knows: a policy that
// relies on it denies traffic at once.
func AuditAnnotation(items []*yaml.RNode) report.Findings {
	var out report.Findings
	for _, n := range items {
		if _, ok := n.GetAnnotations()[auditMode]; ok && !resource.IsLocalConfig(n) {
			out = append(out, report.New(report.AuditModeAnnotation, report.Warning, resource.RefOf(n), "metadata.annotations["+auditMode+"]", "does nothing in any version of Cilium, so that policies are enforced all the same: remove it; for allows that close nothing yet, say enforcement: AllowOnly in the Tenant"))
		}
	}
	return out
}
