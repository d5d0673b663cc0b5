package merge

import (
	"maps"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// labelNamespace sets the profile's labels on a tenant's namespace. It does not change external
// resources, which never reach the cluster.
func (m *merger) labelNamespace(n *yaml.RNode) {
	if len(m.Fence.NamespaceLabels) == 0 || m.Fence.Owner(n.GetName()) == nil || resource.IsLocalConfig(n) {
		m.keep(n)
		return
	}
	c := editableCopy(n)
	labels := mappingAt(mappingAt(c.YNode(), "metadata"), "labels")
	changed := false
	for _, key := range slices.Sorted(maps.Keys(m.Fence.NamespaceLabels)) {
		changed = set(labels, key, text(m.Fence.NamespaceLabels[key])) || changed
	}
	if !changed {
		c = n
	}
	m.recordPatched(n, c)
}

// setSourceRanges limits a load balancer to the networks of clients that its policies cannot
// distinguish. It denies traffic, so it is part of the last stage.
func (m *merger) setSourceRanges(n *yaml.RNode) {
	if !slices.Contains(m.Stages, v1alpha1.StageDefaultDeny) {
		m.keep(n)
		return
	}
	var cidrs []string
	for _, s := range m.Fence.SourceRanges {
		if s.Namespace == n.GetNamespace() && s.Service == n.GetName() {
			cidrs = append(cidrs, s.CIDRs...)
		}
	}
	if len(cidrs) == 0 || resource.IsLocalConfig(n) {
		m.keep(n)
		return
	}
	slices.Sort(cidrs)
	ranges := list()
	for _, cidr := range slices.Compact(cidrs) {
		ranges.Content = append(ranges.Content, text(cidr))
	}
	c := editableCopy(n)
	spec := mappingAt(c.YNode(), "spec")
	had := scalars(elements(value(spec, "loadBalancerSourceRanges")))
	if !set(spec, "loadBalancerSourceRanges", ranges) {
		c = n
	} else if had != "" {
		m.report(report.Warning, report.SourceRangesReplaced, n, "spec.loadBalancerSourceRanges", "has networks that the function replaces with those of a Tenant's agents, so add those still needed to cidrs in agentIngress: "+had)
	}
	m.recordPatched(n, c)
}

func scalars(nodes []*yaml.Node) string {
	var out []string
	for _, n := range nodes {
		out = append(out, n.Value)
	}
	return strings.Join(out, ", ")
}
