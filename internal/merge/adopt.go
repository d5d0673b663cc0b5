package merge

import (
	"fmt"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/resource"
)

// AnnotationAdopt lets the fence take over a hand-written policy that has the name
// of one that must be generated.
const AnnotationAdopt = resource.AnnotationAdopt

func isAdoptable(n *yaml.RNode) bool { return n.GetAnnotations()[AnnotationAdopt] == "true" }

// adopt takes a hand-written policy over. It gets the labels of a policy that is created,
// except for those that it has already.
func (m *merger) adopt(have, want *yaml.RNode) {
	m.result.Adopted = append(m.result.Adopted, resource.RefOf(have))
	c := editableCopy(have)
	labels := mappingAt(mappingAt(c.YNode(), "metadata"), "labels")
	if value(labels, resource.LabelManagedBy) == nil {
		set(labels, resource.LabelManagedBy, text(resource.ManagedBy))
	}
	update(c.YNode(), want.YNode())
	m.recordPatched(have, c)
}

// sections are where a policy has its rules.
var sections = []string{"ingress", "ingressDeny", "egress", "egressDeny"}

// specification is one of the specs of a policy, and where it stands.
type specification struct {
	path string
	node *yaml.Node
}

// specsOf are the spec of a policy and, of Cilium's, the specs.
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
