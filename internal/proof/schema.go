package proof

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/engine"
	"github.com/tenantfence/tenantfence/internal/lint"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// schemaFindings reports policies that the cluster interprets differently than written, except for those
// with earlier findings.
func (p proof) schemaFindings(earlier report.Findings) (report.Findings, error) {
	out := lint.RemovedRules(p.Fence, p.items)
	if p.Fence.Cluster.CNI == v1alpha1.CNIKubernetes {
		return out, nil
	}
	reported := map[report.Ref]bool{}
	for _, f := range slices.Concat(earlier, out) {
		reported[f.Resource] = true
	}
	for _, n := range p.items {
		if p.own[n] || !resource.IsCilium(n) || resource.IsLocalConfig(n) {
			continue
		}
		ref := resource.RefOf(n)
		if reported[ref] {
			continue
		}
		f, err := validateSchema(p.Fence, n)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", ref, err)
		}
		out = append(out, f...)
	}
	return out, nil
}

// misinterpreted are the policies of schema findings that the engine does not decide as the cluster does:
// an apiserver may reject them, and an older Cilium has rules that a newer one removed.
func misinterpreted(fence *policy.Fence, schemaFindings report.Findings) []report.Ref {
	return warnedResources(slices.DeleteFunc(slices.Clone(schemaFindings), func(f report.Finding) bool {
		return f.Check == report.L7RulesRemoved && !fence.Has(cilium.RemovedL7)
	}))
}

// validateSchema reports where a policy does not match the schema of Cilium's custom resource. The schema
// is the newest. An older Cilium may have more fields.
func validateSchema(fence *policy.Fence, n *yaml.RNode) (report.Findings, error) {
	doc, err := n.Map()
	if err != nil {
		return nil, err
	}
	// The schema reports an empty field as unknown.
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
	if cause := errors.Unwrap(err); cause != nil {
		err = cause // Without the name of the policy, which the finding has.
	}
	f := report.New(report.PolicySchemaInvalid, report.Warning, resource.RefOf(n), "", "does not match the schema of Cilium %s (%v), so an apiserver rejects it or drops the unknown fields, and the proof covers the rest: correct these fields", cilium.Newest, err)
	if fence.MayAffectTenant(f.Resource.Namespace) && fence.Cluster.CiliumVersion == cilium.Newest {
		f.Severity = report.Error
	}
	return report.Findings{f}, nil
}
