package render

import (
	v2 "github.com/cilium/cilium/pkg/k8s/apis/cilium.io/v2"
	slim "github.com/cilium/cilium/pkg/k8s/slim/k8s/apis/meta/v1"
	"github.com/cilium/cilium/pkg/policy/api"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tenantfence/tenantfence/internal/policy"
)

func clusterwide(f *policy.Fence, p *policy.Policy, m metav1.ObjectMeta) *v2.CiliumClusterwideNetworkPolicy {
	return &v2.CiliumClusterwideNetworkPolicy{
		TypeMeta:   clusterwidePolicy,
		ObjectMeta: m,
		Spec:       ruleFor(f, p, subjectOf(p)),
	}
}

func subjectOf(p *policy.Policy) api.EndpointSelector {
	if p.HasNodes() {
		return selector(p.Owner.Selector, nil)
	}
	return namespaceSelector(*p.NamespaceScope)
}

// namespaceSelector selects the pods of namespaces. It requires that a pod has a namespace.
// Otherwise a negative selector would also match the host and Cilium's own endpoints, which have
// none.
func namespaceSelector(s policy.NamespaceScope) api.EndpointSelector {
	in := slim.LabelSelectorRequirement{Key: podNamespace, Operator: slim.LabelSelectorOpIn, Values: s.Only}
	if len(s.Only) > 0 {
		return api.NewESFromMatchRequirements(nil, []slim.LabelSelectorRequirement{in})
	}
	expressions := []slim.LabelSelectorRequirement{{Key: podNamespace, Operator: slim.LabelSelectorOpExists}}
	if len(s.Except) > 0 {
		in.Operator, in.Values = slim.LabelSelectorOpNotIn, s.Except
		expressions = append(expressions, in)
	}
	return api.NewESFromMatchRequirements(nil, expressions)
}
