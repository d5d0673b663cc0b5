package v1alpha1

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Validate returns the errors in the FlowTest. It does not check that its endpoints exist.
func (t *FlowTest) Validate() field.ErrorList {
	at := field.NewPath("spec", "cases")
	errs := validateResourceName(t.Name, field.NewPath("metadata", "name"))
	errs = append(errs, errorIf(len(t.Spec.Cases) == 0, field.Required(at, "a FlowTest without cases tests nothing: add a case"))...)
	seen := unique{}
	for i := range t.Spec.Cases {
		c, at := &t.Spec.Cases[i], at.Index(i)
		errs = append(errs, errorIf(strings.TrimSpace(c.Name) == "", field.Required(at.Child("name"), "state the purpose of the flow"))...)
		errs = append(errs, seen.name(c.Name, at.Child("name"))...)
		errs = append(errs, c.validate(at)...)
	}
	return errs
}

func (c *FlowCase) validate(at *field.Path) field.ErrorList {
	errs := validateFrom(c.From, at.Child("from"))
	to, err := ParseEndpoint(c.To)
	if err != nil {
		errs = append(errs, field.Invalid(at.Child("to"), c.To, err.Error()))
	}
	if to.Form == ExternalForm && c.Expect == ExpectAllow {
		errs = append(errs, field.Invalid(at.Child("expect"), c.Expect, "is not supported for external, which is everything outside the cluster: write a case for each name or address that must be allowed"))
	}
	errs = append(errs, optional(c.Port, at.Child("port"), validatePortNumber)...)
	if requests := c.requestFields(); len(requests) > 1 {
		return append(errs, field.Invalid(at, strings.Join(requests, ", "), "a case has at most one of these: write a case for each"))
	}
	if c.ServerName != "" {
		errs = append(errs, c.validateServerName(to, at)...)
	}
	switch {
	case c.HTTP != nil:
		errs = append(errs, c.validateHTTP(to, at)...)
	case c.DNS != "":
		errs = append(errs, c.validateDNS(at)...)
	case c.ICMP != "":
		errs = append(errs, c.validateICMP(to, at)...)
	}
	return errs
}

// requestFields returns the names of the request fields that are set. A case has at most one.
func (c *FlowCase) requestFields() []string {
	var out []string
	if c.HTTP != nil {
		out = append(out, "http")
	}
	if c.DNS != "" {
		out = append(out, "dns")
	}
	if c.ICMP != "" {
		out = append(out, "icmp")
	}
	return out
}

func validateFrom(endpoint string, at *field.Path) field.ErrorList {
	e, err := ParseEndpoint(endpoint)
	if err == nil && e.Form != NameForm {
		return nil
	}
	problem := "is a name, and the name of a source is unknown: write world, or an IP address"
	if err != nil {
		problem = err.Error()
	}
	return field.ErrorList{field.Invalid(at, endpoint, problem)}
}

var hostOfRequest = regexp.MustCompile(`^([-_.a-zA-Z0-9]+|\[[0-9a-fA-F:.]+\])(:\d+)?$`)

func (c *FlowCase) validateHTTP(to FlowEndpoint, at *field.Path) field.ErrorList {
	return append(c.validateTCP("http", to, at), c.HTTP.validate(at.Child("http"))...)
}

func (c *FlowCase) validateServerName(to FlowEndpoint, at *field.Path) field.ErrorList {
	var errs field.ErrorList
	if err := nameProblem(c.ServerName); err != nil {
		errs = append(errs, field.Invalid(at.Child("serverName"), c.ServerName, err.Error()))
	}
	if c.DNS != "" || c.ICMP != "" {
		return append(errs, field.Forbidden(at.Child("serverName"), "is not supported with dns or icmp: write a case for each"))
	}
	if c.HTTP != nil {
		return errs
	}
	return append(errs, c.validateTCP("serverName", to, at)...)
}

// validateTCP validates port and protocol for a request over TCP.
func (c *FlowCase) validateTCP(what string, to FlowEndpoint, at *field.Path) field.ErrorList {
	var errs field.ErrorList
	errs = append(errs, errorIf(c.Port == 0 && to.Form != ServiceForm, field.Required(at.Child("port"), "with "+what+", unless to is a Service: set the port"))...)
	errs = append(errs, errorIf(c.Protocol != "" && c.Protocol != TCP, field.Invalid(at.Child("protocol"), c.Protocol, what+" requires TCP: remove protocol"))...)
	return errs
}

func (r *HTTPRequest) validate(at *field.Path) field.ErrorList {
	var errs field.ErrorList
	if m := r.Method; m != "" && !httpMethod.MatchString(m) {
		errs = append(errs, field.Invalid(at.Child("method"), m, "must be one method in capitals, such as GET"))
	}
	switch p := r.Path; {
	case p == "":
	case !strings.HasPrefix(p, "/"):
		errs = append(errs, field.Invalid(at.Child("path"), p, `must start with "/"`))
	case strings.ContainsAny(p, "* \t\r\n"):
		errs = append(errs, field.Invalid(at.Child("path"), p, "is not the path of one request: write a path without * and spaces"))
	}
	errs = append(errs, errorIf(r.Host != "" && !hostOfRequest.MatchString(r.Host), field.Invalid(at.Child("host"), r.Host, "is not the host of one request: write it as clients send it, such as api.example.com or api.example.com:8080"))...)
	for _, name := range slices.Sorted(maps.Keys(r.Headers)) {
		errs = append(errs, problemAt(at.Child("headers").Key(name), name, headerNameProblem(name))...)
	}
	return errs
}

func (c *FlowCase) validateDNS(at *field.Path) field.ErrorList {
	var errs field.ErrorList
	if err := nameProblem(c.DNS); err != nil {
		errs = append(errs, field.Invalid(at.Child("dns"), c.DNS, err.Error()))
	}
	if c.Protocol == SCTP || c.Protocol == ANY {
		errs = append(errs, field.Invalid(at.Child("protocol"), c.Protocol, "dns requires UDP or TCP: set one of them, or omit protocol for both"))
	}
	return errs
}

func (c *FlowCase) validateICMP(to FlowEndpoint, at *field.Path) field.ErrorList {
	var errs field.ErrorList
	errs = append(errs, errorIf(c.Port != 0, field.Forbidden(at.Child("port"), "is not supported with icmp, which has no ports: remove it"))...)
	errs = append(errs, errorIf(c.Protocol != "", field.Forbidden(at.Child("protocol"), "is not supported with icmp, which is a protocol itself: remove it"))...)
	errs = append(errs, errorIf(to.Form == ServiceForm, field.Forbidden(at.Child("to"), "must not be a Service with icmp, which Services do not forward: write its pods"))...)
	return errs
}
