package reach

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/policy"
)

// representativePods returns a pod in a namespace with the labels of a peer that is created later,
// unless cluster-wide policies default-deny such a namespace.
func (d *declaredFlows) representativePods(p policy.Peer) []endpoints.Endpoint {
	namespace := p.NamespaceLabels[corev1.LabelMetadataName]
	if namespace == "" {
		namespace = endpoints.UnknownNamespace
	}
	if d.Fence.UnclaimedNamespace(namespace) {
		return nil
	}
	pod := d.Endpoints.representative(namespace, endpoints.ExampleLabels(p.Pods))
	if namespace == endpoints.UnknownNamespace {
		pod.Name = "a pod " + describeLabels(pod.Labels) + " in a namespace outside the build"
		if len(p.NamespaceLabels) > 0 {
			pod.Name += " with " + endpoints.FormatLabels(p.NamespaceLabels)
		}
	}
	if d.Endpoints.Index.Namespaces[namespace] == nil {
		pod.NamespaceLabels = p.NamespaceLabels
	}
	return []endpoints.Endpoint{pod}
}
