package fn

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/tenantfence/tenantfence/internal/report"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/engine"
	"github.com/tenantfence/tenantfence/internal/lint"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// schemaFindings finds the policies that the cluster takes for something else than what is written, but
// for those that there are findings about.
func (p proof) schemaFindings(earlier report.Findings) (report.Findings, error) {
	out := lint.RemovedRules(p.fence, p.items)
	if p.fence.Cluster.CNI == v1alpha1.CNIKubernetes {
		return out, nil
	}
	reported := map[report.Ref]bool{}
	for _, f := range slices.Concat(earlier, out) {
		reported[f.Resource] = true
	}
	for _, n := range p.items {
		ref := resource.RefOf(n)
		if !resource.IsCilium(n) || resource.IsLocalConfig(n) || reported[ref] || p.own[n] {
			continue
		}
		f, err := validateSchema(p.fence, n)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", ref, err)
		}
		out = append(out, f...)
	}
	return out, nil
}

// misinterpreted are the policies, among those that unread finds, that the engine does not decide as the
// cluster does: an apiserver may refuse what does not fit, and an older Cilium has the rules
// that a newer one removed.
func misinterpreted(fence *policy.Fence, schemaFindings report.Findings) []report.Ref {
	return warnedResources(slices.DeleteFunc(slices.Clone(schemaFindings), func(f report.Finding) bool {
		return f.Check == report.L7RulesRemoved && !fence.Has(policy.RemovedL7)
	}))
}

// validateSchema says where a policy does not fit Cilium's custom resource: an apiserver refuses it,
// or drops what it does not know. The schema is the newest: an older Cilium may know more.
func validateSchema(fence *policy.Fence, n *yaml.RNode) (report.Findings, error) {
	doc, err := n.Map()
	if err != nil {
		return nil, err
	}
	// The schema takes a field that is empty for one that it does not know.
	if spec, ok := doc["spec"].(map[string]any); ok && spec["description"] == "" {
		delete(spec, "description")
	}
	data, err := json.Marshal(doc)
	if err != nil {
		return nil, err
	}
	if err = engine.Validate(data); err == nil {
		return nil, nil
	}
	f := report.New(report.PolicySchemaInvalid, report.Warning, resource.RefOf(n), "", "does not fit Cilium's custom resource, as of %s: an apiserver refuses it, or drops what it does not know, and what is proved is what remains: %v", engineVersion, err)
	if fence.MayAffectTenant(f.Resource.Namespace) && policy.Minor(fence.Cluster.CiliumVersion) >= policy.Minor(engineVersion) {
		f.Severity = report.Error
	}
	return report.Findings{f}, nil
}
