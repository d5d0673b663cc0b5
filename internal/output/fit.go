package output

import (
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"
)

const (
	// minColumn is the smallest width of a column.
	minColumn = 8
	columnGap = 2
)

// widthOf is the width of the terminal that a writer writes to. Without a terminal it is that of the
// environment, or else every row is one line, for programs such as grep.
func widthOf(w io.Writer) int {
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		if columns, _, err := term.GetSize(int(f.Fd())); err == nil && columns > 0 {
			return columns
		}
	}
	if columns, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && columns > 0 {
		return columns
	}
	return math.MaxInt
}

// grid is a table. The first row is its header. A row with a single cell spans all columns.
type grid [][]string

// write writes the table with at most width columns: it shortens the widest columns, and continues their
// cells on the next line.
func (g grid) write(w io.Writer, width int) error {
	widths := g.widths(width)
	for _, row := range g {
		for _, line := range rowLines(row, widths) {
			if _, err := fmt.Fprintln(w, line); err != nil {
				return fmt.Errorf("write table: %w", err)
			}
		}
	}
	return nil
}

// widths returns the widths of the columns. It first shortens columns in which most cells need less, then
// all of them, the widest first.
func (g grid) widths(width int) []int {
	columns := g.columns()
	widths, most := make([]int, len(columns)), make([]int, len(columns))
	total := columnGap * (len(columns) - 1)
	for i, cells := range columns {
		slices.Sort(cells)
		widths[i], most[i] = cells[len(cells)-1], max(cells[len(cells)*3/4], minColumn)
		total += widths[i]
	}
	for ; total > width; total-- {
		i := widest(widths, most)
		if i < 0 {
			clear(most)
			i = widest(widths, most)
		}
		if widths[i] <= minColumn {
			break
		}
		widths[i]--
	}
	return widths
}

// columns returns the widths of the cells of each column.
func (g grid) columns() [][]int {
	columns := make([][]int, len(g[0]))
	for _, row := range g {
		for i := range columns {
			if len(row) > 1 {
				columns[i] = append(columns[i], utf8.RuneCountInString(row[i]))
			}
		}
	}
	return columns
}

// widest returns the widest column that is wider than its limit, or -1.
func widest(widths, limits []int) int {
	found := -1
	for i, n := range widths {
		if n > limits[i] && (found < 0 || n > widths[found]) {
			found = i
		}
	}
	return found
}

// rowLines returns the lines of a row.
func rowLines(row []string, widths []int) []string {
	if len(row) == 1 {
		return row
	}
	cells, height := make([][]string, len(row)), 0
	for i, cell := range row {
		cells[i] = wrap(cell, widths[i])
		height = max(height, len(cells[i]))
	}
	lines := make([]string, height)
	for y := range lines {
		var line strings.Builder
		for i, cell := range cells {
			text := ""
			if y < len(cell) {
				text = cell[y]
			}
			line.WriteString(text)
			if i < len(cells)-1 {
				line.WriteString(strings.Repeat(" ", widths[i]-utf8.RuneCountInString(text)+columnGap))
			}
		}
		lines[y] = strings.TrimRight(line.String(), " ")
	}
	return lines
}

// wrap divides a text into lines of at most width runes. It divides longer words, if possible after one
// of the characters that names consist of.
func wrap(text string, width int) []string {
	lines := []string{""}
	for _, word := range strings.Fields(text) {
		last := len(lines) - 1
		switch {
		case lines[last] == "":
			lines[last] = word
		case utf8.RuneCountInString(lines[last])+1+utf8.RuneCountInString(word) <= width:
			lines[last] += " " + word
		default:
			lines = append(lines, word)
		}
		for last = len(lines) - 1; utf8.RuneCountInString(lines[last]) > width; last++ {
			first, rest := divide(lines[last], width)
			lines[last] = first
			lines = append(lines, rest)
		}
	}
	return lines
}

// divide divides a word that is longer than width.
func divide(word string, width int) (first, rest string) {
	runes := []rune(word)
	at := width
	for i := width; i > width/2; i-- {
		if strings.ContainsRune("/.,=[-", runes[i-1]) {
			at = i
			break
		}
	}
	return string(runes[:at]), string(runes[at:])
}
