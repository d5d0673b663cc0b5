package engine

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/tenantfence/tenantfence/internal/flow"
)

// narrowToRequest decides whether the L7 rules of an allowed side allow the flow's request.
func narrowToRequest(side flow.Side, f flow.Flow) (flow.Side, string, error) {
	if side.Decision != flow.Allowed || side.L7.Unrestricted() || f.HTTP == nil && f.DNS == "" && f.ServerName == "" {
		return side, "", nil
	}
	ok, err := matches(side.L7, f)
	switch {
	case err != nil || ok:
		return side, "", err
	case side.L7.Other != "":
		return side, "", fmt.Errorf("%s by %s with %s, which is not evaluated: the request is undecided", side.Decision, strings.Join(side.Policies, ", "), side.L7.Other)
	}
	side.Decision = flow.Denied
	return side, fmt.Sprintf("%s allows only %s", strings.Join(side.Policies, ", "), side.L7), nil
}

func matches(l flow.L7, f flow.Flow) (bool, error) {
	if f.DNS != "" {
		var allowed lookups
		err := allowed.add(l.DNS)
		return allowed.match(f.DNS), err
	}
	name := serverNameOf(f)
	if name != "" && flow.AnyCovers(l.ServerNames, name) {
		return true, nil
	}
	var unknown error
	if name == "" && len(l.ServerNames) > 0 {
		unknown = errNoHost
	}
	for _, r := range l.HTTP {
		ok, err := admitsConnection(name, r, f.HTTP)
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
func serverNameOf(f flow.Flow) string {
	if f.ServerName != "" || f.HTTP == nil {
		return f.ServerName
	}
	host, _, _ := strings.Cut(f.HTTP.Host, ":")
	return host
}

// admitsConnection reports whether a rule allows a request over a TLS connection to a server
// name. Without a request, it reports whether the rule allows any.
func admitsConnection(name string, rule flow.HTTPRule, request *flow.HTTPRequest) (bool, error) {
	hasServerNames := len(rule.ServerNames) > 0
	if hasServerNames && name != "" && !flow.AnyCovers(rule.ServerNames, name) {
		return false, nil
	}
	if request != nil {
		if ok, err := admits(rule, *request); !ok || err != nil {
			return false, err
		}
	}
	if hasServerNames && name == "" {
		return false, errNoHost
	}
	return true, nil
}

// admits reports whether a rule allows a request.
func admits(rule flow.HTTPRule, request flow.HTTPRequest) (bool, error) {
	method, err1 := matchesWhole(rule.Method, request.Method)
	path, err2 := matchesWhole(rule.Path, request.Path)
	host, err3 := matchesWhole(rule.Host, request.Host)
	if err := errors.Join(err1, err2, err3); err != nil || !method || !path {
		return false, err
	}
	hostMatters := rule.Host != ""
	headers := headersOf(request)
	for _, header := range rule.Headers {
		switch h := flow.ParseHeader(header); {
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
func hasHeader(headers map[string]string, h flow.Header) bool {
	value, present := headers[h.Name]
	return present && (h.Value == "" || h.Value == value)
}

// headersOf returns the headers of a request by lower-case name, with the pseudo-headers of
// HTTP/2.
func headersOf(r flow.HTTPRequest) map[string]string {
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
