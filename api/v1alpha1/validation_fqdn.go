package v1alpha1

import (
	"net/netip"
	"regexp"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// wildcardRule is the kind of patterns that a list of names may contain.
type wildcardRule string

const (
	// namesOnly: names and patterns below a domain.
	namesOnly wildcardRule = "names"
	// anyName: also "*" for every name.
	anyName wildcardRule = "any name"
)

// maxFQDN is the maximum length of a name or pattern in a CiliumNetworkPolicy, including the
// trailing dot.
const maxFQDN = 255

var fqdnLabel = regexp.MustCompile(`^[-a-zA-Z0-9_*]+$`)

func validateFQDNs(fqdns []string, wildcards wildcardRule, at *field.Path) field.ErrorList {
	var errs field.ErrorList
	seen := unique{}
	for i, name := range fqdns {
		errs = append(errs, seen.item(strings.ToLower(strings.TrimSuffix(name, ".")), at.Index(i))...)
		errs = append(errs, problemAt(at.Index(i), name, fqdnProblem(name, wildcards))...)
	}
	return errs
}

// fqdnProblem returns what is wrong with a name or pattern, or "". Upper case and a trailing
// dot are valid: Cilium converts names to lower case and adds the dot.
func fqdnProblem(name string, wildcards wildcardRule) string {
	bare := strings.TrimSuffix(name, ".")
	if strings.Trim(bare, "*") == "" && bare != "" {
		if wildcards == anyName && name == "*" {
			return ""
		}
		return starsProblem(wildcards)
	}
	if problem := nonNameProblem(bare); problem != "" {
		return problem
	}
	labels := strings.Split(bare, ".")
	for i, label := range labels {
		if problem := labelProblem(label, i == 0); problem != "" {
			return problem
		}
	}
	if strings.Contains(labels[len(labels)-1], "*") {
		return "matches names of any domain: end it with a domain, as in *.example.com"
	}
	return ""
}

func starsProblem(wildcards wildcardRule) string {
	if wildcards == anyName {
		return `is not a pattern: write "*" for any name, or end it with a domain, as in **.example.com`
	}
	return "matches any name: list the names, or patterns such as *.example.com"
}

// nonNameProblem recognises texts of other forms, such as addresses and URLs.
func nonNameProblem(s string) string {
	_, err := netip.ParseAddr(s)
	_, perr := netip.ParsePrefix(s)
	switch {
	case s == "":
		return "must be a name, such as api.example.com"
	case err == nil, perr == nil:
		return "is an address, not a name: use cidrs"
	case strings.Contains(s, "://"), strings.Contains(s, "/"):
		return "is a URL or a path: write only the host name"
	case strings.Contains(s, ":"):
		return "must not have a port: write only the name, and set the port in ports"
	case len(s) >= maxFQDN:
		return "must be at most 254 characters, without the trailing dot"
	}
	return ""
}

func labelProblem(label string, first bool) string {
	switch {
	case label == "":
		return "has an empty label between two dots or at the beginning: remove a dot"
	case len(label) > 63:
		return "has a label of more than 63 characters between two dots: correct the name"
	case !fqdnLabel.MatchString(label):
		return "must consist of letters, digits, -, _ and dots, and * in patterns"
	case strings.Contains(label, "**") && (!first || label != "**"):
		return `must not have ** except as its first label, as in "**.example.com": write one *`
	}
	return ""
}
