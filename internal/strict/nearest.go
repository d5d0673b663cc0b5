package strict

import (
	"fmt"
	"slices"
	"strings"
)

const (
	// maxNameLength is that of the longest names, FQDNs. A longer text is no name.
	maxNameLength = 253
	// maxListed is how many candidates a message lists.
	maxListed = 10
)

// Nearest returns the candidate that a misspelt name most likely refers to, "" if no
// candidate is similar enough. Every "did you mean" of this program calls it, whatever
// the names are: fields, namespaces, Tenants, Services, labels, annotations, FQDNs,
// variables or checks.
//
// A candidate is similar if few letters must be inserted, removed, replaced or swapped. The
// maximum is half of the name's letters, but at most 3, or a sixth of a long name. Case is
// ignored. The first of equally similar candidates wins, so callers sort them. A name that is
// one of the candidates is not misspelt and has no suggestion.
func Nearest(name string, candidates []string) string {
	if len(name) > maxNameLength || slices.Contains(candidates, name) {
		return ""
	}
	best, limit := "", min(len(name)/2, max(3, len(name)/6))
	for _, c := range candidates {
		if c == "" || max(len(c)-len(name), len(name)-len(c)) > limit {
			continue
		}
		if d := edits(strings.ToLower(name), strings.ToLower(c)); d <= limit {
			best, limit = c, d-1
		}
	}
	return best
}

// DidYouMean returns the fix for a name that does not exist: "did you mean acme?" if a
// candidate is similar, else "use one of acme, beta", else "none exists".
func DidYouMean(name string, candidates []string) string {
	near := Nearest(name, candidates)
	switch {
	case near != "":
		return "did you mean " + near + "?"
	case len(candidates) == 0:
		return "none exists"
	case len(candidates) == 1:
		return "use " + candidates[0]
	case len(candidates) > maxListed:
		return fmt.Sprintf("use one of %s and %d more", strings.Join(candidates[:maxListed], ", "), len(candidates)-maxListed)
	}
	return "use one of " + strings.Join(candidates, ", ")
}

// Otherwise returns the fix for a name that does not exist: the similar name if one exists, before
// another fix.
func Otherwise(near, fix string) string {
	if near == "" {
		return fix
	}
	return fmt.Sprintf("did you mean %q? Otherwise %s", near, fix)
}

// edits counts the letters to insert, remove, replace or swap to turn one text into another.
func edits(a, b string) int {
	d := make([][]int, len(a)+1)
	for i := range d {
		d[i] = make([]int, len(b)+1)
		d[i][0] = i
	}
	for j := range d[0] {
		d[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			replaced := d[i-1][j-1]
			if a[i-1] != b[j-1] {
				replaced++
			}
			d[i][j] = min(replaced, d[i-1][j]+1, d[i][j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d[i][j] = min(d[i][j], d[i-2][j-2]+1)
			}
		}
	}
	return d[len(a)][len(b)]
}
