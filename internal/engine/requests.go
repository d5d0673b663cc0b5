package engine

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/tenantfence/tenantfence/internal/policy"
)

// narrowToRequest narrows an allowed side to what the flow asks for.
func narrowToRequest(side policy.Side, f policy.Flow) (policy.Side, string, error) {
	if side.Decision != policy.Allowed || side.L7.Unrestricted() || f.HTTP == nil && f.DNS == "" && f.ServerName == "" {
		return side, "", nil
	}
	ok, err := matches(side.L7, f)
	switch {
	case err != nil || ok:
		return side, "", err
	case side.L7.Other != "":
		return side, "", fmt.Errorf("%s by %s has %s, which is not looked into", side.Decision, strings.Join(side.Policies, ", "), side.L7.Other)
	}
	side.Decision = policy.Denied
	return side, fmt.Sprintf("%s lets only %s pass", strings.Join(side.Policies, ", "), side.L7), nil
}

func matches(l policy.L7, f policy.Flow) (bool, error) {
	if f.DNS != "" {
		var allowed lookups
		err := allowed.add(l.DNS)
		return allowed.match(f.DNS), err
	}
	name := serverNameOf(f)
	if name != "" && policy.AnyCovers(l.ServerNames, name) {
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

var errNoHost = errors.New("a rule looks at the host, or the name of the TLS server, and which that is is not said: say http.host, or serverName")

// serverNameOf is the name that a TLS connection is for: where it is not said, the
// request's host without its port.
func serverNameOf(f policy.Flow) string {
	if f.ServerName != "" || f.HTTP == nil {
		return f.ServerName
	}
	host, _, _ := strings.Cut(f.HTTP.Host, ":")
	return host
}

// admitsConnection says whether a rule lets a request pass in a connection to a server or, without
// one, any.
func admitsConnection(name string, rule policy.HTTPRule, request *policy.HTTPRequest) (bool, error) {
	narrowed := len(rule.ServerNames) > 0
	if narrowed && name != "" && !policy.AnyCovers(rule.ServerNames, name) {
		return false, nil
	}
	if request != nil {
		if ok, err := admits(rule, *request); !ok || err != nil {
			return false, err
		}
	}
	if narrowed && name == "" {
		return false, errNoHost
	}
	return true, nil
}

// admits says whether a rule lets a request pass.
func admits(rule policy.HTTPRule, request policy.HTTPRequest) (bool, error) {
	method, err1 := matchesWhole(rule.Method, request.Method)
	path, err2 := matchesWhole(rule.Path, request.Path)
	host, err3 := matchesWhole(rule.Host, request.Host)
	if err := errors.Join(err1, err2, err3); err != nil || !method || !path {
		return false, err
	}
	hostMatters := rule.Host != ""
	headers := headersOf(request)
	for _, header := range rule.Headers {
		switch h := policy.ParseHeader(header); {
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

// hasHeader says whether a header is among those of a request, with the value that is asked for.
func hasHeader(headers map[string]string, h policy.Header) bool {
	value, present := headers[h.Name]
	return present && (h.Value == "" || h.Value == value)
}

// headersOf are those of a request, by their names in small letters, with those that
// HTTP/2 makes of its first line.
func headersOf(r policy.HTTPRequest) map[string]string {
	out := map[string]string{":method": r.Method, ":path": r.Path, ":authority": r.Host, "host": r.Host}
	for name, value := range r.Headers {
		out[strings.ToLower(name)] = value
	}
	return out
}

// isHost says whether a header is the one that names the host, in either version of HTTP.
func isHost(name string) bool { return name == "host" || name == ":authority" }

// matchesWhole matches as Envoy does: the whole text, and anything where there is no
// expression.
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
