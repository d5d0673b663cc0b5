package lint

import (
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// auditMode is an annotation that people write on policies and pods to try a policy out.
const auditMode = "policy.cilium.io/audit-mode"

// AuditAnnotation warns of an annotation that no version of Cilium knows: a policy that
// relies on it denies traffic at once.
func AuditAnnotation(items []*yaml.RNode) policy.Findings {
	var out policy.Findings
	for _, n := range items {
		if _, ok := n.GetAnnotations()[auditMode]; ok && !resource.IsLocalConfig(n) {
			out = append(out, policy.Finding{
				Check: "audit-mode-annotation", Severity: policy.Warning, Resource: resource.RefOf(n), Field: "metadata.annotations[" + auditMode + "]",
				Message: "does nothing in any version of Cilium, so that policies are enforced all the same: remove it; for allows that close nothing yet, say enforcement: AllowOnly in the Tenant",
			})
		}
	}
	return out
}
