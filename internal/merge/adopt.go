package merge

import (
	"fmt"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/resource"
)

func isAdoptable(n *yaml.RNode) bool { return n.GetAnnotations()[resource.AnnotationAdopt] == "true" }

// adopt replaces the spec of a hand-written policy. It adds the labels of a new policy, except
// those that the policy already has.
func (m *merger) adopt(have *yaml.RNode, want *resource.Generated) {
	m.result.Adopted = append(m.result.Adopted, Adoption{resource.RefOf(have), resource.RefOf(have)})
	c := editableCopy(have)
	labels := mappingAt(mappingAt(c.YNode(), "metadata"), "labels")
	if value(labels, resource.LabelManagedBy) == nil {
		set(labels, resource.LabelManagedBy, text(resource.ManagedBy))
	}
	update(c.YNode(), m.nodeOf(want))
	m.recordPatched(have, c)
}

var sections = []string{"ingress", "ingressDeny", "egress", "egressDeny"}

type specification struct {
	path string
	node *yaml.Node
}

// specsOf returns the spec of a policy and, for Cilium policies, the specs.
func specsOf(n *yaml.Node) []specification {
	var out []specification
	if s := value(n, "spec"); s != nil && s.Kind == yaml.MappingNode {
		out = append(out, specification{"spec", s})
	}
	for i, s := range elements(value(n, "specs")) {
		if s.Kind == yaml.MappingNode {
			out = append(out, specification{fmt.Sprintf("specs[%d]", i), s})
		}
	}
	return out
}
