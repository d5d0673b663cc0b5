package reach

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
)

// node finds a node by its labels, or a Node of the build by its name.
func (e Endpoints) node(text string, f v1alpha1.FlowEndpoint) (endpoints.Endpoint, error) {
	out := endpoints.Endpoint{Kind: endpoints.NodeEndpoint, Name: text, Labels: f.Labels}
	if f.Name == "" {
		return out, nil
	}
	n := e.Index.Nodes[f.Name]
	if n == nil {
		return out, fmt.Errorf("the Node %q is missing from the build and its external resources: correct the name, declare the Node as an external resource, or write its labels, as node/role=worker", f.Name)
	}
	out.Labels = n.Labels
	return out, nil
}

// otherClusterPod is a pod of another cluster of the mesh. This cluster's own are found in the
// build.
func (e Endpoints) otherClusterPod(text string, f v1alpha1.FlowEndpoint) (endpoints.Endpoint, error) {
	if own := e.Fence.Cluster.Name; f.Cluster == own || own == "" && f.Cluster == "default" {
		return endpoints.Endpoint{}, fmt.Errorf("%q is of this cluster: write namespace/%s/%s", text, f.TenantOrNamespace, endpoints.FormatLabels(f.Labels))
	}
	// The labels of the namespace in that cluster are not known, except its name.
	pod := e.representative(f.TenantOrNamespace, f.Labels)
	pod.NamespaceLabels = nil
	pod.Name, pod.Cluster = text, f.Cluster
	return pod, nil
}

// nodes returns the nodes of the build that a kind of nodes selects, or else one that represents
// them.
func (p Proof) nodes(n *policy.Owner) []endpoints.Endpoint {
	var out []endpoints.Endpoint
	index := p.Endpoints.Index.Nodes
	for _, name := range slices.Sorted(maps.Keys(index)) {
		if endpoints.Selects(n.Selector, index[name].Labels) {
			out = append(out, endpoints.Endpoint{Kind: endpoints.NodeEndpoint, Name: "node/" + name, Labels: index[name].Labels})
		}
	}
	if len(out) == 0 {
		out = append(out, endpoints.RepresentativeNode(endpoints.ExampleLabels(n.Selector)))
	}
	return out
}

// fencedNodes returns the nodes to inspect, if the slice has them: those of the build, and for each kind of nodes one,
// alone and with the labels that each policy selects.
func (p Proof) fencedNodes(known []endpoints.Endpoint) []endpoints.Endpoint {
	var out []endpoints.Endpoint
	for _, n := range p.Fence.Nodes() {
		if !p.Slice.Includes("") || !p.Fence.GeneratesPolicies(n.Enforcement) {
			continue
		}
		out = append(out, p.nodes(n)...)
		example := endpoints.ExampleLabels(n.Selector)
		for _, ep := range known {
			if ep.Kind != endpoints.NodeEndpoint {
				continue
			}
			labels := maps.Clone(example)
			maps.Copy(labels, ep.Labels)
			if endpoints.Selects(n.Selector, labels) {
				out = append(out, endpoints.RepresentativeNode(labels))
			}
		}
	}
	slices.SortStableFunc(out, func(a, b endpoints.Endpoint) int { return cmp.Compare(a.Name, b.Name) })
	return slices.CompactFunc(out, func(a, b endpoints.Endpoint) bool { return a.Name == b.Name })
}

// defaultDenyNodes returns the kinds of nodes that default-deny a node in one direction, those in
// Enforce first.
func defaultDenyNodes(f *policy.Fence, labels map[string]string, d flow.Direction) []*policy.Owner {
	var enforced, allowOnly []*policy.Owner
	for _, n := range f.Nodes() {
		switch {
		case !slices.Contains(n.DefaultDeny, d) || !f.GeneratesPolicies(n.Enforcement) || !endpoints.Selects(n.Selector, labels):
		case n.Enforcement == v1alpha1.Enforce:
			enforced = append(enforced, n)
		default:
			allowOnly = append(allowOnly, n)
		}
	}
	return append(enforced, allowOnly...)
}

// searchNodes goes through the openings of nodes, in the directions that are default-denied.
func (s *search) searchNodes(known []endpoints.Endpoint) error {
	for _, node := range s.fencedNodes(known) {
		s.parts.addSize(s.View, "", node)
		for _, d := range flow.Directions() {
			if len(defaultDenyNodes(s.Fence, node.Labels, d)) == 0 {
				continue
			}
			if err := s.search(node, d); err != nil {
				return err
			}
		}
	}
	return nil
}
