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
func chunks(file *part, content []byte, resources []*resource.Resource, size int) []*part {
	if bytes.Contains(content, []byte("List")) {
		return []*part{file}
	}
	for _, r := range resources {
		file.ids = append(file.ids, r.CurId())
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
	left := map[*part][]resid.ResId{}
	for _, g := range a.groups {
		whole := g.parts[0].whole
		if whole == nil {
			continue
		}
		if g.err != nil {
			return errInexact
		}
		if _, known := left[whole]; !known {
			left[whole] = whole.ids
		}
		for _, r := range g.resources {
			if len(left[whole]) == 0 || left[whole][0] != r.CurId() {
				return errInexact
			}
			left[whole] = left[whole][1:]
		}
	}
	for _, ids := range left {
		if len(ids) > 0 {
			return errInexact
		}
	}
	return nil
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

// joinChunks joins all chunks of a file if one is joined with another group, because kustomize builds the
// file once then.
func (a *accumulation) joinChunks(sets disjointSets) {
	chunksOf := map[*part][]int{}
	for i, g := range a.groups {
		if whole := g.parts[0].whole; whole != nil {
			chunksOf[whole] = append(chunksOf[whole], i)
		}
	}
	for changed := len(chunksOf) > 0; changed; {
		changed = false
		for _, members := range sets.members() {
			for _, i := range members {
				for _, j := range chunksOf[a.groups[i].parts[0].whole] {
					if len(members) > 1 && sets.find(i) != sets.find(j) {
						sets.join(i, j)
						changed = true
					}
				}
			}
		}
	}
}
