package v1alpha1

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// trafficRules are the ports and L7 rules of a flow.
type trafficRules struct {
	ports []Port
	http  []HTTPRule
	dns   []string
	icmp  []ICMPType
	tls   *TLS
}

func (s trafficRules) validate(at *field.Path) field.ErrorList {
	errs := validatePorts(s.ports, at.Child("ports"))
	if len(s.icmp) > 0 {
		return append(errs, s.validateICMP(at)...)
	}
	if len(s.http) > 0 {
		errs = append(errs, s.validateHTTP(at)...)
	}
	if len(s.dns) > 0 {
		errs = append(errs, s.validateDNS(at)...)
	}
	return errs
}

func (s trafficRules) validateICMP(at *field.Path) field.ErrorList {
	errs := validateICMPTypes(s.icmp, at.Child("icmp"))
	for _, other := range []struct {
		name string
		set  bool
	}{{"ports", len(s.ports) > 0}, {"http", len(s.http) > 0}, {"dns", len(s.dns) > 0}} {
		errs = append(errs, errorIf(other.set, field.Forbidden(at.Child(other.name), "is not supported with icmp, which has no ports: write a flow of its own"))...)
	}
	return errs
}

// validateICMPTypes validates a list of types that differ.
func validateICMPTypes(types []ICMPType, at *field.Path) field.ErrorList {
	return validateItems(types, at, nil)
}

// validateICMP refuses a Service with icmp, which Services do not forward.
func (p *Peer) validateICMP(icmp []ICMPType, at *field.Path) field.ErrorList {
	return errorIf(p.Service != "" && len(icmp) > 0, field.Forbidden(at.Child("service"), "is not supported with icmp, which Services do not forward: set the pods as the peer"))
}

func (s trafficRules) validateHTTP(at *field.Path) field.ErrorList {
	errs := validateItems(s.http, at.Child("http"), HTTPRule.validate)
	errs = append(errs, errorIf(len(s.dns) > 0, field.Forbidden(at.Child("dns"), "is not supported with http: write a flow for each"))...)
	errs = append(errs, errorIf(len(s.ports) == 0, field.Required(at.Child("ports"), "with http: set the ports, as [{port: 8080}]"))...)
	for i, p := range s.ports {
		errs = append(errs, p.validateHTTP(s.tls, at.Child("ports").Index(i))...)
	}
	return errs
}

// TLSPortHint is the fix for http on a TLS port.
const TLSPortHint = "omit http, use a port with plain HTTP or, in egress, decrypt with tls.terminating and tls.originating (limits.secrets)"

func (p Port) validateHTTP(tls *TLS, at *field.Path) field.ErrorList {
	switch {
	case p.Protocol != "" && p.Protocol != TCP:
		return field.ErrorList{field.Invalid(at.Child("protocol"), p.Protocol, "http requires TCP: move this port to a flow of its own")}
	case p.IsTLSPort() && tls == nil:
		return field.ErrorList{field.Forbidden(at, "is a TLS port, where requests cannot be inspected: "+TLSPortHint)}
	}
	return nil
}

// IsTLSPort reports whether TLS is expected on a port, or on a port of a range: 443, 8443 and
// the name https.
func (p Port) IsTLSPort() bool {
	if p.Port.Type == intstr.String {
		return p.Port.StrVal == "https"
	}
	for _, tls := range []int32{443, 8443} {
		if p.Port.IntVal <= tls && tls <= max(p.Port.IntVal, p.EndPort) {
			return true
		}
	}
	return false
}

func (s trafficRules) validateDNS(at *field.Path) field.ErrorList {
	errs := validateFQDNs(s.dns, anyName, at.Child("dns"))
	errs = append(errs, errorIf(len(s.ports) == 0, field.Required(at.Child("ports"), "with dns: set the ports, as [{port: 53, protocol: UDP}, {port: 53, protocol: TCP}]"))...)
	for i, p := range s.ports {
		at := at.Child("ports").Index(i)
		errs = append(errs, errorIf(p.EndPort > p.Port.IntVal, field.Forbidden(at.Child("endPort"), "is not supported with dns, which Cilium inspects on single ports only: list the ports"))...)
		errs = append(errs, errorIf(p.Protocol == SCTP || p.Protocol == ANY, field.Invalid(at.Child("protocol"), p.Protocol, "dns requires UDP or TCP: write a port for each of them"))...)
	}
	return errs
}

// validateTLS validates a flow's tls, and the fields that it depends on.
func (f *EgressFlow) validateTLS(at *field.Path) field.ErrorList {
	if f.TLS == nil {
		return nil
	}
	errs := f.TLS.validate(at.Child("tls"))
	errs = append(errs, errorIf(f.Via != "", field.Forbidden(at.Child("tls"), "is not supported with via, whose pods other tenants share: it would also inspect their connections; remove via or tls"))...)
	if len(f.DNS) > 0 || len(f.ICMP) > 0 {
		return append(errs, field.Forbidden(at.Child("tls"), "is not supported with dns or icmp: write a flow of its own"))
	}
	errs = append(errs, errorIf(len(f.Ports) == 0, field.Required(at.Child("ports"), "with tls: set the ports, as [{port: 443}]"))...)
	for i, p := range f.Ports {
		errs = append(errs, errorIf(p.Protocol != "" && p.Protocol != TCP, field.Invalid(at.Child("ports").Index(i).Child("protocol"), p.Protocol, "tls requires TCP: move this port to a flow of its own"))...)
	}
	return append(errs, f.validateInterception(at)...)
}

// validateInterception requires http and the Secrets together.
func (f *EgressFlow) validateInterception(at *field.Path) field.ErrorList {
	secrets := f.TLS.Terminating != nil || f.TLS.Originating != nil
	switch {
	case secrets && len(f.HTTP) == 0:
		return field.ErrorList{field.Required(at.Child("http"), "with the Secrets of tls, which serve only to inspect requests: set the allowed requests, or remove the Secrets")}
	case !secrets && len(f.HTTP) > 0:
		return field.ErrorList{field.Forbidden(at.Child("http"), "requires the Secrets tls.terminating and tls.originating, because requests are encrypted: add them, or remove http or tls")}
	}
	return nil
}

func (t *TLS) validate(at *field.Path) field.ErrorList {
	errs := validateFQDNs(t.ServerNames, namesOnly, at.Child("serverNames"))
	errs = append(errs, t.Terminating.validate(at.Child("terminating"))...)
	errs = append(errs, t.Originating.validate(at.Child("originating"))...)
	switch {
	case t.Terminating == nil && t.Originating == nil && len(t.ServerNames) == 0:
		errs = append(errs, field.Required(at, "set serverNames, or the Secrets terminating and originating with http"))
	case t.Terminating == nil && t.Originating != nil:
		errs = append(errs, field.Required(at.Child("terminating"), "with originating: set both Secrets, or pods would have to connect without TLS"))
	case t.Terminating != nil && t.Originating == nil:
		errs = append(errs, field.Required(at.Child("originating"), "with terminating: set both Secrets, or the proxy would forward decrypted data without TLS"))
	}
	return errs
}

func (s *SecretName) validate(at *field.Path) field.ErrorList {
	if s == nil {
		return nil
	}
	errs := validateName(s.Namespace, at.Child("namespace"))
	if problems := validation.IsDNS1123Subdomain(s.Name); len(problems) > 0 {
		errs = append(errs, field.Invalid(at.Child("name"), s.Name, "must be the name of a Secret: at most 253 lower-case letters, digits, - and dots, beginning and ending with a letter or digit"))
	}
	return errs
}

// validateSecrets validates patterns of Secrets.
func validateSecrets(patterns []string, at *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i, p := range patterns {
		if _, err := path.Match(p, ""); err != nil || strings.Count(p, "/") != 1 || strings.HasPrefix(p, "/") || strings.HasSuffix(p, "/") {
			errs = append(errs, field.Invalid(at.Index(i), p, `must be "namespace/name", in which * matches any characters: "tenant-acme/tls-*"`))
		}
	}
	return errs
}

var httpMethod = regexp.MustCompile(`^[A-Z]+$`)

// String returns the set fields. It identifies the rule, also in messages.
func (r HTTPRule) String() string {
	fields := append([]string{r.Method, r.Path, r.Host}, slices.Sorted(slices.Values(r.Headers))...)
	return strings.Join(slices.DeleteFunc(fields, func(f string) bool { return f == "" }), " ")
}

func (r HTTPRule) validate(at *field.Path) field.ErrorList {
	if r.Method == "" && r.Path == "" && r.Host == "" && len(r.Headers) == 0 {
		return field.ErrorList{field.Required(at, "set a method, a path, a host or headers; to allow every request, omit http")}
	}
	var errs field.ErrorList
	errs = append(errs, errorIf(r.Method != "" && !httpMethod.MatchString(r.Method), field.Invalid(at.Child("method"), r.Method, "must be one method in capitals, such as GET: write an item for each method"))...)
	errs = append(errs, problemAt(at.Child("path"), r.Path, pathProblem(r.Path))...)
	if problem := hostProblem(r.Host); problem != "" {
		errs = append(errs, field.Invalid(at.Child("host"), r.Host, problem))
	}
	seen := unique{}
	for i, h := range r.Headers {
		at := at.Child("headers").Index(i)
		errs = append(errs, problemAt(at, h, headerProblem(h))...)
		name, _, _ := strings.Cut(h, ":")
		errs = append(errs, seen.item(strings.ToLower(name), at)...)
	}
	return errs
}

// pathProblem returns what is wrong with the expression of a path, or "".
func pathProblem(path string) string {
	bare := strings.TrimPrefix(path, "^")
	switch {
	case path == "":
		return ""
	case bare != path && strings.HasPrefix(bare, "/"):
		return fmt.Sprintf("has anchors, but always matches the whole path: write %q", strings.TrimSuffix(bare, "$"))
	case !strings.HasPrefix(path, "/"):
		return `must start with "/": write "/v1/.*" for all paths below /v1, or omit path for every path`
	}
	return expressionProblem(path)
}

func expressionProblem(expression string) string {
	if _, err := regexp.Compile(expression); err != nil {
		return "is not a regular expression: " + strings.TrimPrefix(err.Error(), "error parsing regexp: ")
	}
	return ""
}

var (
	// bareHost matches a name, or a pattern as in fqdns, which is not intended as an expression.
	bareHost = regexp.MustCompile(`^(\*\.)?[-_a-zA-Z0-9]+(\.[-_a-zA-Z0-9]+)+(:\d+)?$`)
	token    = regexp.MustCompile("^[-!#$%&'*+.^_`|~0-9a-zA-Z]+$")
)

// hostProblem returns what is wrong with the expression of a host, or "". A name is refused,
// because as an expression it also matches other names.
func hostProblem(host string) string {
	switch bare := strings.TrimPrefix(host, "^"); {
	case host == "":
		return ""
	case bareHost.MatchString(host):
		return fmt.Sprintf("is a regular expression, in which a dot matches any character: write %q", escapedHost(host))
	case bare != host:
		return fmt.Sprintf("has anchors, but always matches the whole host: write %q", strings.TrimSuffix(bare, "$"))
	case strings.Contains(host, "://"):
		return "is a URL: write an expression for the host, and one for the path in path"
	}
	return expressionProblem(host)
}

// escapedHost returns an expression that matches exactly a name or, for a pattern, names with
// one more label.
func escapedHost(host string) string {
	if rest, ok := strings.CutPrefix(host, "*."); ok {
		return `[^.]+\.` + regexp.QuoteMeta(rest)
	}
	return regexp.QuoteMeta(host)
}

// headerProblem returns what is wrong with a header of a rule, or "". Cilium splits it at the
// first space.
func headerProblem(header string) string {
	name, value, valued := strings.Cut(header, ":")
	if problem := headerNameProblem(name); problem != "" {
		return problem
	}
	text, spaced := strings.CutPrefix(value, " ")
	switch {
	case !valued:
		return ""
	case strings.ContainsFunc(text, unicode.IsControl):
		return "has a control character: remove it"
	case text == "" || !spaced || strings.TrimSpace(text) != text:
		return fmt.Sprintf(`must be "Name: value" with one space, or "Name" for any value: write %q`, strings.TrimSuffix(name+": "+strings.TrimSpace(value), ": "))
	case looksLikeExpression(text):
		return fmt.Sprintf("is compared literally, not as a regular expression: for any value, write %q; for several values, write a rule for each", name)
	}
	return ""
}

// looksLikeExpression reports whether the author of a value likely intends a regular
// expression. A * is also part of plain values: "text/*".
func looksLikeExpression(value string) bool {
	return value == "*" || strings.HasPrefix(value, "^") || strings.HasSuffix(value, "$") ||
		slices.ContainsFunc([]string{".*", ".+", `\`, "[", "(?"}, func(s string) bool { return strings.Contains(value, s) })
}

func headerNameProblem(name string) string {
	switch {
	case strings.EqualFold(name, "host") || name == ":authority":
		return "is the host: set host instead"
	case !token.MatchString(name):
		return `must begin with the name of a header, as in "X-Tenant: acme"`
	}
	return ""
}
