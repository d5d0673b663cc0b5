package fn

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/engine"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/reach"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// proof is what a proof is about: what was meant, and the finished items.
type proof struct {
	in       *resource.Inputs
	index    *resource.Index
	fence    *policy.Fence
	items    []*yaml.RNode
	progress policy.Progress
}

// run decides what the policies among the items do, as if every tenant were enforced.
func (p proof) run() (policy.Report, error) {
	var report policy.Report
	e, err := newEngine(p.fence, p.index, p.items, audited(p.fence))
	var rejected engine.RejectedError
	if errors.As(err, &rejected) {
		report.Findings = rejections(rejected, p.items)
		return report, nil
	}
	if err != nil {
		return report, err
	}
	subject := reach.Proof{
		Engine: e, Fence: p.fence, Endpoints: reach.Endpoints{Index: p.index, Fence: p.fence, Reasons: resource.Reasons(p.items)},
		Policies: policiesByName(p.fence, p.items), Sources: sourcesOf(p.in), Progress: p.progress,
	}
	for i, t := range p.in.FlowTests {
		p.progress.Tell("deciding FlowTests", i, len(p.in.FlowTests))
		report.FlowTests = append(report.FlowTests, reach.Run(e, subject.Endpoints, t))
	}
	if p.in.Fence.Spec.Proof == v1alpha1.ProofNone {
		return report, nil
	}
	isolation, findings, err := subject.Isolation()
	if err != nil {
		return report, err
	}
	report.Findings = append(report.Findings, findings...)
	isolation.Declared, findings = subject.Declared()
	report.Findings = append(report.Findings, findings...)
	isolation.Audited = names(audited(p.fence))
	report.Isolation = &isolation
	return report, nil
}

// newEngine has Cilium enforce the policies among the items and, beside them, a
// default-deny for some tenants. An engine.RejectedError says which policies it cannot.
func newEngine(fence *policy.Fence, index *resource.Index, items []*yaml.RNode, closed []policy.Tenant) (policy.Engine, error) {
	docs, err := asIfEnforced(closed)
	if err != nil {
		return nil, err
	}
	for _, n := range items {
		if !isNetworkPolicy(n) && !isGroup(n) {
			continue
		}
		data, err := n.MarshalJSON()
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", resource.RefOf(n), err)
		}
		docs = append(docs, data)
	}
	e, err := engine.New(engine.Options{ClusterName: fence.Cluster.Name}, docs, reach.Endpoints{Index: index, Fence: fence}.Pods())
	if err != nil {
		return nil, fmt.Errorf("start the policy engine: %w", err)
	}
	return e, nil
}

// audited are the tenants that are not enforced yet.
func audited(fence *policy.Fence) []policy.Tenant {
	return slices.DeleteFunc(slices.Clone(fence.Tenants), func(t policy.Tenant) bool {
		return t.Enforcement == v1alpha1.Enforce || !fence.Generated(&t)
	})
}

func isGroup(n *yaml.RNode) bool {
	return resource.Group(n) == "cilium.io" && n.GetKind() == resource.KindCIDRGroup
}

// rejections are policies that Cilium does not take: they would exist, and do nothing.
func rejections(rejected engine.RejectedError, items []*yaml.RNode) policy.Findings {
	refs := map[string]policy.Ref{}
	for _, n := range items {
		refs[engine.NameOf(n.GetKind(), n.GetNamespace(), n.GetName())] = resource.RefOf(n)
	}
	var out policy.Findings
	for _, r := range rejected {
		out = append(out, policy.Finding{
			Check: "policy-rejected", Severity: policy.Error, Resource: refs[r.Name],
			Message: fmt.Sprintf("cannot be decided, so that nothing is proved: %v: correct it, or remove it", r.Err),
		})
	}
	return out
}

// asIfEnforced closes the pods of tenants.
func asIfEnforced(tenants []policy.Tenant) ([]json.RawMessage, error) {
	var out []json.RawMessage
	for _, t := range tenants {
		for _, ns := range t.Namespaces {
			data, err := json.Marshal(map[string]any{
				"apiVersion": "cilium.io/v2", "kind": resource.KindCilium,
				// No policy of the build can have this name.
				"metadata": map[string]any{"namespace": ns, "name": "as if enforced: " + t.Name},
				"spec":     map[string]any{"endpointSelector": t.Pods, "ingress": []any{map[string]any{}}, "egress": []any{map[string]any{}}},
			})
			if err != nil {
				return nil, fmt.Errorf("close namespace %s: %w", ns, err)
			}
			out = append(out, data)
		}
	}
	return out, nil
}

// policiesByName finds policies by the names that an engine gives them: where two have
// the same, the one that is not the fence's.
func policiesByName(fence *policy.Fence, items []*yaml.RNode) map[string]*resource.Policy {
	out := map[string]*resource.Policy{}
	for _, n := range items {
		if !isNetworkPolicy(n) {
			continue
		}
		name := n.GetName()
		if n.GetKind() != resource.KindClusterwide {
			name = n.GetNamespace() + "/" + name
		}
		if have := out[name]; have == nil || have.Fence == fence.Name {
			out[name] = &resource.Policy{Ref: resource.RefOf(n), Fence: n.GetLabels()[resource.LabelFence]}
		}
	}
	return out
}

// sourcesOf are the resources that declare flows.
func sourcesOf(in *resource.Inputs) map[string]policy.Ref {
	out := map[string]policy.Ref{in.Profile.Ref.Kind + "/" + in.Profile.Ref.Name: in.Profile.Ref}
	for _, t := range in.Tenants {
		out[t.Ref.Kind+"/"+t.Ref.Name] = t.Ref
		out[v1alpha1.KindTenant+"/"+t.Name] = t.Ref
	}
	return out
}

// complete says whether every policy that would be generated, of whichever stage, is
// among the items.
func complete(desired, items []*yaml.RNode) bool {
	there := map[policy.Ref]bool{}
	for _, n := range items {
		there[idOf(n)] = true
	}
	return !slices.ContainsFunc(desired, func(n *yaml.RNode) bool { return !there[idOf(n)] })
}
