package merge

import (
	"slices"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// update changes a policy to the wanted one, and reports whether anything changed. It keeps labels,
// annotations and other metadata of other owners, and the status.
func update(have, want *yaml.Node) bool {
	changed := updateMapping(have, withoutKey(want, "metadata"), func(key string) bool { return key == "metadata" || key == "status" })
	meta := mappingAt(have, "metadata")
	changed = updateOwned(meta, want, "annotations", ownAnnotation) || changed
	return updateOwned(meta, want, "labels", ownLabel) || changed
}

// updateOwned changes the labels or annotations that this package sets to the wanted ones.
func updateOwned(meta, want *yaml.Node, key string, mine func(string) bool) bool {
	desired := &yaml.Node{Kind: yaml.MappingNode, Tag: yaml.NodeTagMap}
	if all := value(want, "metadata", key); all != nil {
		for i := 0; i+1 < len(all.Content); i += 2 {
			if mine(all.Content[i].Value) {
				desired.Content = append(desired.Content, all.Content[i], all.Content[i+1])
			}
		}
	}
	return updateMapping(mappingAt(meta, key), desired, func(key string) bool { return !mine(key) })
}

func withoutKey(m *yaml.Node, key string) *yaml.Node {
	c := *m
	c.Content = slices.Clone(m.Content)
	drop(&c, key)
	return &c
}

// updateNode changes have to want, and keeps equal parts.
func updateNode(have, want *yaml.Node) bool {
	switch {
	case have.Kind == yaml.MappingNode && want.Kind == yaml.MappingNode:
		return updateMapping(have, want, func(string) bool { return false })
	case have.Kind == yaml.SequenceNode && want.Kind == yaml.SequenceNode:
		return updateSequence(have, want)
	case have.Kind == yaml.ScalarNode && want.Kind == yaml.ScalarNode:
		return updateScalar(have, want)
	}
	replace(have, want)
	return true
}

// replace replaces a node, and keeps its comments.
func replace(have, want *yaml.Node) {
	c := expandedCopy(want)
	c.HeadComment, c.LineComment, c.FootComment = have.HeadComment, have.LineComment, have.FootComment
	*have = *c
}

// updateScalar keeps the quotes of a string if only its value changes.
func updateScalar(have, want *yaml.Node) bool {
	if have.ShortTag() == want.ShortTag() && have.Value == want.Value {
		return false
	}
	quoted := yaml.SingleQuotedStyle | yaml.DoubleQuotedStyle
	keep := have.Style&quoted != 0 && want.Style&^quoted == 0 && want.ShortTag() == yaml.NodeTagString
	style := have.Style
	replace(have, want)
	if keep {
		have.Style = style
	}
	return true
}

// updateMapping changes a mapping to the wanted one. It ignores unmanaged keys, keeps the order of
// existing keys, and inserts new keys at their position in want.
func updateMapping(have, want *yaml.Node, unmanaged func(key string) bool) bool {
	changed := false
	if len(have.Content) == 0 {
		have.Style = want.Style
	}
	var kept []*yaml.Node
	for i := 0; i+1 < len(have.Content); i += 2 {
		if key := have.Content[i].Value; keyIndex(want, key) < 0 && !unmanaged(key) {
			changed = true
			continue
		}
		kept = append(kept, have.Content[i], have.Content[i+1])
	}
	have.Content = kept
	for i := 0; i+1 < len(want.Content); i += 2 {
		k, v := want.Content[i], want.Content[i+1]
		if existing := value(have, k.Value); existing != nil {
			changed = updateNode(existing, v) || changed
			continue
		}
		have.Content = slices.Insert(have.Content, insertIndex(have, want, i), expandedCopy(k), expandedCopy(v))
		changed = true
	}
	return changed
}

// insertIndex returns the position for the key at index i of want: after its predecessor or,
// without one, before the first existing successor.
func insertIndex(have, want *yaml.Node, i int) int {
	if i > 0 {
		return keyIndex(have, want.Content[i-2].Value) + 2
	}
	for j := i + 2; j+1 < len(want.Content); j += 2 {
		if existing := keyIndex(have, want.Content[j].Value); existing >= 0 {
			return existing
		}
	}
	return len(have.Content)
}

// updateSequence changes a list to the wanted one. It keeps the position of matched items, changes
// the most similar items to the wanted ones, and inserts new items after their predecessor.
func updateSequence(have, want *yaml.Node) bool {
	if len(have.Content) == 0 {
		have.Style = want.Style
	}
	matches, retained := pair(have.Content, want.Content)
	result := make([]*yaml.Node, 0, len(want.Content))
	for i, n := range have.Content {
		if retained[i] {
			result = append(result, n)
		}
	}
	changed := len(result) < len(have.Content)
	var before *yaml.Node
	for i, w := range want.Content {
		if matches[i] >= 0 {
			before = have.Content[matches[i]]
			if content(before) != content(w) {
				changed = updateNode(before, w) || changed
			}
			continue
		}
		n := expandedCopy(w)
		result = slices.Insert(result, slices.Index(result, before)+1, n)
		before, changed = n, true
	}
	have.Content = result
	return changed
}
