package draft

import (
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/resource"
)

// linkKinds have URLs for people, which nothing connects to.
var linkKinds = []string{"PrometheusRule", "CustomResourceDefinition", "ClusterPolicy", "Policy", "ConstraintTemplate"}

// noteCustomHosts notes the public hosts in resources whose controllers are unknown: their pods may connect to
// them.
func (b *build) noteCustomHosts() {
	pods := b.index.MakesPods()
	for _, n := range b.items {
		group := resource.Group(n)
		if !strings.Contains(group, ".") || strings.HasSuffix(group, ".k8s.io") || resource.IsPolicy(n) || slices.Contains(linkKinds, n.GetKind()) || pods[resource.ID(n)] {
			continue
		}
		for _, s := range scalarSources(describe(resource.RefOf(n)), at(n, "spec")) {
			b.noteCustomHost(s)
		}
	}
}

func (b *build) noteCustomHost(s source) {
	found, _ := mentionsIn(s.value, secretText)
	for _, m := range found {
		if m.url && isPublicName(m.host) && b.routedHosts()[m.host] == "" && !strings.Contains(m.host, ".svc") {
			b.review(s.evidence, fmt.Sprintf("names %s: the pods of its controller may connect to it, and no flow is written: add one to their Tenant", hostPort(m)))
		}
	}
}

// scalarSources are the texts in a part of a resource, with their fields.
func scalarSources(name string, part *yaml.RNode) []source {
	if part == nil {
		return nil
	}
	var out []source
	var walk func(n *yaml.Node, path string)
	walk = func(n *yaml.Node, path string) {
		switch n.Kind {
		case yaml.MappingNode:
			for i := 0; i+1 < len(n.Content); i += 2 {
				walk(n.Content[i+1], path+"."+n.Content[i].Value)
			}
		case yaml.SequenceNode:
			for _, c := range n.Content {
				walk(c, path)
			}
		case yaml.ScalarNode:
			out = append(out, source{value: n.Value, kind: valueText, evidence: name + " " + path})
		}
	}
	walk(part.YNode(), "spec")
	return out
}
