package policy

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
)

// L7 narrows what passes on a port to a part of what is spoken there. The zero value
// does not.
type L7 struct {
	HTTP []HTTPRule
	// ServerNames are the names and patterns that TLS connections may be for, in which
	// everything passes.
	ServerNames []string
	// Interception has Cilium's proxy open TLS up for HTTP. Nil: TLS stays closed, or
	// whether it is opened does not matter, as in what an Engine says.
	Interception *Interception
	// DNS are the names and patterns that may be asked for.
	DNS []string
	// Other names a rule that is not looked into: what it lets pass is not known.
	Other string
	// ShadowedBy names policies without rules that let everything pass, where others have
	// rules for the same port.
	ShadowedBy []string
}

// Interception are the secrets with which TLS is opened up, and closed again behind.
type Interception struct{ Terminating, Originating v1alpha1.SecretName }

// Unrestricted says whether everything passes.
func (l L7) Unrestricted() bool {
	return len(l.HTTP) == 0 && len(l.ServerNames) == 0 && len(l.DNS) == 0 && l.Other == ""
}

// InspectsTLS says whether it looks at TLS connections.
func (l L7) InspectsTLS() bool { return len(l.ServerNames) > 0 || l.Interception != nil }

// Equal says whether the same passes, written alike.
func (l L7) Equal(o L7) bool {
	return slices.EqualFunc(l.HTTP, o.HTTP, HTTPRule.Equal) && slices.Equal(l.ServerNames, o.ServerNames) && slices.Equal(l.DNS, o.DNS) && l.Other == o.Other && slices.Equal(l.ShadowedBy, o.ShadowedBy)
}

// String spells what passes.
func (l L7) String() string {
	var out []string
	for _, r := range l.HTTP {
		out = append(out, r.String())
	}
	if len(l.ServerNames) > 0 {
		out = append(out, "TLS to "+strings.Join(l.ServerNames, ", "))
	}
	if len(l.DNS) > 0 {
		out = append(out, "DNS for "+strings.Join(l.DNS, ", "))
	}
	if l.Other != "" {
		out = append(out, l.Other)
	}
	return strings.Join(out, ", ")
}

// HTTPRule lets requests pass that match all that it says. What is empty matches
// everything.
type HTTPRule struct {
	// Method, Path and Host are regular expressions that must match all of it.
	Method, Path, Host string
	// Headers must all be there, each with just this value: "Name: value", or "Name" for
	// any. They are no expressions.
	Headers []string
	// ServerNames are those that the TLS connection must be for, any of them. None: it may
	// be for every name, or there is none.
	ServerNames []string
}

// Compare orders rules by path, method, host, headers and server names.
func (r HTTPRule) Compare(o HTTPRule) int {
	return cmp.Or(cmp.Compare(r.Path, o.Path), cmp.Compare(r.Method, o.Method), cmp.Compare(r.Host, o.Host), slices.Compare(r.Headers, o.Headers),
		slices.Compare(r.ServerNames, o.ServerNames))
}

// Equal says whether two rules are written alike.
func (r HTTPRule) Equal(o HTTPRule) bool { return r.Compare(o) == 0 }

// String is "GET /v1/.*", with the host and headers behind it.
func (r HTTPRule) String() string {
	out := cmp.Or(r.Method, "any method of") + " " + cmp.Or(r.Path, "any path")
	if r.Host != "" {
		out += " at " + r.Host
	}
	if len(r.Headers) > 0 {
		out += " with " + strings.Join(r.Headers, " and ")
	}
	if len(r.ServerNames) > 0 {
		out += " in TLS to " + strings.Join(r.ServerNames, " or ")
	}
	return out
}

// Header is one that an HTTP rule asks for.
type Header struct {
	// Name in small letters.
	Name string
	// Value that it must have. Omitted: any.
	Value string
}

// ParseHeader reads a header of an HTTP rule as Cilium does: the value is all that
// follows the first space.
func ParseHeader(s string) Header {
	name, value, hasValue := strings.Cut(s, " ")
	if hasValue {
		name = strings.TrimRight(name, ":")
	}
	return Header{Name: strings.ToLower(name), Value: value}
}

// HTTPRequest is what HTTP rules look at.
type HTTPRequest struct {
	Method, Path string
	// Host is what the request calls the server. Omitted: that is not known.
	Host string
	// Headers besides Host.
	Headers map[string]string
}

// String is "GET api.example.com/v1/x", with the headers behind it.
func (r HTTPRequest) String() string {
	out := r.Method + " " + r.Host + r.Path
	var headers []string
	for _, name := range slices.Sorted(maps.Keys(r.Headers)) {
		headers = append(headers, name+": "+r.Headers[name])
	}
	if len(headers) > 0 {
		out += " with " + strings.Join(headers, " and ")
	}
	return out
}
