// Package render converts policies to resources: it builds typed objects of Cilium and Kubernetes. It is pure.
package render

import (
	v2 "github.com/cilium/cilium/pkg/k8s/apis/cilium.io/v2"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// Render returns the resources of the policies, in their order and in the fence's form, followed by
// the ConfigMap of the egress proxy. Their content is made when it is needed.
func Render(f *policy.Fence, policies []policy.Policy) []*resource.Generated {
	out := make([]*resource.Generated, 0, len(policies)+1)
	for i := range policies {
		p := &policies[i]
		out = append(out, generated(typeOf(f, p), f, p, func(m metav1.ObjectMeta) any { return object(f, p, m) }))
	}
	if f.EgressProxy != nil {
		out = append(out, generated(configMap, f, egressNamesPolicy(f), func(m metav1.ObjectMeta) any { return egressNames(f, m) }))
	}
	return out
}

// generated returns a resource with the metadata of a policy.
func generated(t metav1.TypeMeta, f *policy.Fence, p *policy.Policy, object func(metav1.ObjectMeta) any) *resource.Generated {
	ref := report.Ref{APIVersion: t.APIVersion, Kind: t.Kind, Namespace: p.Namespace, Name: p.Name}
	m := metadata(f, p)
	return resource.NewGenerated(ref, m, func() (map[string]any, error) {
		return content(object(metav1.ObjectMeta{Name: p.Name, Namespace: p.Namespace, Labels: m.Labels(), Annotations: m.Annotations()}))
	})
}

// The types of what is rendered.
var (
	ciliumPolicy      = metav1.TypeMeta{APIVersion: v2.SchemeGroupVersion.String(), Kind: v2.CNPKindDefinition}
	clusterwidePolicy = metav1.TypeMeta{APIVersion: v2.SchemeGroupVersion.String(), Kind: v2.CCNPKindDefinition}
	networkPolicy     = metav1.TypeMeta{APIVersion: networkingv1.SchemeGroupVersion.String(), Kind: resource.KindKubernetes}
	configMap         = metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"}
)

func typeOf(f *policy.Fence, p *policy.Policy) metav1.TypeMeta {
	switch {
	case p.NamespaceScope != nil || p.HasNodes():
		return clusterwidePolicy
	case f.Policies == v1alpha1.PoliciesKubernetes:
		return networkPolicy
	}
	return ciliumPolicy
}

func object(f *policy.Fence, p *policy.Policy, m metav1.ObjectMeta) any {
	switch typeOf(f, p) {
	case clusterwidePolicy:
		return clusterwide(f, p, m)
	case networkPolicy:
		return kubernetes(p, m)
	}
	return ciliumObject(f, p, m)
}

func metadata(f *policy.Fence, p *policy.Policy) resource.Metadata {
	o := resource.Metadata{Fence: f.Name, Family: p.Family, Stage: p.Family.Stage(), Namespace: p.Namespace}
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
	return o
}

// content converts a typed object to a map, without the status and timestamps that typed objects always have.
func content(object any) (map[string]any, error) {
	m, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err != nil {
		return nil, err
	}
	delete(m, "status")
	if meta, ok := m["metadata"].(map[string]any); ok {
		delete(meta, "creationTimestamp")
	}
	return m, nil
}
