package netpol_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/flow/flowtest"
	"github.com/tenantfence/tenantfence/internal/netpol"
)

// addresses are those of the cluster of every scene that sets no others.
var addresses = netpol.Options{
	PodCIDRs: []string{"10.0.0.0/16", "fd00::/56"}, ServiceCIDRs: []string{"10.96.0.0/16"},
	NodeCIDRs: []string{"172.20.0.0/24"}, APIServer: []string{"172.20.0.10", "172.20.0.11"},
}

// scenario is a set of policies and what must come of flows under them.
type scenario struct {
	// policies are YAML documents.
	policies string
	// options of the cluster. Omitted: addresses.
	options *netpol.Options
	// flows are lines "from -> to:port[/PROTOCOL] = decision [by policies]", where the
	// decision is that of the whole flow: see parseFlow.
	flows []string
	// notes is what the notes of all flows together must contain.
	notes string
}

// pods are the workloads of every scene.
var pods = map[string]endpoints.Endpoint{
	"web":   pod("acme", "web", endpoints.NamedPort{Name: "http", Port: 8080}),
	"db":    pod("acme", "db", endpoints.NamedPort{Name: "sql", Port: 5432}, endpoints.NamedPort{Name: "http", Port: 9090}),
	"other": pod("beta", "web"),
	"team":  nsLabelled(pod("gamma", "web"), "team", "red"),
	"dns":   pod("kube-system", "coredns", endpoints.NamedPort{Name: "dns", Port: 53, Protocol: v1alpha1.UDP}),
}

func pod(ns, app string, ports ...endpoints.NamedPort) endpoints.Endpoint {
	return endpoints.Endpoint{Kind: endpoints.PodEndpoint, Name: ns + "/" + app, Namespace: ns, Labels: map[string]string{"app": app}, Ports: ports}
}

func nsLabelled(e endpoints.Endpoint, key, value string) endpoints.Endpoint {
	e.NamespaceLabels = map[string]string{key: value}
	return e
}

// endpoint reads a pod's short name, an entity ("@host"), an address ("192.0.2.1",
// "[2001:db8::1]") or a name.
func endpoint(s string) endpoints.Endpoint {
	if p, ok := pods[s]; ok {
		return p
	}
	if name, ok := strings.CutPrefix(s, "@"); ok {
		return endpoints.Endpoint{Kind: endpoints.EntityEndpoint, Name: name}
	}
	kind := endpoints.NameEndpoint
	if strings.Trim(s, "0123456789.") == "" || strings.HasPrefix(s, "[") {
		kind = endpoints.AddressEndpoint
	}
	return endpoints.Endpoint{Kind: kind, Name: strings.Trim(s, "[]")}
}

// parseFlow reads "from -> to:port/PROTOCOL", where port may be *. For ICMP it is
// "from -> to:ICMP/EchoRequest".
func parseFlow(tb testing.TB, s string) flow.Flow {
	tb.Helper()
	from, rest, ok := strings.Cut(strings.TrimSpace(s), " -> ")
	i := strings.LastIndex(rest, ":")
	if !ok || i < 0 {
		tb.Fatalf("flow %q is not \"from -> to:port\"", s)
	}
	f := flow.Flow{From: endpoint(from), To: endpoint(rest[:i])}
	port, proto, _ := strings.Cut(rest[i+1:], "/")
	switch _, err := fmt.Sscan(port, &f.Port); {
	case port == "ICMP":
		f.ICMP = v1alpha1.ICMPType(proto)
	case port == "*" || err == nil:
		f.Protocol = v1alpha1.Protocol(proto)
	default:
		tb.Fatalf("flow %q: %v", s, err)
	}
	return f
}

// verdict spells a verdict as the tables do.
func verdict(v flow.Verdict) string {
	s := string(v.Decision())
	if by := append(v.Egress.Policies.Names(), v.Ingress.Policies.Names()...); len(by) > 0 {
		s += " by " + strings.Join(by, ", ")
	}
	return s
}

func documents(tb testing.TB, s string) []json.RawMessage {
	tb.Helper()
	var docs []json.RawMessage
	for _, doc := range strings.Split(s, "\n---\n") {
		js, err := yaml.YAMLToJSON([]byte(doc))
		if err != nil {
			tb.Fatalf("read policy: %v\n%s", err, doc)
		}
		if string(js) != "null" {
			docs = append(docs, js)
		}
	}
	return docs
}

func allPods() []endpoints.Endpoint {
	var out []endpoints.Endpoint
	for _, name := range []string{"web", "db", "other", "team", "dns"} {
		out = append(out, pods[name])
	}
	return out
}

func build(tb testing.TB, opts netpol.Options, docs []json.RawMessage) *flowtest.Engine {
	tb.Helper()
	e, err := newEngine(opts, docs, allPods())
	if err != nil {
		tb.Fatalf("build engine: %v", err)
	}
	return e
}

func newEngine(opts netpol.Options, docs []json.RawMessage, pods []endpoints.Endpoint) (*flowtest.Engine, error) {
	p, err := netpol.Read(opts, docs)
	return flowtest.New(p, err, pods)
}

func runScenarios(t *testing.T, scenarios map[string]scenario) {
	t.Helper()
	for desc, sc := range scenarios {
		t.Run(desc, func(t *testing.T) {
			t.Parallel()
			opts := addresses
			if sc.options != nil {
				opts = *sc.options
			}
			e := build(t, opts, documents(t, sc.policies))
			var notes []string
			if len(sc.flows) == 0 {
				t.Fatal("no flows")
			}
			for _, line := range sc.flows {
				one, want, ok := strings.Cut(line, " = ")
				if !ok {
					t.Fatalf("flow %q has no decision", line)
				}
				got, err := e.Decide(parseFlow(t, one))
				if err != nil {
					t.Errorf("%s: %v", one, err)
					continue
				}
				if formatted := verdict(got); formatted != strings.TrimSpace(want) {
					t.Errorf("%s\n got  %s (note %q)\n want %s", one, formatted, got.Note, want)
				}
				notes = append(notes, got.Note)
			}
			if all := strings.Join(notes, "\n"); !strings.Contains(all, sc.notes) {
				t.Errorf("notes %q lack %q", all, sc.notes)
			}
		})
	}
}

// np spells a NetworkPolicy of the namespace acme.
func np(name, spec string) string {
	return fmt.Sprintf("apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {namespace: acme, name: %s}\nspec: %s", name, spec)
}

func all(docs ...string) string { return strings.Join(docs, "\n---\n") }
