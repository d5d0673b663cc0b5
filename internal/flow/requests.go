package flow

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// narrowToRequest decides whether the L7 rules of an allowed side allow the flow's request.
func narrowToRequest(side noted, f Flow) (Side, string, error) {
	if side.Decision != Allowed || side.L7.Unrestricted() || f.HTTP == nil && f.DNS == "" && f.ServerName == "" {
		return side.Side, side.note, nil
	}
	ok, err := matches(side.L7, f)
	switch {
	case err != nil || ok:
		return side.Side, side.note, err
	case side.L7.Other() != "":
		return side.Side, "", fmt.Errorf("%s by %s with %s, which is not evaluated: the request is undecided", side.Decision, side.Policies, side.L7.Other())
	}
	side.Decision = Denied
	return side.Side, fmt.Sprintf("%s allows only %s", side.Policies, side.L7), nil
}

func matches(l L7, f Flow) (bool, error) {
	var unknown error
	for _, a := range l.Alternatives {
		ok, err := a.matches(f)
		if errors.Is(err, errNoHost) {
			unknown, err = err, nil
		}
		if ok || err != nil {
			return ok, err
		}
	}
	return false, unknown
}

var errNoHost = errors.New("an L7 rule matches the host or the TLS server name, and the flow sets neither: set http.host or serverName")

// serverNameOf returns the TLS server name of a flow. It defaults to the request's host without
// its port.
func serverNameOf(f Flow) string {
	if f.ServerName != "" || f.HTTP == nil {
		return f.ServerName
	}
	host, _, _ := strings.Cut(f.HTTP.Host, ":")
	return host
}

// matches reports whether an alternative allows a DNS query, or a request over a TLS connection. Without a
// request, it reports whether any is allowed.
func (a Alternative) matches(f Flow) (bool, error) {
	switch isQuery := f.DNS != ""; {
	case a.Other != "":
		return false, nil
	case isQuery || a.DNS != "":
		return isQuery && a.DNS != "" && Covers(a.DNS, f.DNS), nil
	}
	served, unknown := a.servesName(serverNameOf(f))
	if a.HTTP == nil || f.HTTP == nil || !served && unknown == nil {
		return served, unknown
	}
	if ok, err := admits(*a.HTTP, *f.HTTP); !ok || err != nil {
		return false, err
	}
	return served, unknown
}

// servesName reports whether TLS to a server is allowed. "" is unknown.
func (a Alternative) servesName(name string) (bool, error) {
	switch {
	case len(a.Servers) == 0:
		return true, nil
	case name == "":
		return false, errNoHost
	}
	return AnyCovers(a.Servers, name), nil
}

// admits reports whether a rule allows a request.
func admits(rule HTTPRule, request HTTPRequest) (bool, error) {
	method, err1 := matchesWhole(rule.Method, request.Method)
	path, err2 := matchesWhole(rule.Path, request.Path)
	host, err3 := matchesWhole(rule.Host, request.Host)
	if err := errors.Join(err1, err2, err3); err != nil || !method || !path {
		return false, err
	}
	hostMatters := rule.Host != ""
	headers := headersOf(request)
	for _, header := range rule.Headers {
		switch h := ParseHeader(header); {
		case h.Value != "" && isHost(h.Name):
			hostMatters, host = true, host && h.Value == request.Host
		case !hasHeader(headers, h):
			return false, nil
		}
	}
	if hostMatters && request.Host == "" {
		return false, errNoHost
	}
	return host, nil
}

// hasHeader reports whether a request has a header, with the required value if any.
func hasHeader(headers map[string]string, h Header) bool {
	value, present := headers[h.Name]
	return present && (h.Value == "" || h.Value == value)
}

// headersOf returns the headers of a request by lower-case name, with the pseudo-headers of
// HTTP/2.
func headersOf(r HTTPRequest) map[string]string {
	out := map[string]string{":method": r.Method, ":path": r.Path, ":authority": r.Host, "host": r.Host}
	for name, value := range r.Headers {
		out[strings.ToLower(name)] = value
	}
	return out
}

// isHost reports whether a header contains the host, in HTTP/1.1 or HTTP/2.
func isHost(name string) bool { return name == "host" || name == ":authority" }

// matchesWhole matches as Envoy does: against the whole text. An empty expression matches
// anything.
func matchesWhole(expression, text string) (bool, error) {
	if expression == "" {
		return true, nil
	}
	re, err := regexp.Compile("^(?:" + expression + ")$")
	if err != nil {
		return false, fmt.Errorf("match HTTP requests: %w", err)
	}
	return re.MatchString(text), nil
}
