package flow

import (
	"slices"
	"strings"
)

// Covers reports whether limit matches every name that requested matches, with Cilium's rules: *
// matches any part of one label, a leading "**." matches one or more labels, and "*" alone matches
// any name. It may report false for a covered name, but never true for one that is not covered.
func Covers(limit, requested string) bool {
	l, deep := splitPattern(limit)
	a, deeper := splitPattern(requested)
	switch {
	case !deep && (deeper || len(l) != len(a)):
		return false
	case len(a) < len(l) || len(a) == len(l) && deep && !deeper:
		return false
	}
	for i := range l {
		if !globCovers(l[i], a[len(a)-len(l)+i]) {
			return false
		}
	}
	return true
}

// AnyCovers reports whether one of several patterns covers another.
func AnyCovers(limits []string, requested string) bool {
	// Most names are listed literally: this avoids the comparison of patterns.
	return slices.Contains(limits, requested) || slices.ContainsFunc(limits, func(limit string) bool { return Covers(limit, requested) })
}

// Patterns are prepared names and patterns, for frequent checks whether one of them covers another.
type Patterns struct {
	exact     map[string]bool
	wildcards []string
}

// NewPatterns prepares names and patterns.
func NewPatterns(names []string) Patterns {
	p := Patterns{exact: map[string]bool{}}
	for _, n := range names {
		p.exact[normalizeName(n)] = true
		if strings.Contains(n, "*") {
			p.wildcards = append(p.wildcards, n)
		}
	}
	return p
}

// Cover reports whether one of the patterns covers another, as AnyCovers does.
func (p Patterns) Cover(requested string) bool {
	return p.exact[normalizeName(requested)] || AnyCovers(p.wildcards, requested)
}

// normalizeName removes the differences that Covers ignores.
func normalizeName(name string) string { return strings.TrimSuffix(strings.ToLower(name), ".") }

// globCovers is Covers for one label. A * in requested is a character that only a * in limit
// matches. On a mismatch it retries the last * only: Tenants write these patterns, and retrying
// every * takes exponential time.
func globCovers(limit, requested string) bool {
	l, star, from := 0, -1, 0
	for a := 0; a < len(requested); {
		switch {
		case l < len(limit) && limit[l] == '*':
			star, from = l, a
			l++
		case l < len(limit) && limit[l] == requested[a]:
			l, a = l+1, a+1
		case star >= 0:
			from++
			l, a = star+1, from
		default:
			return false
		}
	}
	return strings.Trim(limit[l:], "*") == ""
}

// Overlaps reports whether two patterns match a common name.
func Overlaps(a, b string) bool {
	x, deepX := splitPattern(a)
	y, deepY := splitPattern(b)
	if !deepX && len(x) < len(y) || !deepY && len(y) < len(x) || deepX != deepY && len(x) == len(y) {
		return false
	}
	for i := range min(len(x), len(y)) {
		if !globsOverlap(x[len(x)-1-i], y[len(y)-1-i]) {
			return false
		}
	}
	return true
}

// AnyOverlaps reports whether one of several patterns overlaps another.
func AnyOverlaps(patterns []string, other string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return Overlaps(p, other) })
}

// splitPattern returns the labels of a pattern, and whether any one or more labels precede them.
func splitPattern(pattern string) (labels []string, deep bool) {
	pattern = normalizeName(pattern)
	if pattern == "*" {
		return nil, true
	}
	labels = strings.Split(pattern, ".")
	if labels[0] == "**" {
		return labels[1:], true
	}
	return labels, false
}

// globsOverlap is Overlaps for one label.
func globsOverlap(a, b string) bool { return globPairs{}.overlap(a, b) }

// globPairs are pairs of glob suffixes, by their lengths, that do not overlap. A pair that overlaps
// ends the search.
type globPairs map[[2]int]bool

func (r globPairs) overlap(a, b string) bool {
	at := [2]int{len(a), len(b)}
	if r[at] {
		return false
	}
	r[at] = true
	if a == "" || b == "" {
		return strings.Trim(a+b, "*") == ""
	}
	return r.overlapWildcard(a, b) || a[0] == b[0] && r.overlap(a[1:], b[1:])
}

// overlapWildcard matches a leading star of one glob with no character, or with the first character
// of the other.
func (r globPairs) overlapWildcard(a, b string) bool {
	return (a[0] == '*' || b[0] == '*') && (r.overlap(a[1:], b) || r.overlap(a, b[1:]))
}

// CoveredBy reports whether the ports together include all of p. A port name is covered only by the
// same name.
func (p Port) CoveredBy(ports []Port) bool {
	next, last := p.Port, max(p.Port, p.End)
	for {
		i := slices.IndexFunc(ports, func(q Port) bool {
			return q.Protocol == p.Protocol && q.Name == p.Name && q.Port <= next && next <= max(q.Port, q.End)
		})
		if i < 0 {
			return false
		}
		if next = max(ports[i].Port, ports[i].End) + 1; next > last {
			return true
		}
	}
}

// Overlap returns the ports that p and q have in common, and reports whether any exist.
func (p Port) Overlap(q Port) (Port, bool) {
	if p.Protocol != q.Protocol || p.Name != q.Name {
		return Port{}, false
	}
	out := Port{Name: p.Name, Protocol: p.Protocol, Port: max(p.Port, q.Port)}
	if end := min(max(p.Port, p.End), max(q.Port, q.End)); end > out.Port {
		out.End = end
	} else if end < out.Port {
		return Port{}, false
	}
	return out, true
}
