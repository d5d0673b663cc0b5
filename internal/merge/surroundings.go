package merge

import (
	"maps"
	"slices"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// labelNamespace sets the profile's labels on a tenant's namespace. Inventory, which
// never reaches the cluster, tells what is there: it stays as it is.
func (m *merger) labelNamespace(n *yaml.RNode) {
	if len(m.Fence.NamespaceLabels) == 0 || m.Fence.Owner(n.GetName()) == nil || isLocal(n) {
		m.keep(n)
		return
	}
	c := edit(n)
	labels := mappingAt(mappingAt(c.YNode(), "metadata"), "labels")
	changed := false
	for _, key := range slices.Sorted(maps.Keys(m.Fence.NamespaceLabels)) {
		changed = set(labels, key, text(m.Fence.NamespaceLabels[key])) || changed
	}
	if !changed {
		c = n
	}
	m.patched(n, c)
}

// narrowService has a load balancer admit just the networks that its policies cannot
// tell apart.
func (m *merger) narrowService(n *yaml.RNode) {
	var cidrs []string
	for _, s := range m.Fence.SourceRanges {
		if s.Namespace == n.GetNamespace() && s.Service == n.GetName() {
			cidrs = append(cidrs, s.CIDRs...)
		}
	}
	if len(cidrs) == 0 || isLocal(n) {
		m.keep(n)
		return
	}
	slices.Sort(cidrs)
	ranges := list()
	for _, cidr := range slices.Compact(cidrs) {
		ranges.Content = append(ranges.Content, text(cidr))
	}
	c := edit(n)
	if !set(mappingAt(c.YNode(), "spec"), "loadBalancerSourceRanges", ranges) {
		c = n
	}
	m.patched(n, c)
}

func isLocal(n *yaml.RNode) bool {
	v, ok := n.GetAnnotations()[localConfig]
	return ok && v != "false"
}
