package main

import (
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
)

// The tables are between these lines of the page.
const (
	begin = "<!-- begin: make bench -->"
	end   = "<!-- end: make bench -->"
)

// writePage replaces the tables of a page.
func writePage(path string, all []measurement, starts []start) error {
	content, err := os.ReadFile(path) //nolint:gosec // The caller names the page.
	if err != nil {
		return fmt.Errorf("read the page: %w", err)
	}
	before, rest, ok := strings.Cut(string(content), begin)
	_, after, also := strings.Cut(rest, end)
	if !ok || !also {
		return fmt.Errorf("%s has no lines %q and %q", path, begin, end)
	}
	text := before + begin + "\n\n" + table("CPU-seconds", all, func(m measurement) float64 { return m.seconds }) +
		"\n" + table("Peak memory, MB", all, func(m measurement) float64 { return m.megabytes }) +
		"\n" + startTable(starts) + "\n" + end + after
	return os.WriteFile(path, []byte(text), 0o644) //nolint:gosec // A page of the repository.
}

// startTable has a row for each command.
func startTable(starts []start) string {
	text := "*One tenant* is the median of 21 runs, in turns. The *identity with the same libraries* is the kyaml identity in a program that imports what tenantfence imports.\n\n" +
		"| One tenant, ms | wall | CPU |\n|---|---:|---:|\n"
	for _, s := range starts {
		text += "| " + s.name + " | " + short(s.wall) + " | " + short(s.cpu) + " |\n"
	}
	return text
}

// table has a row for each command, a column for each number of tenants, and the growth exponent.
func table(title string, all []measurement, value func(measurement) float64) string {
	var names []string
	var sizes []int
	for _, m := range all {
		if !slices.Contains(names, m.name) {
			names = append(names, m.name)
		}
		if !slices.Contains(sizes, m.tenants) {
			sizes = append(sizes, m.tenants)
		}
	}
	var b strings.Builder
	b.WriteString("| " + title + " |")
	for _, n := range sizes {
		fmt.Fprintf(&b, " %d |", n)
	}
	b.WriteString(" growth |\n|---|" + strings.Repeat("---:|", len(sizes)+1) + "\n")
	for _, name := range names {
		b.WriteString("| " + name + " |")
		var row []measurement
		for _, n := range sizes {
			i := slices.IndexFunc(all, func(m measurement) bool { return m.name == name && m.tenants == n })
			if i < 0 {
				b.WriteString(" |")
				continue
			}
			b.WriteString(" " + short(value(all[i])) + " |")
			row = append(row, all[i])
		}
		b.WriteString(" " + growth(row, value) + " |\n")
	}
	return b.String()
}

// short is a number with at least two significant digits.
func short(v float64) string {
	decimals := max(0, 1-int(math.Floor(math.Log10(v))))
	return strconv.FormatFloat(v, 'f', decimals, 64)
}

// growth is the exponent between the two largest numbers of tenants: 1 is linear.
func growth(row []measurement, value func(measurement) float64) string {
	if len(row) < 2 {
		return ""
	}
	a, b := row[len(row)-2], row[len(row)-1]
	return fmt.Sprintf("%.2f", math.Log(value(b)/value(a))/math.Log(float64(b.tenants)/float64(a.tenants)))
}
