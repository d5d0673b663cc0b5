package proof

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// syntheticDefaultDeny are tenants and nodes that a proof treats as if they were in Enforce.
type syntheticDefaultDeny struct {
	tenants []policy.Tenant
	nodes   []policy.Node
}

// withEnforcement are the tenants and nodes whose enforcement matches.
func withEnforcement(fence *policy.Fence, match func(v1alpha1.Enforcement) bool) syntheticDefaultDeny {
	return syntheticDefaultDeny{
		tenants: slices.DeleteFunc(slices.Clone(fence.Tenants), func(t policy.Tenant) bool { return !match(t.Enforcement) }),
		nodes:   slices.DeleteFunc(slices.Clone(fence.Nodes), func(n policy.Node) bool { return !match(n.Enforcement) }),
	}
}

// allowOnly are the tenants and nodes in AllowOnly with generated policies.
func allowOnly(fence *policy.Fence) syntheticDefaultDeny {
	return withEnforcement(fence, func(e v1alpha1.Enforcement) bool { return e != v1alpha1.Enforce && fence.GeneratesPolicies(e) })
}

func (c syntheticDefaultDeny) empty() bool { return len(c.tenants)+len(c.nodes) == 0 }

// isolatesAny reports whether a fence has tenants or nodes. Without them no policies are generated.
func isolatesAny(f *policy.Fence) bool { return len(f.Tenants)+len(f.Nodes) > 0 }

// subjectNames are the sorted names of the tenants, and the names of the nodes.
func (c syntheticDefaultDeny) subjectNames() []string {
	var out []string
	for _, t := range c.tenants {
		out = append(out, t.Name)
	}
	slices.Sort(out)
	out = slices.Compact(out)
	for _, n := range c.nodes {
		out = append(out, "nodes "+n.Name)
	}
	return out
}

// defaultDenyPolicy is a policy that isolates a tenant's pods of a namespace.
func defaultDenyPolicy(cni v1alpha1.CNI, t policy.Tenant, namespace string) map[string]any {
	out := map[string]any{
		"apiVersion": "networking.k8s.io/v1", "kind": resource.KindKubernetes,
		// No policy of the build can have this name, because it is not valid.
		"metadata": map[string]any{"namespace": namespace, "name": "as if enforced: " + t.Name},
		"spec":     map[string]any{"podSelector": t.Pods, "policyTypes": []string{"Ingress", "Egress"}},
	}
	if cni != v1alpha1.CNIKubernetes {
		emptyRules := []any{map[string]any{}}
		out["apiVersion"], out["kind"] = "cilium.io/v2", resource.KindCilium
		out["spec"] = map[string]any{"endpointSelector": t.Pods, "ingress": emptyRules, "egress": emptyRules}
	}
	return out
}

// policies are default-deny policies for the pods and nodes.
func (c syntheticDefaultDeny) policies(cni v1alpha1.CNI) ([]json.RawMessage, error) {
	var out []json.RawMessage
	add := func(what string, doc map[string]any) error {
		data, err := json.Marshal(doc)
		if err != nil {
			return fmt.Errorf("write the default-deny of %s: %w", what, err)
		}
		out = append(out, data)
		return nil
	}
	for _, t := range c.tenants {
		for _, ns := range t.Namespaces {
			if err := add("namespace "+ns, defaultDenyPolicy(cni, t, ns)); err != nil {
				return nil, err
			}
		}
	}
	for _, n := range c.nodes {
		spec := map[string]any{"nodeSelector": n.Selector}
		for _, d := range n.DefaultDeny {
			spec[string(d)] = []any{map[string]any{}}
		}
		if err := add("nodes "+n.Name, map[string]any{
			"apiVersion": "cilium.io/v2", "kind": resource.KindClusterwide,
			"metadata": map[string]any{"name": "as if enforced: nodes " + n.Name}, "spec": spec,
		}); err != nil {
			return nil, err
		}
	}
	return out, nil
}
