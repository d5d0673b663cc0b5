package merge

import (
	"cmp"
	"slices"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// pair matches each wanted item of a list with an existing one: first with equal content, then by
// similarity, so that a rule with a new peer keeps its comments. -1 means that none matches.
// retained reports which existing items are matched.
func pair(have, want []*yaml.Node) (matches []int, retained []bool) {
	matches, retained = make([]int, len(want)), make([]bool, len(have))
	unpaired := map[string][]int{}
	for i, n := range have {
		key := content(n)
		unpaired[key] = append(unpaired[key], i)
	}
	var rest []int
	for i, n := range want {
		matches[i] = -1
		key := content(n)
		if same := unpaired[key]; len(same) > 0 {
			matches[i], unpaired[key], retained[same[0]] = same[0], same[1:], true
			continue
		}
		rest = append(rest, i)
	}
	var free []int
	for _, same := range unpaired {
		free = append(free, same...)
	}
	slices.Sort(free)
	for _, c := range similarities(have, want, free, rest) {
		if matches[c.want] < 0 && !retained[c.have] {
			matches[c.want], retained[c.have] = c.have, true
		}
	}
	return matches, retained
}

// similarity is the number of common leaves of two items.
type similarity struct{ have, want, common, size int }

// similarities returns the pairs of unmatched items, the most similar first. A pair needs more than
// 50% of the smaller item in common, so that the comment of one network is not kept for another.
func similarities(have, want []*yaml.Node, free, rest []int) []similarity {
	leaves := make([]map[string]int, len(want))
	// with has the wanted items that contain a leaf.
	with := map[string][]int{}
	for _, j := range rest {
		leaves[j] = leavesOf(want[j])
		for leaf := range leaves[j] {
			with[leaf] = append(with[leaf], j)
		}
	}
	var out []similarity
	for _, i := range free {
		mine, common := leavesOf(have[i]), map[int]int{}
		for leaf, n := range mine {
			for _, j := range with[leaf] {
				common[j] += min(n, leaves[j][leaf])
			}
		}
		for j, n := range common {
			a, b := total(mine), total(leaves[j])
			if have[i].Kind == want[j].Kind && 2*n > min(a, b) {
				out = append(out, similarity{have: i, want: j, common: n, size: a + b})
			}
		}
	}
	slices.SortFunc(out, func(a, b similarity) int {
		return cmp.Or(cmp.Compare(b.common, a.common), cmp.Compare(a.size, b.size), cmp.Compare(a.have, b.have), cmp.Compare(a.want, b.want))
	})
	return out
}

// leavesOf counts the values in a node with their paths. Lists are sets.
func leavesOf(n *yaml.Node) map[string]int {
	out := map[string]int{}
	var walk func(path string, n *yaml.Node)
	walk = func(path string, n *yaml.Node) {
		switch {
		case len(n.Content) == 0:
			out[path+"="+content(n)]++
		case n.Kind == yaml.SequenceNode:
			for _, c := range n.Content {
				walk(path+"[]", c)
			}
		default:
			for i := 0; i+1 < len(n.Content); i += 2 {
				walk(path+"."+n.Content[i].Value, n.Content[i+1])
			}
		}
	}
	walk("", n)
	return out
}

func total(leaves map[string]int) int {
	sum := 0
	for _, n := range leaves {
		sum += n
	}
	return sum
}
