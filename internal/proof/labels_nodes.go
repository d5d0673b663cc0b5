package proof

import (
	"encoding/json"
	"maps"
	"slices"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// nodesFromLabels are the nodes that host policies with labels describe. They are in Enforce if a
// default-deny selects them, in its directions. Otherwise the directions with rules count.
func nodesFromLabels(policies []*yaml.RNode) []*policy.Owner {
	nodes := map[string]*policy.Owner{}
	for _, n := range policies {
		labels := n.GetLabels()
		name := labels[resource.LabelNode]
		if name == "" || n.GetKind() != resource.KindClusterwide {
			continue
		}
		found := hostPolicyOf(n)
		found.Name, found.Enforcement = name, v1alpha1.AllowOnly
		if labels[resource.LabelFamily] == string(policy.DefaultDeny) {
			found.Enforcement = v1alpha1.Enforce
		}
		if have, ok := nodes[name]; !ok || have.Enforcement != v1alpha1.Enforce {
			nodes[name] = found
		}
	}
	var out []*policy.Owner
	for _, name := range slices.Sorted(maps.Keys(nodes)) {
		out = append(out, nodes[name])
	}
	return out
}

// hostPolicyOf reads the nodes that a host policy selects, and the directions in which it has rules.
func hostPolicyOf(n *yaml.RNode) *policy.Owner {
	var read struct {
		Spec struct {
			NodeSelector endpoints.Selector `json:"nodeSelector"`
			Ingress      []any              `json:"ingress"`
			Egress       []any              `json:"egress"`
		} `json:"spec"`
	}
	out := &policy.Owner{Kind: policy.Nodes, Reason: report.Reason{Kind: resource.KindClusterwide, Name: n.GetName(), Field: "spec"}}
	if data, err := n.MarshalJSON(); err != nil || json.Unmarshal(data, &read) != nil {
		return out
	}
	out.Selector = read.Spec.NodeSelector
	if len(read.Spec.Ingress) > 0 {
		out.DefaultDeny = append(out.DefaultDeny, flow.Ingress)
	}
	if len(read.Spec.Egress) > 0 {
		out.DefaultDeny = append(out.DefaultDeny, flow.Egress)
	}
	return out
}
