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
func nodesFromLabels(policies []resource.Object) []*policy.Owner {
	nodes := map[string]*policy.Owner{}
	for _, o := range policies {
		if o.Node == "" || o.GetKind() != resource.KindClusterwide {
			continue
		}
		found := hostPolicyOf(o.RNode)
		found.Name, found.Enforcement = o.Node, v1alpha1.AllowOnly
		if o.Family == policy.DefaultDeny {
			found.Enforcement = v1alpha1.Enforce
		}
		if have, ok := nodes[o.Node]; !ok || have.Enforcement != v1alpha1.Enforce {
			nodes[o.Node] = found
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
