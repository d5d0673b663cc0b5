package draft

import (
	"maps"
	"slices"
	"strings"
)

// Notes are what a draft reports to its reader.
type Notes struct {
	// Chosen states each choice with its reason.
	Chosen []string
	// Review lists what the reader must decide.
	Review []Note
	// Unseen lists what the manifests mention and the build does not show.
	Unseen []Note
}

// Note is a statement about one or more parts of the manifests.
type Note struct {
	Text     string
	Subjects []string
}

// noteLists collects notes. A list has the subjects by text.
type noteLists struct {
	chosen         []string
	review, unseen map[string][]string
}

// chose notes a choice with its reason.
func (b *build) chose(text string) { b.notes.chosen = append(b.notes.chosen, text) }

// review notes what the reader must decide about a part of the manifests.
func (b *build) review(subject, text string) {
	b.notes.review[text] = append(b.notes.review[text], subject)
}

// unseen notes what a part of the manifests mentions and the build does not show.
func (b *build) unseen(subject, text string) {
	b.notes.unseen[text] = append(b.notes.unseen[text], subject)
}

func (n noteLists) sorted() Notes {
	return Notes{Chosen: n.chosen, Review: sortedNotes(n.review), Unseen: sortedNotes(n.unseen)}
}

// sortedNotes are notes, sorted by their first subject.
func sortedNotes(by map[string][]string) []Note {
	var out []Note
	for _, text := range slices.Sorted(maps.Keys(by)) {
		subjects := slices.Clone(by[text])
		slices.Sort(subjects)
		out = append(out, Note{Text: text, Subjects: slices.Compact(subjects)})
	}
	slices.SortStableFunc(out, func(x, y Note) int { return strings.Compare(x.Subjects[0], y.Subjects[0]) })
	return out
}
