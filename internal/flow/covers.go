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
	if t.Lookups != nil && len(part.DNS) > 0 && !t.L7.Unrestricted() {
		return t.Lookups.Cover(part.DNS[0])
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

// Split returns the single rules: each of them allows something.
func (l L7) Split() []L7 {
	if l.Unrestricted() {
		return []L7{{}}
	}
	var out []L7
	for _, r := range l.HTTP {
		out = append(out, L7{HTTP: []HTTPRule{r}})
	}
	for _, n := range l.ServerNames {
		out = append(out, L7{ServerNames: []string{n}})
	}
	for _, n := range l.DNS {
		out = append(out, L7{DNS: []string{n}})
	}
	if l.Other != "" {
		out = append(out, L7{Other: l.Other})
	}
	return out
}

// Covers reports whether the rules include one part, as Split returns it. It may be false where the truth
// is true, never the reverse.
func (l L7) Covers(part L7) bool {
	switch {
	case l.Unrestricted():
		return true
	case len(part.HTTP) > 0:
		// Mostly a rule is as it was declared, which needs no comparison of expressions.
		return slices.ContainsFunc(l.HTTP, part.HTTP[0].Equal) ||
			slices.ContainsFunc(l.HTTP, func(r HTTPRule) bool { return r.includes(part.HTTP[0]) })
	case len(part.ServerNames) > 0:
		return coversAll(l.ServerNames, part.ServerNames)
	case len(part.DNS) > 0:
		return AnyCovers(l.DNS, part.DNS[0])
	default:
		return false
	}
}

// includes reports whether one rule allows everything that another does.
func (r HTTPRule) includes(rule HTTPRule) bool {
	return (r.Method == "" || r.Method == rule.Method) &&
		(len(r.ServerNames) == 0 || len(rule.ServerNames) > 0 && coversAll(r.ServerNames, rule.ServerNames)) &&
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
