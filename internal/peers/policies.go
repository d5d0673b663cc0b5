package peers

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// OfPolicy returns the namespaces in which the peers of a policy may be. A field that is not known here may
// have peers in all.
func OfPolicy(n *yaml.RNode) Namespaces {
	switch n.GetKind() {
	case resource.KindKubernetes:
		return policyReader{own: resource.NamespaceOf(n)}.networkPolicy(field(n.YNode(), "spec"))
	case resource.KindCilium, resource.KindClusterwide:
		return eachSpec(n, policyReader{own: resource.NamespaceOf(n)}.ciliumSpec)
	}
	return All()
}

// SubjectsOf returns the namespaces of the pods that a cluster-wide policy may select, and reports whether
// it may select nodes.
func SubjectsOf(n *yaml.RNode) (pods Namespaces, nodes bool) {
	if n.GetKind() != resource.KindClusterwide {
		return All(), true
	}
	pods = eachSpec(n, func(spec *yaml.Node) Namespaces {
		if field(spec, "nodeSelector") != nil {
			nodes = true
			return Namespaces{}
		}
		return policyReader{}.selector(field(spec, "endpointSelector"))
	})
	return pods, nodes
}

// eachSpec joins what the specs of a Cilium policy have.
func eachSpec(n *yaml.RNode, read func(*yaml.Node) Namespaces) Namespaces {
	var out Namespaces
	if spec := field(n.YNode(), "spec"); spec != nil {
		out.Add(read(spec))
	}
	if specs := field(n.YNode(), "specs"); specs != nil {
		out.Add(eachOf(specs, read))
	}
	return out
}

// policyReader reads the policies of a namespace. Omitted: cluster-wide ones.
type policyReader struct{ own string }

// specFields are the fields of a spec that have no peers.
var specFields = []string{"endpointSelector", "nodeSelector", "labels", "enableDefaultDeny", "description", "log"}

func (r policyReader) ciliumSpec(spec *yaml.Node) Namespaces {
	return eachField(spec, func(name string, value *yaml.Node) Namespaces {
		switch {
		case slices.Contains(specFields, name):
			return Namespaces{}
		case name == "ingress" || name == "egress":
			return eachOf(value, func(rule *yaml.Node) Namespaces {
				if rule.Kind == yaml.MappingNode && len(rule.Content) == 0 {
					return Namespaces{} // It denies by default, and has no peer.
				}
				return r.ciliumRule(rule)
			})
		case name == "ingressDeny" || name == "egressDeny":
			return eachOf(value, r.ciliumRule)
		}
		return All()
	})
}

// ruleFields are the fields of a rule that restrict it without naming a peer, and outsideFields those with
// peers that are no pods.
var (
	ruleFields    = []string{"toPorts", "icmps", "authentication"}
	outsideFields = []string{"fromCIDR", "fromCIDRSet", "toCIDR", "toCIDRSet", "toFQDNs", "fromNodes", "toNodes"}
)

// ciliumRule reads a rule. Without a field that has peers, any pod is one.
func (r policyReader) ciliumRule(rule *yaml.Node) Namespaces {
	hasPeers := false
	out := eachField(rule, func(name string, value *yaml.Node) Namespaces {
		if slices.Contains(ruleFields, name) {
			return Namespaces{}
		}
		hasPeers = len(value.Content) > 0
		switch {
		case !hasPeers:
			return All()
		case slices.Contains(outsideFields, name):
			return Namespaces{}
		case name == "fromEndpoints" || name == "toEndpoints":
			return eachOf(value, r.selector)
		case name == "fromEntities" || name == "toEntities":
			return eachOf(value, func(e *yaml.Node) Namespaces { return ofEntities([]v1alpha1.Entity{v1alpha1.Entity(scalar(e))}) })
		}
		return All()
	})
	if !hasPeers {
		return All()
	}
	return out
}

// namespaceKey is Cilium's label with the name of a pod's namespace, and namespaceLabels the prefix of
// those with the labels of the namespace.
const (
	namespaceKey    = "io.kubernetes.pod.namespace"
	namespaceLabels = "io.cilium.k8s.namespace.labels."
	clusterKey      = "io.cilium.k8s.policy.cluster"
)

// selector reads a selector of a Cilium policy. Without a requirement on the namespace, it matches pods of
// the policy's own namespace or, in a cluster-wide policy, of all.
func (r policyReader) selector(n *yaml.Node) Namespaces {
	all, ok := requirements(n)
	if !ok {
		return All()
	}
	var ofNamespace []endpoints.Requirement
	for _, one := range all {
		source, key := sourceOf(one.Key)
		switch {
		case source != "k8s" || key == clusterKey:
			return All()
		case key == namespaceKey:
			one.Key = corev1.LabelMetadataName
		case strings.HasPrefix(key, namespaceLabels):
			one.Key = strings.TrimPrefix(key, namespaceLabels)
		default:
			continue
		}
		ofNamespace = append(ofNamespace, one)
	}
	if len(ofNamespace) == 0 && r.own != "" {
		return Named(r.own)
	}
	return required(ofNamespace)
}

// sourceOf returns the source of a label in a Cilium selector, and its key. Labels of pods have the source k8s, also where
// a selector has any source.
func sourceOf(label string) (source, key string) {
	source, key, found := strings.Cut(label, ":")
	switch {
	case !found:
		return "k8s", label
	case source == "any":
		return "k8s", key
	}
	return source, key
}

func (r policyReader) networkPolicy(spec *yaml.Node) Namespaces {
	return eachField(spec, func(name string, rules *yaml.Node) Namespaces {
		switch name {
		case "podSelector", "policyTypes":
			return Namespaces{}
		case "ingress", "egress":
			return eachOf(rules, func(rule *yaml.Node) Namespaces {
				peers := field(rule, map[string]string{"ingress": "from", "egress": "to"}[name])
				if peers == nil || len(peers.Content) == 0 {
					return All()
				}
				return eachOf(peers, r.networkPolicyPeer)
			})
		}
		return All()
	})
}

func (r policyReader) networkPolicyPeer(peer *yaml.Node) Namespaces {
	of := field(peer, "namespaceSelector")
	switch {
	case of != nil:
		if all, ok := requirements(of); ok {
			return required(all)
		}
	case field(peer, "podSelector") != nil:
		return Named(r.own)
	case field(peer, "ipBlock") != nil:
		return Namespaces{}
	}
	return All()
}

// requirements reads a label selector. It reports false for anything else, and where a value contains a
// variable.
func requirements(n *yaml.Node) ([]endpoints.Requirement, bool) {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil, false
	}
	var out []endpoints.Requirement
	for i := 0; i+1 < len(n.Content); i += 2 {
		switch value := n.Content[i+1]; {
		case scalar(n.Content[i]) == "matchLabels" && value.Kind == yaml.MappingNode:
			for j := 0; j+1 < len(value.Content); j += 2 {
				out = append(out, requirement(value.Content[j], string(metav1.LabelSelectorOpIn), scalar(value.Content[j+1])))
			}
		case scalar(n.Content[i]) == "matchExpressions" && value.Kind == yaml.SequenceNode:
			for _, e := range value.Content {
				out = append(out, requirement(field(e, "key"), scalar(field(e, "operator")), scalars(field(e, "values"))...))
			}
		default:
			return nil, false
		}
	}
	return out, !slices.ContainsFunc(out, unclear)
}

func requirement(key *yaml.Node, operator string, values ...string) endpoints.Requirement {
	return endpoints.Requirement{Trait: endpoints.NamespaceLabel, LabelSelectorRequirement: metav1.LabelSelectorRequirement{Key: scalar(key), Operator: metav1.LabelSelectorOperator(operator), Values: values}}
}

// unclear reports whether a requirement contains a variable, or what is no scalar.
func unclear(r endpoints.Requirement) bool {
	return slices.ContainsFunc(append([]string{r.Key, string(r.Operator)}, r.Values...), func(s string) bool { return s == unreadable || strings.Contains(s, "$") })
}

// eachOf joins what the elements of a list have. Anything but a list may have all.
func eachOf(list *yaml.Node, read func(*yaml.Node) Namespaces) Namespaces {
	var out Namespaces
	switch {
	case list.Tag == yaml.NodeTagNull:
		return out
	case list.Kind != yaml.SequenceNode:
		return All()
	}
	for _, element := range list.Content {
		out.Add(read(element))
	}
	return out
}

// eachField joins what the fields of a mapping have. Anything but a mapping may have all.
func eachField(n *yaml.Node, read func(name string, value *yaml.Node) Namespaces) Namespaces {
	if n == nil || n.Kind != yaml.MappingNode {
		return All()
	}
	var out Namespaces
	for i := 0; i+1 < len(n.Content); i += 2 {
		out.Add(read(n.Content[i].Value, n.Content[i+1]))
	}
	return out
}

// field returns the value of a field. Nil: it is missing or null.
func field(n *yaml.Node, name string) *yaml.Node {
	if n == nil {
		return nil
	}
	if n.Kind == yaml.DocumentNode && len(n.Content) > 0 {
		return field(n.Content[0], name)
	}
	for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == name && n.Content[i+1].Tag != yaml.NodeTagNull {
			return n.Content[i+1]
		}
	}
	return nil
}

// unreadable is the text of what is no scalar. No valid name contains it.
const unreadable = "\n"

func scalar(n *yaml.Node) string {
	if n == nil || n.Kind != yaml.ScalarNode {
		return unreadable
	}
	return n.Value
}

func scalars(list *yaml.Node) []string {
	var out []string
	if list != nil {
		for _, one := range list.Content {
			out = append(out, scalar(one))
		}
	}
	return out
}
