package convert

import (
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// The type of a converted policy.
const (
	apiVersion = "cilium.io/v2"
	kind       = "CiliumNetworkPolicy"
)

// direction has the field names of one direction in both kinds.
type direction struct {
	// name is the value in policyTypes.
	name string
	// peers is the field of a NetworkPolicy. The others are fields of a CiliumNetworkPolicy.
	peers, endpoints, networks, entities string
}

var bothDirections = []direction{
	{"Ingress", "from", "fromEndpoints", "fromCIDRSet", "fromEntities"},
	{"Egress", "to", "toEndpoints", "toCIDRSet", "toEntities"},
}

// key returns the field that has the rules in both kinds.
func (w direction) key() string { return strings.ToLower(w.name) }

// rewrite turns a NetworkPolicy into a CiliumNetworkPolicy.
func rewrite(n *yaml.Node) {
	value(n, "apiVersion").Value, value(n, "kind").Value = apiVersion, kind
	drop(n, "status")
	key, spec := pair(n, "spec")
	if key == nil {
		key, spec = scalar("spec"), mapping()
		n.Content = append(n.Content, key, spec)
	}
	if isEmpty(spec) {
		replaceContent(spec, mapping(), key)
	}
	rewriteSubject(spec)
	rewriteDirections(spec)
}

// rewriteSubject rewrites the selector of the policy's subjects.
func rewriteSubject(spec *yaml.Node) {
	key, selector := pair(spec, "podSelector")
	if key == nil {
		spec.Content = slices.Insert(spec.Content, 0, scalar("endpointSelector"), mapping())
		return
	}
	key.Value = "endpointSelector"
	prune(selector, key)
}

// rewriteDirections rewrites both directions as Cilium enforces them. Rules apply even if
// policyTypes omits their direction. An isolated direction without rules gets an empty rule,
// which denies all its traffic.
func rewriteDirections(spec *yaml.Node) {
	typesKey, types := pair(spec, "policyTypes")
	var removed []*yaml.Node
	for _, w := range bothDirections {
		key, rules := pair(spec, w.key())
		switch {
		case !isEmpty(rules):
			w.rules(rules)
		case !w.isolates(types):
			removed = append(removed, key, rules)
			drop(spec, w.key())
		case key == nil:
			place := keyIndex(spec, "policyTypes")
			if place < 0 {
				place = len(spec.Content)
			}
			spec.Content = slices.Insert(spec.Content, place, scalar(w.key()), sequence(mapping()))
		default:
			replaceContent(rules, sequence(mapping()), key)
		}
	}
	drop(spec, "policyTypes")
	if types == nil {
		types = sequence()
	}
	first := directionOf(spec, "")
	moveComments(first, removed...)
	if typesKey != nil {
		moveOwnComments(first, typesKey)
		moveOwnComments(first, types)
	}
	for _, t := range types.Content {
		moveComments(directionOf(spec, t.Value), t)
	}
}

// directionOf returns the key of a direction. If the direction has no key, it returns the first
// key of any direction.
func directionOf(spec *yaml.Node, name string) *yaml.Node {
	var first *yaml.Node
	for key := range pairs(spec) {
		for _, w := range bothDirections {
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

// isolates reports whether policyTypes isolates a direction without rules.
func (w direction) isolates(types *yaml.Node) bool {
	has := func(name string) bool {
		return types != nil && slices.ContainsFunc(types.Content, func(n *yaml.Node) bool { return n.Value == name })
	}
	return has(w.name) || w.name == "Ingress" && !has("Egress")
}
