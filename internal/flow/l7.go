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
	// Alternatives each allow some traffic. Empty: all traffic is allowed.
	Alternatives []Alternative
	// Interception makes Cilium's proxy decrypt TLS for HTTP rules. Nil: TLS is not decrypted, or
	// decryption does not matter, as in a table.
	Interception *Interception
	// ShadowedBy names policies without L7 rules that allow everything on a port for which others
	// have L7 rules.
	ShadowedBy Policies
}

// Alternative allows the traffic that matches all of its fields. An omitted field matches everything.
type Alternative struct {
	// Servers are the allowed server names of the TLS connection, and patterns of them. Empty: any name
	// or none.
	Servers []string
	// HTTP is the rule that a request must match. Nil: the traffic need not be HTTP.
	HTTP *HTTPRule
	// DNS is a name or a pattern that DNS queries may ask for.
	DNS string
	// Other describes a rule that is not inspected. The traffic that it allows is unknown.
	Other string
}

// Interception has the secrets that decrypt TLS and encrypt it again.
type Interception struct{ Terminating, Originating v1alpha1.SecretName }

// TLSTo allows TLS connections to each of some servers.
func TLSTo(servers ...string) L7 {
	return alternatives(servers, func(n string) Alternative { return Alternative{Servers: []string{n}} })
}

// DNSFor allows queries for each of some names and patterns.
func DNSFor(names ...string) L7 {
	return alternatives(names, func(n string) Alternative { return Alternative{DNS: n} })
}

// HTTPOf allows requests that match one of some rules.
func HTTPOf(rules ...HTTPRule) L7 {
	return alternatives(rules, func(r HTTPRule) Alternative { return Alternative{HTTP: &r} })
}

func alternatives[T any](all []T, of func(T) Alternative) L7 {
	var out L7
	for _, v := range all {
		out.Alternatives = append(out.Alternatives, of(v))
	}
	return out
}

// Unrestricted reports whether all traffic is allowed.
func (l L7) Unrestricted() bool { return len(l.Alternatives) == 0 }

// HTTP returns the rules for requests.
func (l L7) HTTP() []HTTPRule {
	var out []HTTPRule
	for _, a := range l.Alternatives {
		if a.HTTP != nil {
			out = append(out, *a.HTTP)
		}
	}
	return out
}

// DNS returns the names and patterns that DNS queries may ask for.
func (l L7) DNS() []string {
	var out []string
	for _, a := range l.Alternatives {
		if a.DNS != "" {
			out = append(out, a.DNS)
		}
	}
	return out
}

// Servers returns the server names of TLS connections, and patterns of them, each once.
func (l L7) Servers() []string {
	var out []string
	for _, a := range l.Alternatives {
		for _, n := range a.Servers {
			if !slices.Contains(out, n) {
				out = append(out, n)
			}
		}
	}
	return out
}

// Other describes rules that are not inspected.
func (l L7) Other() string {
	for _, a := range l.Alternatives {
		if a.Other != "" {
			return a.Other
		}
	}
	return ""
}

// WithoutDNS has all alternatives but those for DNS queries.
func (l L7) WithoutDNS() L7 {
	l.Alternatives = slices.DeleteFunc(slices.Clone(l.Alternatives), func(a Alternative) bool { return a.DNS != "" })
	if len(l.Alternatives) == 0 {
		l.Alternatives = nil
	}
	return l
}

// InspectsTLS reports whether it has rules about TLS connections.
func (l L7) InspectsTLS() bool { return len(l.Servers()) > 0 || l.Interception != nil }

// Equal reports whether two values are written alike.
func (l L7) Equal(o L7) bool {
	return slices.EqualFunc(l.Alternatives, o.Alternatives, Alternative.Equal) && slices.Equal(l.ShadowedBy, o.ShadowedBy)
}

// String describes the allowed traffic.
func (l L7) String() string {
	var out []string
	last := ""
	for _, a := range l.Alternatives {
		list, text := a.text()
		if list != last {
			text = list + text
		}
		out, last = append(out, text), list
	}
	return strings.Join(out, ", ")
}

// text describes an alternative, and the list of names that it belongs to.
func (a Alternative) text() (list, text string) {
	switch {
	case a.HTTP != nil && len(a.Servers) > 0:
		return "", a.HTTP.String() + " in TLS to " + strings.Join(a.Servers, " or ")
	case a.HTTP != nil:
		return "", a.HTTP.String()
	case len(a.Servers) > 0:
		return "TLS to ", strings.Join(a.Servers, ", ")
	case a.DNS != "":
		return "DNS for ", a.DNS
	}
	return "", a.Other
}

// Compare orders alternatives by kind: HTTP, TLS, DNS and others. Within a kind, it orders them by
// their fields.
func (a Alternative) Compare(o Alternative) int {
	if c := cmp.Compare(a.kind(), o.kind()); c != 0 {
		return c
	}
	if a.HTTP != nil {
		if c := a.HTTP.Compare(*o.HTTP); c != 0 {
			return c
		}
	}
	return cmp.Or(slices.Compare(a.Servers, o.Servers), cmp.Compare(a.DNS, o.DNS), cmp.Compare(a.Other, o.Other))
}

func (a Alternative) kind() int {
	switch {
	case a.HTTP != nil:
		return 0
	case len(a.Servers) > 0:
		return 1
	case a.DNS != "":
		return 2
	}
	return 3
}

// Equal reports whether two alternatives are written alike.
func (a Alternative) Equal(o Alternative) bool { return a.Compare(o) == 0 }

// HTTPRule allows requests that match all of its fields. An empty field matches everything.
type HTTPRule struct {
	// Method, Path and Host are regular expressions that must match the whole value.
	Method, Path, Host string
	// Headers must all be present with exactly this value: "Name: value", or "Name" for any value.
	// They are no regular expressions.
	Headers []string
}

// Compare orders rules by path, method, host and headers.
func (r HTTPRule) Compare(o HTTPRule) int {
	return cmp.Or(cmp.Compare(r.Path, o.Path), cmp.Compare(r.Method, o.Method), cmp.Compare(r.Host, o.Host), slices.Compare(r.Headers, o.Headers))
}

// String is "GET /v1/.*", followed by the host and headers.
func (r HTTPRule) String() string {
	out := cmp.Or(r.Method, "any method of") + " " + cmp.Or(r.Path, "any path")
	if r.Host != "" {
		out += " at " + r.Host
	}
	if len(r.Headers) > 0 {
		out += " with " + strings.Join(r.Headers, " and ")
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
