package v1alpha1

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

var httpMethod = regexp.MustCompile(`^[A-Z]+$`)

// String tells rules apart, for people too.
func (r HTTPRule) String() string {
	fields := append([]string{r.Method, r.Path, r.Host}, slices.Sorted(slices.Values(r.Headers))...)
	return strings.Join(slices.DeleteFunc(fields, func(f string) bool { return f == "" }), " ")
}

func (r HTTPRule) validate(at *field.Path) field.ErrorList {
	if r.Method == "" && r.Path == "" && r.Host == "" && len(r.Headers) == 0 {
		return field.ErrorList{field.Required(at, "say a method, a path, a host or headers; to let every request pass, leave http out")}
	}
	var errs field.ErrorList
	if r.Method != "" && !httpMethod.MatchString(r.Method) {
		errs = append(errs, field.Invalid(at.Child("method"), r.Method, "must be one method in capitals, such as GET: make each method an item of its own"))
	}
	if problem := pathProblem(r.Path); problem != "" {
		errs = append(errs, field.Invalid(at.Child("path"), r.Path, problem))
	}
	if problem := hostProblem(r.Host); problem != "" {
		errs = append(errs, field.Invalid(at.Child("host"), r.Host, problem))
	}
	seen := unique{}
	for i, h := range r.Headers {
		at := at.Child("headers").Index(i)
		if problem := headerProblem(h); problem != "" {
			errs = append(errs, field.Invalid(at, h, problem))
		}
		name, _, _ := strings.Cut(h, ":")
		errs = append(errs, seen.item(strings.ToLower(name), at)...)
	}
	return errs
}

// pathProblem says what is wrong with the expression of a path, "" if nothing is.
func pathProblem(path string) string {
	bare := strings.TrimPrefix(path, "^")
	switch {
	case path == "":
		return ""
	case bare != path && strings.HasPrefix(bare, "/"):
		return fmt.Sprintf("must match the whole path anyway: write %q", strings.TrimSuffix(bare, "$"))
	case !strings.HasPrefix(path, "/"):
		return `must start with "/", as every path does: write "/v1/.*" for all below /v1, or leave path out for every path`
	}
	return expressionProblem(path)
}

func expressionProblem(expression string) string {
	if _, err := regexp.Compile(expression); err != nil {
		return "is no regular expression: " + strings.TrimPrefix(err.Error(), "error parsing regexp: ")
	}
	return ""
}

var (
	// bareHost is a name, or a pattern such as those of fqdns, and no expression.
	bareHost = regexp.MustCompile(`^(\*\.)?[-_a-zA-Z0-9]+(\.[-_a-zA-Z0-9]+)+(:\d+)?$`)
	token    = regexp.MustCompile("^[-!#$%&'*+.^_`|~0-9a-zA-Z]+$")
)

// hostProblem says what is wrong with the expression of a host. One that is written as a
// name means that name, and would match others.
func hostProblem(host string) string {
	switch bare := strings.TrimPrefix(host, "^"); {
	case host == "":
		return ""
	case bareHost.MatchString(host):
		return fmt.Sprintf("is a regular expression, in which a dot stands for any character: write %q", escapedHost(host))
	case bare != host:
		return fmt.Sprintf("must match the whole host anyway: write %q", strings.TrimSuffix(bare, "$"))
	case strings.Contains(host, "://"):
		return "is a URL: write an expression for the host alone, and one for the path into path"
	}
	return expressionProblem(host)
}

// escapedHost is an expression for just a name or, for a pattern, those of one label more.
func escapedHost(host string) string {
	if rest, ok := strings.CutPrefix(host, "*."); ok {
		return `[^.]+\.` + regexp.QuoteMeta(rest)
	}
	return regexp.QuoteMeta(host)
}

// headerProblem says what is wrong with a header of a rule, which Cilium takes apart at
// the first space.
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
		return "has a character that no header has: remove it"
	case text == "" || !spaced || strings.TrimSpace(text) != text:
		return fmt.Sprintf(`must be "Name: value" with one space, or "Name" for any value: write %q`, strings.TrimSuffix(name+": "+strings.TrimSpace(value), ": "))
	case looksLikeExpression(text):
		return fmt.Sprintf("is compared as it stands, and no regular expression: for any value write %q; list each value in a rule of its own", name)
	}
	return ""
}

// looksLikeExpression says whether somebody who writes a value takes it for a regular
// expression. A * alone is in many a value: "text/*".
func looksLikeExpression(value string) bool {
	return value == "*" || strings.HasPrefix(value, "^") || strings.HasSuffix(value, "$") ||
		slices.ContainsFunc([]string{".*", ".+", `\`, "[", "(?"}, func(s string) bool { return strings.Contains(value, s) })
}

func headerNameProblem(name string) string {
	switch {
	case strings.EqualFold(name, "host") || name == ":authority":
		return "names the host: write it into host"
	case !token.MatchString(name):
		return `must begin with the name of a header, as in "X-Tenant: acme"`
	}
	return ""
}
