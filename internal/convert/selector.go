package convert

import (
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// The labels by which Cilium knows where a pod lives, and those of its namespace.
const (
	podNamespace       = "k8s:io.kubernetes.pod.namespace"
	namespaceLabel     = "k8s:io.cilium.k8s.namespace.labels."
	namespaceNameLabel = "kubernetes.io/metadata.name"
)

// prune leaves out of a selector what is null or empty, and so says nothing.
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

// endpoints makes one selector of a peer's two. One of pods alone is of the policy's own
// namespace in both kinds.
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

// add adds a part of a selector to another.
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

// selectByNamespace has a selector of namespaces select pods by their namespace.
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
	// What lives in no namespace is no pod, and no selector of namespaces is for that.
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

// isReserved says whether a label is Cilium's own, by which a selector of pods would
// select them by where they live.
func isReserved(key string) bool {
	return key == strings.TrimPrefix(podNamespace, "k8s:") || strings.HasPrefix(key, strings.TrimPrefix(namespaceLabel, "k8s:"))
}
