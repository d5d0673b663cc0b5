package merge

import (
	"slices"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// update makes a policy what is wanted and says whether that changed anything. What
// others put on it stays: labels, annotations and other metadata, and a status.
func update(have, want *yaml.Node) bool {
	changed := mapping(have, without(want, "metadata"), func(key string) bool { return key == "metadata" || key == "status" })
	meta := mappingAt(have, "metadata")
	changed = own(meta, want, "annotations", ownAnnotation) || changed
	return own(meta, want, "labels", ownLabel) || changed
}

// own makes those labels or annotations that are decided here what is wanted.
func own(meta, want *yaml.Node, key string, mine func(string) bool) bool {
	desired := &yaml.Node{Kind: yaml.MappingNode, Tag: yaml.NodeTagMap}
	if all := value(want, "metadata", key); all != nil {
		for i := 0; i+1 < len(all.Content); i += 2 {
			if mine(all.Content[i].Value) {
				desired.Content = append(desired.Content, all.Content[i], all.Content[i+1])
			}
		}
	}
	return mapping(mappingAt(meta, key), desired, func(key string) bool { return !mine(key) })
}

func without(m *yaml.Node, key string) *yaml.Node {
	c := *m
	c.Content = slices.Clone(m.Content)
	drop(&c, key)
	return &c
}

// node makes have what is wanted, changing only what differs.
func node(have, want *yaml.Node) bool {
	switch {
	case have.Kind == yaml.MappingNode && want.Kind == yaml.MappingNode:
		return mapping(have, want, func(string) bool { return false })
	case have.Kind == yaml.SequenceNode && want.Kind == yaml.SequenceNode:
		return sequence(have, want)
	case have.Kind == yaml.ScalarNode && want.Kind == yaml.ScalarNode:
		return scalar(have, want)
	}
	replace(have, want)
	return true
}

// replace puts another node where one was, below the same comments.
func replace(have, want *yaml.Node) {
	c := written(want)
	c.HeadComment, c.LineComment, c.FootComment = have.HeadComment, have.LineComment, have.FootComment
	*have = *c
}

// scalar keeps the quotes of a string that only gets another value.
func scalar(have, want *yaml.Node) bool {
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

// mapping makes a mapping what is wanted. Keys that are foreign are not looked at;
// the others keep their order, and new ones come where they stand in want.
func mapping(have, want *yaml.Node, foreign func(key string) bool) bool {
	changed := false
	if len(have.Content) == 0 {
		have.Style = want.Style
	}
	var kept []*yaml.Node
	for i := 0; i+1 < len(have.Content); i += 2 {
		if key := have.Content[i].Value; at(want, key) < 0 && !foreign(key) {
			changed = true
			continue
		}
		kept = append(kept, have.Content[i], have.Content[i+1])
	}
	have.Content = kept
	for i := 0; i+1 < len(want.Content); i += 2 {
		k, v := want.Content[i], want.Content[i+1]
		if there := value(have, k.Value); there != nil {
			changed = node(there, v) || changed
			continue
		}
		have.Content = slices.Insert(have.Content, place(have, want, i), written(k), written(v))
		changed = true
	}
	return changed
}

// place is where the key at i of want goes: behind the one before it, else before
// the first that follows it.
func place(have, want *yaml.Node, i int) int {
	if i > 0 {
		return at(have, want.Content[i-2].Value) + 2
	}
	for j := i + 2; j+1 < len(want.Content); j += 2 {
		if there := at(have, want.Content[j].Value); there >= 0 {
			return there
		}
	}
	return len(have.Content)
}

// sequence makes a list what is wanted: elements that are wanted stay where they
// are, those most like one that is wanted become it, and new ones come behind the
// one before them.
func sequence(have, want *yaml.Node) bool {
	if len(have.Content) == 0 {
		have.Style = want.Style
	}
	partner, stays := pair(have.Content, want.Content)
	result := make([]*yaml.Node, 0, len(want.Content))
	for i, n := range have.Content {
		if stays[i] {
			result = append(result, n)
		}
	}
	changed := len(result) < len(have.Content)
	var before *yaml.Node
	for i, w := range want.Content {
		if partner[i] >= 0 {
			before = have.Content[partner[i]]
			if content(before) != content(w) {
				changed = node(before, w) || changed
			}
			continue
		}
		n := written(w)
		result = slices.Insert(result, slices.Index(result, before)+1, n)
		before, changed = n, true
	}
	have.Content = result
	return changed
}
