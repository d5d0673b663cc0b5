package lint

import (
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// auditMode is an annotation that users set on policies and pods to test a policy.
const auditMode = "policy.cilium.io/audit-mode"

// AuditAnnotation warns about an annotation that no version of Cilium reads. A policy that relies
// on it denies traffic at once.
func AuditAnnotation(items []*yaml.RNode) report.Findings {
	var out report.Findings
	for _, n := range items {
		if _, ok := n.GetAnnotations()[auditMode]; ok && !resource.IsLocalConfig(n) {
			out = append(out, report.New(report.AuditModeAnnotation, report.Warning, resource.RefOf(n), "metadata.annotations["+auditMode+"]", "has no effect in any version of Cilium, so policies are enforced: remove it; for allows without default-deny, set enforcement: AllowOnly in the Tenant"))
		}
	}
	return out
}
