package proof

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// syntheticDefaultDeny are owners that a proof treats as if they were in Enforce.
type syntheticDefaultDeny []*policy.Owner

// withEnforcement are the owners whose enforcement matches.
func withEnforcement(fence *policy.Fence, match func(v1alpha1.Enforcement) bool) syntheticDefaultDeny {
	return slices.DeleteFunc(fence.Owners(), func(o *policy.Owner) bool { return !match(o.Enforcement) })
}

// allowOnly are the owners in AllowOnly with generated policies.
func allowOnly(fence *policy.Fence) syntheticDefaultDeny {
	return withEnforcement(fence, func(e v1alpha1.Enforcement) bool { return e != v1alpha1.Enforce && fence.GeneratesPolicies(e) })
}

// ungenerated are the owners without generated policies: in AllowOnly, where an allow would isolate.
func ungenerated(fence *policy.Fence) syntheticDefaultDeny {
	return withEnforcement(fence, func(e v1alpha1.Enforcement) bool { return !fence.GeneratesPolicies(e) })
}

// isolatesAny reports whether a fence has owners. Without them no policies are generated.
func isolatesAny(f *policy.Fence) bool { return len(f.Owners()) > 0 }

// in are the owners of a slice.
func (c syntheticDefaultDeny) in(s report.Slice) syntheticDefaultDeny {
	return slices.DeleteFunc(slices.Clone(c), func(o *policy.Owner) bool { return !s.Includes(o.Tenant()) })
}

// names are the names of the tenants, and of the nodes.
func (c syntheticDefaultDeny) names() []string {
	var out []string
	for _, o := range c {
		out = append(out, o.String())
	}
	return out
}

// defaultDenyOfTenant is a policy that isolates a tenant's pods of a namespace.
func defaultDenyOfTenant(cni v1alpha1.CNI, t *policy.Owner, namespace string) map[string]any {
	out := map[string]any{
		"apiVersion": "networking.k8s.io/v1", "kind": resource.KindKubernetes,
		// No policy of the build can have this name, because it is not valid.
		"metadata": map[string]any{"namespace": namespace, "name": "as if enforced: " + t.String()},
		"spec":     map[string]any{"podSelector": t.Selector, "policyTypes": []string{"Ingress", "Egress"}},
	}
	if cni != v1alpha1.CNIKubernetes {
		emptyRules := []any{map[string]any{}}
		out["apiVersion"], out["kind"] = "cilium.io/v2", resource.KindCilium
		out["spec"] = map[string]any{"endpointSelector": t.Selector, "ingress": emptyRules, "egress": emptyRules}
	}
	return out
}

// defaultDenyOfNodes is a policy that isolates nodes in the directions with flows.
func defaultDenyOfNodes(n *policy.Owner) map[string]any {
	spec := map[string]any{"nodeSelector": n.Selector}
	for _, d := range n.DefaultDeny {
		spec[string(d)] = []any{map[string]any{}}
	}
	return map[string]any{
		"apiVersion": "cilium.io/v2", "kind": resource.KindClusterwide,
		"metadata": map[string]any{"name": "as if enforced: " + n.String()}, "spec": spec,
	}
}

// policies are default-deny policies for the pods and nodes.
func (c syntheticDefaultDeny) policies(cni v1alpha1.CNI) ([]json.RawMessage, error) {
	var out []json.RawMessage
	for _, o := range c {
		var docs []map[string]any
		if o.IsNodes() {
			docs = append(docs, defaultDenyOfNodes(o))
		}
		for _, ns := range o.Namespaces {
			docs = append(docs, defaultDenyOfTenant(cni, o, ns))
		}
		for _, doc := range docs {
			data, err := json.Marshal(doc)
			if err != nil {
				return nil, fmt.Errorf("write the default-deny of %s: %w", o, err)
			}
			out = append(out, data)
		}
	}
	return out, nil
}
