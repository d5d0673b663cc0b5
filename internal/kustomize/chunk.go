package kustomize

import (
	"bytes"
	"regexp"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/kustomize/kyaml/resid"
)

// documentSeparator is where kyaml divides a file into documents.
var documentSeparator = regexp.MustCompile(`\n---.*\n`)

// chunks divides a file that kustomize builds into parts of some documents each, because the time of kustomize grows
// with the square of their number. kustomize reads each from the path of the file. It puts the items of lists last.
func chunks(file *part, content []byte, size int) []*part {
	if bytes.Contains(content, []byte("List")) {
		return []*part{file}
	}
	documents := documentSeparator.Split(strings.ReplaceAll(string(content), "\r\n", "\n"), -1)
	for i := range len(documents) - 1 {
		documents[i] += "\n"
	}
	documents = slices.DeleteFunc(documents, isEmptyDocument)
	var out []*part
	for some := range slices.Chunk(documents, size) {
		chunk := *file
		chunk.whole, chunk.content = file, []byte(strings.Join(some, "---\n"))
		out = append(out, &chunk)
	}
	return out
}

// isEmptyDocument reports whether a document has comments alone.
func isEmptyDocument(text string) bool {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && line != "---" && line[0] != '#' {
			return false
		}
	}
	return true
}

// checkChunks reports whether the chunks of each file have its resources in order. Otherwise, and if kustomize refuses
// one, it has to build the whole.
func (a *accumulation) checkChunks() error {
	built := map[*part][]resid.ResId{}
	for _, g := range a.groups {
		if whole := g.parts[0].whole; whole != nil {
			if g.err != nil {
				return errInexact
			}
			built[whole] = append(built[whole], idsOf(g.resources)...)
		}
	}
	for whole, ids := range built {
		if !slices.Equal(ids, whole.ids) {
			return errInexact
		}
	}
	return nil
}

func idsOf(resources []*resource.Resource) []resid.ResId {
	var out []resid.ResId
	for _, r := range resources {
		out = append(out, r.CurId())
	}
	return out
}

// wholeFiles replaces chunks by their files.
func wholeFiles(parts []*part) []*part {
	var out []*part
	seen := map[*part]bool{}
	for _, p := range parts {
		if p.whole != nil {
			p = p.whole
		}
		if !seen[p] {
			seen[p] = true
			out = append(out, p)
		}
	}
	return out
}

// chunksOf has the groups of each file that is divided. If one is joined with another group, kustomize builds the
// whole file once.
func (a *accumulation) chunksOf() map[*part][]int {
	out := map[*part][]int{}
	for i, g := range a.groups {
		if whole := g.parts[0].whole; whole != nil {
			out[whole] = append(out[whole], i)
		}
	}
	return out
}
