// Package render converts policies to resources: it builds typed objects of Cilium and Kubernetes
// and converts them to YAML nodes. It is pure.
package render

import (
	"encoding/json"
	"fmt"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// Render returns the resources of the policies, in their order and in the fence's form, followed by
// the ConfigMap of the egress proxy.
func Render(f *policy.Fence, policies []policy.Policy) ([]*yaml.RNode, error) {
	out := make([]*yaml.RNode, 0, len(policies))
	for i := range policies {
		node, err := toNode(object(f, &policies[i]))
		if err != nil {
			return nil, fmt.Errorf("render policy %s/%s: %w", policies[i].Namespace, policies[i].Name, err)
		}
		out = append(out, node)
	}
	if f.EgressProxy != nil {
		node, err := toNode(egressNames(f))
		if err != nil {
			return nil, fmt.Errorf("render the names of the egress proxy: %w", err)
		}
		out = append(out, node)
	}
	return out, nil
}

// object returns a policy in its form.
func object(f *policy.Fence, p *policy.Policy) any {
	switch {
	case p.NamespaceScope != nil || p.HasNodes():
		return clusterwide(f, p)
	case f.Policies == v1alpha1.PoliciesKubernetes:
		return kubernetes(f, p)
	}
	return ciliumObject(f, p)
}

// objectLabels returns the labels of a policy.
func objectLabels(f *policy.Fence, p *policy.Policy) map[string]string {
	labels := map[string]string{
		resource.LabelManagedBy: resource.ManagedBy,
		resource.LabelFence:     f.Name,
		resource.LabelFamily:    string(p.Family),
		resource.LabelStage:     string(p.Family.Stage()),
	}
	switch o := p.Owner; {
	case o == nil:
	case o.IsNodes():
		labels[resource.LabelNode] = o.Name
	default:
		labels[resource.LabelTenant] = o.Name
		if o.ID != "" {
			labels[resource.LabelTenantID] = o.ID
		}
	}
	return labels
}

// objectAnnotations returns the declaring fields of a policy and, unless it is cluster-wide, its
// intended namespace.
func objectAnnotations(p *policy.Policy) map[string]string {
	var reasons []string
	for _, r := range p.Reasons {
		reasons = append(reasons, r.String())
	}
	out := map[string]string{resource.AnnotationFor: strings.Join(reasons, "\n")}
	if p.Namespace != "" {
		out[resource.AnnotationNamespace] = p.Namespace
	}
	return out
}

// toNode converts a typed object to a node with sorted keys, without the status and timestamps that
// typed objects always have.
func toNode(object any) (*yaml.RNode, error) {
	data, err := json.Marshal(object)
	if err != nil {
		return nil, err
	}
	var m map[string]any
	if err := json.Unmarshal(data, &m); err != nil {
		return nil, err
	}
	delete(m, "status")
	if meta, ok := m["metadata"].(map[string]any); ok {
		delete(meta, "creationTimestamp")
	}
	return yaml.FromMap(m)
}
