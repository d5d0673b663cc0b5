package policy

import (
	"slices"
	"strings"
)

// Covers says whether every name that the pattern asked matches is matched by the
// pattern limit too, as Cilium matches them: * stands for any part of one label,
// a leading "**." for one or more labels, and "*" alone for any name. It may say no
// where the truth is yes, never the other way round.
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

// AnyCovers says whether one of some patterns covers another.
func AnyCovers(limits []string, requested string) bool {
	// Mostly it is there as it was written, which is seen without looking into it.
	return slices.Contains(limits, requested) || slices.ContainsFunc(limits, func(limit string) bool { return Covers(limit, requested) })
}

// Patterns are names and patterns, for asking often whether one of them covers another.
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

// Cover reports whether one of the patterns covers another, as SomeCovers does.
func (p Patterns) Cover(requested string) bool {
	return p.exact[normalizeName(requested)] || AnyCovers(p.wildcards, requested)
}

// normalizeName is a name without what makes no difference to Covers.
func normalizeName(name string) string { return strings.TrimSuffix(strings.ToLower(name), ".") }

// globCovers is Covers for one label: a * in asked is a character that only a * in
// limit matches. Where it does not go on, only the last * is tried again: patterns are
// those of Tenants, and trying all of them would take for ever.
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

// Overlaps says whether there is a name that two patterns both match.
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

// AnyOverlaps says whether one of some patterns overlaps with another.
func AnyOverlaps(patterns []string, other string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return Overlaps(p, other) })
}

// splitPattern are the labels of a pattern, and whether one or more labels of any kind come
// before them.
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

// globPairs are pairs of what is left of two globs, by their lengths, that were looked at:
// they do not overlap, else the search were over.
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

// overlapWildcard lets a star at the beginning of one stand for nothing, or for the first of the
// other.
func (r globPairs) overlapWildcard(a, b string) bool {
	return (a[0] == '*' || b[0] == '*') && (r.overlap(a[1:], b) || r.overlap(a, b[1:]))
}

// CoveredBy says whether the ports together include all of p. A name is covered by
// that name alone.
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

// Overlap is what p and q have in common, and whether there is anything.
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
