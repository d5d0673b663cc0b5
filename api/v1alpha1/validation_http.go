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
