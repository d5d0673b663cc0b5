package endpoints

import (
	"fmt"
	"slices"
	"strings"
)

// classes group the values of each trait. Values of one class occur in the same lists of all
// requirements, so no selector distinguishes them. Each value maps to the alphabetically first
// value of its class.
type classes map[traitKey]map[string]string

// valueList is the list of values of a requirement.
type valueList struct {
	at     traitKey
	values []string
}

// newClasses groups the values that selections list.
func newClasses(selections [][]Selection) classes {
	lists := distinctLists(selections)
	in := map[traitKey]map[string][]byte{}
	for i, l := range lists {
		if in[l.at] == nil {
			in[l.at] = map[string][]byte{}
		}
		for _, v := range SortedUnique(l.values) {
			in[l.at][v] = fmt.Appendf(in[l.at][v], "%d ", i)
		}
	}
	out := classes{}
	first := map[traitKey]map[string]string{}
	for _, l := range lists {
		if out[l.at] == nil {
			out[l.at], first[l.at] = map[string]string{}, map[string]string{}
		}
		for _, v := range l.values {
			class := string(in[l.at][v])
			if have, ok := first[l.at][class]; !ok || v < have {
				first[l.at][class] = v
			}
		}
	}
	for at, values := range in {
		for v, class := range values {
			out[at][v] = first[at][string(class)]
		}
	}
	return out
}

// distinctLists returns the distinct value lists of all requirements, in order. The first list
// distinguishes this cluster from others.
func distinctLists(selections [][]Selection) []valueList {
	out := []valueList{{traitKey{trait: PodCluster}, []string{""}}}
	seen := map[string]bool{}
	for _, all := range selections {
		for _, s := range all {
			for _, r := range s.Requirements {
				if len(r.Values) == 0 {
					continue
				}
				key := strings.Join(append([]string{string(r.Trait), r.Key}, SortedUnique(r.Values)...), "\x00")
				if !seen[key] {
					seen[key] = true
					out = append(out, valueList{traitKey{r.Trait, r.Key}, r.Values})
				}
			}
		}
	}
	return out
}

// SortedUnique returns each text once, in order.
func SortedUnique(values []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(values)))
}

// first returns the value that represents the class of a value.
func (c classes) first(at traitKey, text string) string {
	if v, ok := c[at][text]; ok {
		return v
	}
	return text
}
