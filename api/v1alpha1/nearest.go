package v1alpha1

import "strings"

// maxWordLength is longer than any field's name, and keeps edits cheap.
const maxWordLength = 40

// DidYouMean asks for the candidate that a misspelt word most likely stands for, "did you
// mean acme?", or else lists them all.
func DidYouMean(word string, candidates []string) string {
	switch suggestion, ok := Nearest(word, candidates); {
	case ok:
		return "did you mean " + suggestion + "?"
	case len(candidates) == 0:
		return "there is none"
	}
	return "there are " + strings.Join(candidates, ", ")
}

// Nearest is the candidate that a misspelt word most likely stands for.
func Nearest(word string, candidates []string) (string, bool) {
	if len(word) > maxWordLength {
		return "", false
	}
	best, distance := "", min(max(1, len(word)/2), 3)+1
	for _, c := range candidates {
		if d := edits(strings.ToLower(word), strings.ToLower(c)); d < distance {
			best, distance = c, d
		}
	}
	return best, best != ""
}

// edits counts the letters to insert, remove, replace or swap between two words.
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
