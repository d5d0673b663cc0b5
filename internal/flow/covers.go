package flow

import (
	"regexp/syntax"
	"slices"
)

// Traffic is what is allowed, or declared, on a range of ports: some L7 rules, or everything.
type Traffic struct {
	Ports PortRange
	L7    L7
	// Lookups are the DNS names of L7, prepared for many matches. Omitted: they are not prepared.
	Lookups *Patterns
}

// covers reports whether it includes one part of what an opening allows.
func (t Traffic) covers(part L7) bool {
	if t.Lookups != nil && !t.L7.Unrestricted() && !part.Unrestricted() && part.Alternatives[0].DNS != "" {
		return t.Lookups.Cover(part.Alternatives[0].DNS)
	}
	return t.L7.Covers(part)
}

// Without returns the parts of an opening that some traffic does not include.
func (o Opening) Without(all []Traffic) []Opening {
	var out []Opening
	for _, part := range o.L7.Split() {
		var covering []PortRange
		for _, t := range all {
			if t.covers(part) {
				covering = append(covering, t.Ports)
			}
		}
		for _, rest := range o.Ports.Without(covering) {
			out = append(out, Opening{Ports: rest, L7: part, Policies: o.Policies})
		}
	}
	return out
}

// Split returns each alternative by itself.
func (l L7) Split() []L7 {
	if l.Unrestricted() {
		return []L7{{}}
	}
	var out []L7
	for i := range l.Alternatives {
		out = append(out, L7{Alternatives: l.Alternatives[i : i+1 : i+1]})
	}
	return out
}

// Covers reports whether an alternative includes all of one part, as Split returns it. It may be false
// where the truth is true, never the reverse.
func (l L7) Covers(part L7) bool {
	if l.Unrestricted() || part.Unrestricted() {
		return l.Unrestricted()
	}
	one := part.Alternatives[0]
	// Mostly an alternative is as it was declared, which needs no comparison of expressions.
	return one.Other == "" && (slices.ContainsFunc(l.Alternatives, one.Equal) ||
		slices.ContainsFunc(l.Alternatives, func(a Alternative) bool { return a.includes(one) }))
}

// includes reports whether it allows everything that another alternative does.
func (a Alternative) includes(o Alternative) bool {
	return a.Other == "" && (a.DNS == "" || o.DNS != "" && Covers(a.DNS, o.DNS)) &&
		(len(a.Servers) == 0 || len(o.Servers) > 0 && coversAll(a.Servers, o.Servers)) &&
		(a.HTTP == nil || o.HTTP != nil && a.HTTP.includes(*o.HTTP))
}

// includes reports whether one rule allows everything that another does.
func (r HTTPRule) includes(rule HTTPRule) bool {
	return (r.Method == "" || r.Method == rule.Method) &&
		!slices.ContainsFunc(r.Headers, func(h string) bool {
			return !slices.ContainsFunc(rule.Headers, func(requested string) bool {
				return impliesHeader(ParseHeader(requested), ParseHeader(h))
			})
		}) && coversExpression(r.Path, rule.Path) && coversExpression(r.Host, rule.Host)
}

// coversAll reports whether a name or pattern covers each of some names.
func coversAll(patterns, names []string) bool {
	return !slices.ContainsFunc(names, func(n string) bool { return !AnyCovers(patterns, n) })
}

// coversExpression reports whether one expression matches all that another does. Of an expression
// that is not a plain text, it is true only if both are the same.
func coversExpression(expected, requested string) bool {
	if expected == "" || expected == requested {
		return true
	}
	plain, ok := literalText(requested)
	if !ok {
		return false
	}
	ok, err := matchesWhole(expected, plain)
	return ok && err == nil
}

// literalText is the one text that an expression matches.
func literalText(expression string) (string, bool) {
	re, err := syntax.Parse(expression, syntax.Perl)
	if err != nil || re.Op != syntax.OpLiteral || re.Flags&syntax.FoldCase != 0 {
		return "", false
	}
	return string(re.Rune), true
}

// impliesHeader reports whether a request that has the one header has the other.
func impliesHeader(h, other Header) bool {
	return h.Name == other.Name && (other.Value == "" || h.Value == other.Value)
}
