package flow

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
)

// L7 narrows the allowed traffic on a port. The zero value narrows nothing.
type L7 struct {
	HTTP []HTTPRule
	// ServerNames are the names and patterns of allowed TLS connections. Within them, all traffic
	// is allowed.
	ServerNames []string
	// Interception makes Cilium's proxy decrypt TLS for HTTP rules. Nil: TLS is not decrypted, or
	// decryption does not matter, as in a table.
	Interception *Interception
	// DNS has the names and patterns that DNS queries may ask for.
	DNS []string
	// Other describes a rule that is not inspected. The traffic that it allows is unknown.
	Other string
	// ShadowedBy names policies without L7 rules that allow everything on a port for which others
	// have L7 rules.
	ShadowedBy []string
}

// Interception has the secrets that decrypt TLS and encrypt it again.
type Interception struct{ Terminating, Originating v1alpha1.SecretName }

// Unrestricted reports whether all traffic is allowed.
func (l L7) Unrestricted() bool {
	return len(l.HTTP) == 0 && len(l.ServerNames) == 0 && len(l.DNS) == 0 && l.Other == ""
}

// InspectsTLS reports whether it has rules about TLS connections.
func (l L7) InspectsTLS() bool { return len(l.ServerNames) > 0 || l.Interception != nil }

// Equal reports whether two values are written alike.
func (l L7) Equal(o L7) bool {
	return slices.EqualFunc(l.HTTP, o.HTTP, HTTPRule.Equal) && slices.Equal(l.ServerNames, o.ServerNames) && slices.Equal(l.DNS, o.DNS) && l.Other == o.Other && slices.Equal(l.ShadowedBy, o.ShadowedBy)
}

// String describes the allowed traffic.
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

// HTTPRule allows requests that match all of its fields. An empty field matches everything.
type HTTPRule struct {
	// Method, Path and Host are regular expressions that must match the whole value.
	Method, Path, Host string
	// Headers must all be present with exactly this value: "Name: value", or "Name" for any value.
	// They are no regular expressions.
	Headers []string
	// ServerNames are the allowed server names of the TLS connection. Empty: any name or
	// none.
	ServerNames []string
}

// Compare orders rules by path, method, host, headers and server names.
func (r HTTPRule) Compare(o HTTPRule) int {
	return cmp.Or(cmp.Compare(r.Path, o.Path), cmp.Compare(r.Method, o.Method), cmp.Compare(r.Host, o.Host), slices.Compare(r.Headers, o.Headers),
		slices.Compare(r.ServerNames, o.ServerNames))
}

// Equal reports whether two rules are written alike.
func (r HTTPRule) Equal(o HTTPRule) bool { return r.Compare(o) == 0 }

// String is "GET /v1/.*", followed by the host and headers.
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

// Header is a header that an HTTP rule requires.
type Header struct {
	// Name is in lower case.
	Name string
	// Value is the required value. Omitted: any value.
	Value string
}

// ParseHeader reads a header of an HTTP rule as Cilium does: the value is everything after the
// first space.
func ParseHeader(s string) Header {
	name, value, hasValue := strings.Cut(s, " ")
	if hasValue {
		name = strings.TrimRight(name, ":")
	}
	return Header{Name: strings.ToLower(name), Value: value}
}

// HTTPRequest has the parts of a request that HTTP rules match.
type HTTPRequest struct {
	Method, Path string
	// Host is the host of the request. Omitted: it is unknown.
	Host string
	// Headers are the headers except Host.
	Headers map[string]string
}

// String is "GET api.example.com/v1/x", followed by the headers.
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
