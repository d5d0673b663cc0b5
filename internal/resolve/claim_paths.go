package resolve

import (
	"path"
	"strings"
)

// matchPath reports whether a file's path matches a pattern. * matches any characters but the
// slash. ** as a whole segment matches any number of folders or, as the last segment, any file
// below the folder.
func matchPath(pattern, file string) bool {
	segments := strings.Split(file, "/")
	// reached[i] reports whether the pattern so far matches the first i segments.
	reached := make([]bool, len(segments)+1)
	reached[0] = true
	parts := strings.Split(pattern, "/")
	for i, part := range parts {
		next := make([]bool, len(reached))
		for j := range reached {
			switch {
			case part == "**" && i < len(parts)-1:
				next[j] = reached[j] || j > 0 && next[j-1]
			case j == 0:
			case part == "**":
				next[j] = reached[j-1] || next[j-1]
			default:
				next[j] = reached[j-1] && matchSegment(part, segments[j-1])
			}
		}
		reached = next
	}
	return reached[len(segments)]
}

func matchSegment(pattern, segment string) bool {
	ok, err := path.Match(pattern, segment)
	return ok && err == nil
}
