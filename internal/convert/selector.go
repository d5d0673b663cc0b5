package convert

import (
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// The labels that Cilium sets on a pod for its namespace and the labels of that namespace.
const (
	podNamespace       = "k8s:io.kubernetes.pod.namespace"
	namespaceLabel     = "k8s:io.cilium.k8s.namespace.labels."
	namespaceNameLabel = "kubernetes.io/metadata.name"
)

// prune removes null and empty fields of a selector, which have no effect.
func prune(selector, owner *yaml.Node) {
	if isNull(selector) {
		replaceContent(selector, mapping(), owner)
	}
	selector.Content = nonEmptyPairs(selector, owner)
	for _, e := range expressions(selector) {
		if key, values := pair(e, "values"); key != nil && isEmpty(values) {
			drop(e, "values")
			moveComments(e, key, values)
		}
	}
}

// endpoints merges the two selectors of a peer. In both kinds, a pod selector alone selects pods
// in the namespace of the policy.
func endpoints(peer *yaml.Node) {
	merged := mapping()
	for key, selector := range pairs(peer) {
		moveOwnComments(peer, key)
		moveOwnComments(peer, selector)
		if isNull(selector) {
			continue
		}
		prune(selector, peer)
		if key.Value == "namespaceSelector" {
			selectByNamespace(selector)
		}
		for k, v := range pairs(selector) {
			add(merged, k, v)
		}
	}
	peer.Content = merged.Content
}

// add adds one field of a selector to another selector.
func add(selector, key, part *yaml.Node) {
	have := value(selector, key.Value)
	if have == nil {
		selector.Content = append(selector.Content, key, part)
		return
	}
	moveOwnComments(part.Content[0], key)
	moveOwnComments(part.Content[0], part)
	if have.Style != part.Style {
		replaceContent(have, &yaml.Node{Kind: have.Kind, Tag: have.Tag, Content: have.Content}, have.Content[0])
	}
	have.Content = append(have.Content, part.Content...)
}

// selectByNamespace turns a namespace selector into a pod selector.
func selectByNamespace(selector *yaml.Node) {
	labels := value(selector, "matchLabels")
	positive := labels != nil
	if labels != nil {
		for key := range pairs(labels) {
			key.Value = namespaceKey(key.Value)
		}
	}
	for _, e := range expressions(selector) {
		key := value(e, "key")
		key.Value = namespaceKey(key.Value)
		positive = positive || slices.Contains([]string{"In", "Exists"}, text(e, "operator"))
	}
	if positive {
		return
	}
	// Without this, the selector also matches endpoints without a namespace, which are not pods.
	key := scalar("matchExpressions")
	if len(selector.Content) == 0 {
		selector.Style = 0
	}
	exists := mapping(scalar("key"), scalar(podNamespace), scalar("operator"), scalar("Exists"))
	add(selector, key, sequence(exists))
}

func namespaceKey(key string) string {
	if key == namespaceNameLabel {
		return podNamespace
	}
	return namespaceLabel + key
}

func expressions(selector *yaml.Node) []*yaml.Node {
	if all := value(selector, "matchExpressions"); all != nil {
		return all.Content
	}
	return nil
}

// isReserved reports whether Cilium reserves a label. With a reserved label, an endpoint
// selector selects pods by namespace.
func isReserved(key string) bool {
	return key == strings.TrimPrefix(podNamespace, "k8s:") || strings.HasPrefix(key, strings.TrimPrefix(namespaceLabel, "k8s:"))
}
