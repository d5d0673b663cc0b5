package flow

import (
	"slices"
	"strings"

	"go4.org/netipx"
)

// Cell is a part of the address space within which policies distinguish no address.
type Cell = netipx.IPRange

// containsCells reports whether a sorted list has all of another. A nil list has all cells.
func containsCells(list, all []int) bool {
	return list == nil || !slices.ContainsFunc(all, func(c int) bool { return !hasCell(list, c) })
}

func hasCell(list []int, c int) bool { _, ok := slices.BinarySearch(list, c); return ok }

// commonCells returns the cells of both sorted lists. A nil list has all cells.
func commonCells(a, b []int) []int {
	if a == nil {
		return b
	}
	return slices.DeleteFunc(slices.Clone(b), func(c int) bool { return !hasCell(a, c) })
}

// formatCells formats the addresses of cells for a note.
func formatCells(all []Cell, list []int) string {
	var b netipx.IPSetBuilder
	for _, i := range list {
		b.AddRange(all[i])
	}
	// It fails only for invalid prefixes, and ranges are valid.
	set, _ := b.IPSet()
	return FormatAddresses(set)
}

// FormatAddresses lists the first networks of a set.
func FormatAddresses(s *netipx.IPSet) string {
	const most = 4
	var out []string
	for _, p := range s.Prefixes() {
		if len(out) == most {
			out = append(out, "…")
			break
		}
		out = append(out, p.String())
	}
	return strings.Join(out, ", ")
}
