package flow

import (
	"iter"

	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/parallel"
)

// ahead is the number of endpoints whose openings are listed at a time. It keeps all processors busy, and a view
// keeps many more.
const ahead = 512

// Ahead yields endpoints in order, and lists their openings in some views on all processors before, so that
// Openings finds them.
func Ahead(all []endpoints.Endpoint, views ...*View) iter.Seq2[int, endpoints.Endpoint] {
	return func(yield func(int, endpoints.Endpoint) bool) {
		for from := 0; from < len(all); from += ahead {
			part := all[from:min(from+ahead, len(all))]
			for _, v := range views {
				v.listAll(part)
			}
			for i, ep := range part {
				if !yield(from+i, ep) {
					return
				}
			}
		}
	}
}

// listAll lists the openings of endpoints once for each class. Openings returns the errors, too.
func (v *View) listAll(part []endpoints.Endpoint) {
	keys := make([]openingsKey, len(part))
	parallel.For(len(part), func(i int) { _, keys[i], _ = v.keyOf(part[i], Egress) })
	var distinct []int
	seen := map[openingsKey]bool{}
	for i, key := range keys {
		if !seen[key] {
			seen[key] = true
			distinct = append(distinct, i)
		}
	}
	parallel.For(len(distinct), func(i int) {
		for _, d := range Directions() {
			_, _ = v.Openings(part[distinct[i]], d)
		}
	})
}
