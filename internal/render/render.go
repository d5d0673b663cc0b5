// Package render converts policies to resources: it builds typed objects of Cilium and Kubernetes
// and converts them to YAML nodes. It is pure.
package render

import (
	"cmp"
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/block"
	"github.com/tenantfence/tenantfence/internal/parallel"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// Render returns the resources of the policies, in their order and in the fence's form, followed by
// the ConfigMap of the egress proxy.
func Render(f *policy.Fence, policies []policy.Policy) ([]*yaml.RNode, error) {
	rendered, errs := make([]*yaml.RNode, len(policies)), make([]error, len(policies))
	parallel.For(len(policies), func(i int) {
		if rendered[i], errs[i] = toNode(object(f, &policies[i])); errs[i] != nil {
			errs[i] = fmt.Errorf("render policy %s/%s: %w", policies[i].Namespace, policies[i].Name, errs[i])
		}
	})
	if err := cmp.Or(errs...); err != nil {
		return nil, err
	}
	if f.EgressProxy == nil {
		return rendered, nil
	}
	names, err := toNode(egressNames(f))
	if err != nil {
		return nil, fmt.Errorf("render the names of the egress proxy: %w", err)
	}
	return append(slices.Clip(rendered), names), nil
}

func object(f *policy.Fence, p *policy.Policy) any {
	switch {
	case p.NamespaceScope != nil || p.HasNodes():
		return clusterwide(f, p)
	case f.Policies == v1alpha1.PoliciesKubernetes:
		return kubernetes(f, p)
	}
	return ciliumObject(f, p)
}

func metadata(f *policy.Fence, p *policy.Policy) metav1.ObjectMeta {
	o := resource.Object{Fence: f.Name, Family: p.Family, Stage: p.Family.Stage(), Namespace: p.Namespace}
	switch owner := p.Owner; {
	case owner == nil:
	case owner.IsNodes():
		o.Node = owner.Name
	default:
		o.Tenant, o.TenantID = owner.Name, owner.ID
	}
	for _, r := range p.Reasons {
		o.Reasons = append(o.Reasons, r.String())
	}
	return metav1.ObjectMeta{Name: p.Name, Namespace: p.Namespace, Labels: o.Labels(), Annotations: o.Annotations()}
}

// toNode converts a typed object to a node with sorted keys, without the status and timestamps that
// typed objects always have.
func toNode(object any) (*yaml.RNode, error) {
	m, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err != nil {
		return nil, err
	}
	delete(m, "status")
	if meta, ok := m["metadata"].(map[string]any); ok {
		delete(meta, "creationTimestamp")
	}
	n, err := block.FromMap(m)
	return yaml.NewRNode(n), err
}
