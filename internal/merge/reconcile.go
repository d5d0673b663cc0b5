package merge

import (
	"slices"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// update makes a policy what is wanted and says whether that changed anything. What
// others put on it stays: labels, annotations and other metadata, and a status.
func update(have, want *yaml.Node) bool {
	changed := updateMapping(have, withoutKey(want, "metadata"), func(key string) bool { return key == "metadata" || key == "status" })
	meta := mappingAt(have, "metadata")
	changed = updateOwned(meta, want, "annotations", ownAnnotation) || changed
	return updateOwned(meta, want, "labels", ownLabel) || changed
}

// updateOwned makes those labels or annotations that are decided here what is wanted.
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

// updateNode makes have what is wanted, changing only what differs.
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

// replace puts another node where one was, below the same comments.
func replace(have, want *yaml.Node) {
	c := expandedCopy(want)
	c.HeadComment, c.LineComment, c.FootComment = have.HeadComment, have.LineComment, have.FootComment
	*have = *c
}

// updateScalar keeps the quotes of a string that only gets another value.
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

// updateMapping makes a mapping what is wanted. Keys that are foreign are not looked at;
// the others keep their order, and new ones come where they stand in want.
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

// insertIndex is where the key at i of want goes: behind the one before it, else before
// the first that follows it.
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

// updateSequence makes a list what is wanted: elements that are wanted stay where they
// are, those most like one that is wanted become it, and new ones come behind the
// one before them.
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
