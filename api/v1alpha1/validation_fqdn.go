package v1alpha1

import (
	"net/netip"
	"regexp"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// wildcardRule says what a list of names may hold.
type wildcardRule string

const (
	// namesOnly: names and patterns below a domain.
	namesOnly wildcardRule = "names"
	// anyName: and "*" for every name there is.
	anyName wildcardRule = "any name"
)

// maxFQDN is how long a name or pattern may be in a CiliumNetworkPolicy, with the
// trailing dot.
const maxFQDN = 255

var fqdnLabel = regexp.MustCompile(`^[-a-zA-Z0-9_*]+$`)

func validateFQDNs(fqdns []string, wildcards wildcardRule, at *field.Path) field.ErrorList {
	var errs field.ErrorList
	seen := unique{}
	for i, name := range fqdns {
		errs = append(errs, seen.item(strings.ToLower(strings.TrimSuffix(name, ".")), at.Index(i))...)
		if problem := fqdnProblem(name, wildcards); problem != "" {
			errs = append(errs, field.Invalid(at.Index(i), name, problem))
		}
	}
	return errs
}

// fqdnProblem says what is wrong with a name or pattern, "" if nothing is. Upper case
// and a trailing dot are fine: Cilium removes the one and adds the other.
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
		return "would match names of any domain: end it with a domain, as in *.example.com"
	}
	return ""
}

func starsProblem(wildcards wildcardRule) string {
	if wildcards == anyName {
		return `is no pattern: write "*" for any name, or end it with a domain, as in **.example.com`
	}
	return "would match any name: list the names, or patterns such as *.example.com"
}

// nonNameProblem recognises what people write where a name is meant.
func nonNameProblem(s string) string {
	_, err := netip.ParseAddr(s)
	_, perr := netip.ParsePrefix(s)
	switch {
	case s == "":
		return "must be a name, such as api.example.com"
	case err == nil, perr == nil:
		return "is an address, not a name: use cidrs"
	case strings.Contains(s, "://"), strings.Contains(s, "/"):
		return "is a URL or a path: write the host's name alone"
	case strings.Contains(s, ":"):
		return "must not hold a port: write the name alone, and the port into ports"
	case len(s) >= maxFQDN:
		return "must be at most 254 characters, without the trailing dot"
	}
	return ""
}

func labelProblem(label string, first bool) string {
	switch {
	case label == "":
		return "has an empty part: dots separate the parts of a name, and none comes first"
	case len(label) > 63:
		return "has a part of more than 63 characters between two dots, which no name has"
	case !fqdnLabel.MatchString(label):
		return "may only hold letters, digits, - and _, dots between them, and * in patterns"
	case strings.Contains(label, "**") && (!first || label != "**"):
		return `must not hold ** but as its first part, "**.example.com": write one *`
	}
	return ""
}
