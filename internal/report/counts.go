package report

import (
	"fmt"
	"strings"
)

// Counts are the numbers of findings of each severity.
type Counts map[Severity]int

// Counts counts findings.
func (fs Findings) Counts() Counts {
	out := Counts{}
	for _, f := range fs {
		out[f.Severity]++
	}
	return out
}

// Add adds other counts.
func (c Counts) Add(other Counts) {
	for s, n := range other {
		c[s] += n
	}
}

// String is "3 errors, 1 warning". Without errors and warnings it is empty.
func (c Counts) String() string {
	var parts []string
	for _, s := range []Severity{Error, Warning} {
		switch n := c[s]; n {
		case 0:
		case 1:
			parts = append(parts, "1 "+string(s))
		default:
			parts = append(parts, fmt.Sprintf("%d %ss", n, s))
		}
	}
	return strings.Join(parts, ", ")
}
