package fn_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/reach"
)

// parseVerdict reads a line such as one of these
//
//	acme/adapter -> soctalk-system/api:8000/TCP                   allowed
//	acme/adapter -> soctalk-system/api:8000/TCP GET /v1/reports   allowed
//	acme/adapter -> soctalk-system/api:80/TCP GET / host=api.example.com X-Key=1   denied
//	acme/adapter -> kube-system/dns:53/UDP dns=api.example.com    denied
//	acme/adapter -> 192.0.2.1:443/TCP sni=api.example.com         denied
//	acme/adapter -> soctalk-system/api:ICMP/EchoRequest           allowed
func parseVerdict(t *testing.T, endpoints reach.Endpoints, line string) (flow.Flow, flow.Decision) {
	t.Helper()
	fields := strings.Fields(line)
	if len(fields) < 4 || fields[1] != "->" {
		t.Fatalf("%q is not a verdict: write\n\tacme/adapter -> soctalk-system/api:8000/TCP  allowed", line)
	}
	to, port, _ := cutLast(fields[2], ":")
	f := flowTo(t, port, fields[3:len(fields)-1])
	var err error
	if f.From, err = endpoints.Find(fields[0]); err != nil {
		t.Fatal(err)
	}
	if f.To, err = endpoints.Find(to); err != nil {
		t.Fatal(err)
	}
	want := flow.Decision(fields[len(fields)-1])
	if want != flow.Allowed && want != flow.Denied {
		t.Fatalf("%q: a flow is allowed or denied", line)
	}
	return f, want
}

// flowTo parses a flow to a port or of an ICMP type, with its HTTP request, DNS name or TLS server
// name, if any.
func flowTo(t *testing.T, port string, asked []string) flow.Flow {
	t.Helper()
	var f flow.Flow
	if message, ok := strings.CutPrefix(port, "ICMP/"); ok {
		f.ICMP = v1alpha1.ICMPType(message)
	} else {
		number, protocol, _ := strings.Cut(port, "/")
		n, err := strconv.ParseUint(number, 10, 16)
		if err != nil {
			t.Fatalf("%q: %v", port, err)
		}
		f.Port, f.Protocol = uint16(n), v1alpha1.Protocol(protocol)
	}
	switch len(asked) {
	case 0:
	case 1:
		kind, name, _ := strings.Cut(asked[0], "=")
		switch kind {
		case "dns":
			f.DNS = name
		case "sni":
			f.ServerName = name
		default:
			t.Fatalf("%q: write the request as GET /v1, dns=api.example.com or sni=api.example.com", asked)
		}
	default:
		f.HTTP = requestOf(asked)
	}
	return f
}

// requestOf reads a method, a path and, behind them, "host=api.example.com" and headers.
func requestOf(asked []string) *flow.HTTPRequest {
	out := &flow.HTTPRequest{Method: asked[0], Path: asked[1], Headers: map[string]string{}}
	for _, more := range asked[2:] {
		name, value, _ := strings.Cut(more, "=")
		out.Headers[name] = value
	}
	out.Host = out.Headers["host"]
	delete(out.Headers, "host")
	return out
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}
