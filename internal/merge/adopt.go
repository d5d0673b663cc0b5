package merge

import (
	"fmt"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// AnnotationAdopt lets the fence take over a hand-written policy that has the name
// of one that must be generated.
const AnnotationAdopt = resource.AnnotationAdopt

func adoptable(n *yaml.RNode) bool { return n.GetAnnotations()[AnnotationAdopt] == "true" }

// sections are where a policy has its rules.
var sections = []string{"ingress", "ingressDeny", "egress", "egressDeny"}

// adopted says what a policy that is taken over no longer does.
func adopted(n, want *yaml.RNode) policy.Findings {
	ref := resource.RefOf(n)
	out := policy.Findings{{
		Check: "policy-adopted", Severity: policy.Info, Resource: ref, Message: "is taken over: its spec is generated from now on",
	}}
	desired := value(want.YNode(), "spec")
	for _, s := range specsOf(n.YNode()) {
		for _, selector := range []string{"endpointSelector", "nodeSelector", "podSelector"} {
			old, now := value(s.node, selector), value(desired, selector)
			if old != nil && now != nil && content(old) != content(now) {
				out = append(out, policy.Finding{
					Check: "adopted-selector", Severity: policy.Warning, Resource: ref, Field: s.path + "." + selector,
					Message: fmt.Sprintf("was %s and becomes %s: pods that only the former selected lose the rules, too", compact(old), compact(now)),
				})
			}
		}
		for _, section := range sections {
			out = append(out, lost(ref, s, section, desired)...)
		}
	}
	return out
}

// lost are the rules of a section that the new spec has not.
func lost(ref policy.Ref, s specification, section string, desired *yaml.Node) policy.Findings {
	kept := map[string]bool{}
	for _, rule := range elements(value(desired, section)) {
		kept[content(rule)] = true
	}
	var out policy.Findings
	for i, rule := range elements(value(s.node, section)) {
		if !kept[content(rule)] {
			out = append(out, policy.Finding{
				Check: "adopted-rule-lost", Severity: policy.Warning, Resource: ref, Field: fmt.Sprintf("%s.%s[%d]", s.path, section, i),
				Message: "is no longer there, now that the policy is taken over: " + compact(rule),
			})
		}
	}
	return out
}

// compact is a node on one line.
func compact(n *yaml.Node) string {
	data, err := yaml.NewRNode(written(n)).MarshalJSON()
	if err != nil {
		return content(n)
	}
	return string(data)
}

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
