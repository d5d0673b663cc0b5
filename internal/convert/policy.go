package convert

import (
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// What a NetworkPolicy becomes.
const (
	apiVersion = "cilium.io/v2"
	kind       = "CiliumNetworkPolicy"
)

// way is one direction, in the words of both kinds.
type way struct {
	// name is among the policyTypes.
	name string
	// peers are those of a NetworkPolicy, the others those of a CiliumNetworkPolicy.
	peers, endpoints, networks, entities string
}

var ways = []way{
	{"Ingress", "from", "fromEndpoints", "fromCIDRSet", "fromEntities"},
	{"Egress", "to", "toEndpoints", "toCIDRSet", "toEntities"},
}

// key is where the rules stand in both kinds.
func (w way) key() string { return strings.ToLower(w.name) }

// rewrite makes a CiliumNetworkPolicy of a NetworkPolicy.
func rewrite(n *yaml.Node) {
	value(n, "apiVersion").Value, value(n, "kind").Value = apiVersion, kind
	drop(n, "status")
	key, spec := pair(n, "spec")
	if key == nil {
		key, spec = word("spec"), mapping()
		n.Content = append(n.Content, key, spec)
	}
	if isEmpty(spec) {
		become(spec, mapping(), key)
	}
	subject(spec)
	directions(spec)
}

// subject is whom the policy selects.
func subject(spec *yaml.Node) {
	key, selector := pair(spec, "podSelector")
	if key == nil {
		spec.Content = slices.Insert(spec.Content, 0, word("endpointSelector"), mapping())
		return
	}
	key.Value = "endpointSelector"
	prune(selector, key)
}

// directions are rewritten as Cilium takes them, whatever policyTypes says: where there
// are rules they count, and where there are none an empty one closes the direction.
func directions(spec *yaml.Node) {
	typesKey, types := pair(spec, "policyTypes")
	var gone []*yaml.Node
	for _, w := range ways {
		key, rules := pair(spec, w.key())
		switch {
		case !isEmpty(rules):
			w.rules(rules)
		case !w.isolates(types):
			gone = append(gone, key, rules)
			drop(spec, w.key())
		case key == nil:
			place := at(spec, "policyTypes")
			if place < 0 {
				place = len(spec.Content)
			}
			spec.Content = slices.Insert(spec.Content, place, word(w.key()), sequence(mapping()))
		default:
			become(rules, sequence(mapping()), key)
		}
	}
	drop(spec, "policyTypes")
	if types == nil {
		types = sequence()
	}
	first := directionOf(spec, "")
	keep(first, gone...)
	if typesKey != nil {
		keepOwn(first, typesKey)
		keepOwn(first, types)
	}
	for _, t := range types.Content {
		keep(directionOf(spec, t.Value), t)
	}
}

// directionOf is the key of a direction or, where it has none, of the first that has.
func directionOf(spec *yaml.Node, name string) *yaml.Node {
	var first *yaml.Node
	for key := range pairs(spec) {
		for _, w := range ways {
			if key.Value != w.key() {
				continue
			}
			if w.name == name {
				return key
			}
			if first == nil {
				first = key
			}
		}
	}
	return first
}

// isolates says whether policyTypes closes a direction without rules.
func (w way) isolates(types *yaml.Node) bool {
	has := func(name string) bool {
		return types != nil && slices.ContainsFunc(types.Content, func(n *yaml.Node) bool { return n.Value == name })
	}
	return has(w.name) || w.name == "Ingress" && !has("Egress")
}
