package engine_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/engine"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/flow/flowtest"
)

// scenario is a set of policies and the expected decisions of flows.
type scenario struct {
	// policies are YAML documents.
	policies string
	// flows are lines "from -> to:port[/PROTOCOL] [request] = decision [by policies]", where
	// decision is that of the whole flow: see parseFlow.
	flows []string
	// notes is a text in the notes of the flows.
	notes string
	// shadowedBy are the policies that shadow L7 rules, in every flow.
	shadowedBy string
}

// pods are the pods of every scenario, by their short names.
var pods = map[string]endpoints.Endpoint{
	"web":   pod("acme", "web", endpoints.NamedPort{Name: "http", Port: 8080}),
	"db":    pod("acme", "db", endpoints.NamedPort{Name: "sql", Port: 5432}),
	"blue":  labelled(pod("acme", "blue", endpoints.NamedPort{Name: "api", Port: 8081}), "tier", "api"),
	"green": labelled(pod("acme", "green", endpoints.NamedPort{Name: "api", Port: 9091}), "tier", "api"),
	"set": labelled(labelled(labelled(pod("acme", "set"), "statefulset.kubernetes.io/pod-name", "set-0"),
		"topology.kubernetes.io/zone", "a"), "batch.kubernetes.io/job-name", "once"),
	"other": pod("beta", "web"),
	"team":  nsLabelled(pod("gamma", "web"), "team", "red"),
	"dns":   labelled(pod("kube-system", "coredns", endpoints.NamedPort{Name: "dns", Port: 53, Protocol: v1alpha1.UDP}), "k8s-app", "kube-dns"),
}

func pod(ns, app string, ports ...endpoints.NamedPort) endpoints.Endpoint {
	return endpoints.Endpoint{
		Kind: endpoints.PodEndpoint, Name: ns + "/" + app, Namespace: ns,
		Labels: map[string]string{"app": app}, Ports: ports,
	}
}

func labelled(e endpoints.Endpoint, key, value string) endpoints.Endpoint {
	e.Labels[key] = value
	return e
}

func nsLabelled(e endpoints.Endpoint, key, value string) endpoints.Endpoint {
	e.NamespaceLabels = map[string]string{key: value}
	return e
}

// endpoint reads the short name of a pod, an entity ("@host"), an address ("192.0.2.1",
// "[2001:db8::1]") or a DNS name.
func endpoint(s string) endpoints.Endpoint {
	if p, ok := pods[s]; ok {
		return p
	}
	if p, ok := notPods[s]; ok {
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

// agentOf returns an agent of an older minor version, or of the newest one.
func agentOf(older bool, minor int) cilium.Agent {
	a := cilium.AllFeatures()
	if older {
		a.Minor = minor
	}
	return a
}

func newEngine(opts engine.Options, docs []json.RawMessage, pods []endpoints.Endpoint) (*flowtest.Engine, error) {
	p, err := engine.Read(opts, docs)
	return flowtest.New(p, err, pods)
}

func build(t *testing.T, policies string) *flowtest.Engine {
	t.Helper()
	all := make([]endpoints.Endpoint, 0, len(pods))
	for _, p := range pods {
		all = append(all, p)
	}
	e, err := newEngine(engine.Options{Agent: cilium.AllFeatures()}, documents(t, policies), all)
	if err != nil {
		t.Fatalf("build engine: %v", err)
	}
	return e
}

// parseFlow reads "from -> to:port/PROTOCOL". The port may be *, and a request may follow:
// "GET /v1/x" (see parseRequest), "asks api.example.com" or "TLS api.example.com". For ICMP, it is
// "from -> to:ICMP/EchoRequest".
func parseFlow(t *testing.T, s string) flow.Flow {
	t.Helper()
	from, rest, ok := strings.Cut(strings.TrimSpace(s), " -> ")
	rest, request, _ := strings.Cut(rest, " ")
	i := strings.LastIndex(rest, ":")
	if !ok || i < 0 {
		t.Fatalf("flow %q is not \"from -> to:port\"", s)
	}
	f := flow.Flow{From: endpoint(from), To: endpoint(rest[:i])}
	port, proto, _ := strings.Cut(rest[i+1:], "/")
	switch _, err := fmt.Sscan(port, &f.Port); {
	case port == "ICMP":
		f.ICMP = v1alpha1.ICMPType(proto)
	case port == "*" || err == nil:
		f.Protocol = v1alpha1.Protocol(proto)
	default:
		t.Fatalf("flow %q: %v", s, err)
	}
	switch method, path, _ := strings.Cut(request, " "); {
	case request == "":
	case method == "asks":
		f.DNS = path
	case method == "TLS":
		f.ServerName = path
	default:
		f.HTTP = parseRequest(method, path)
	}
	return f
}

// parseRequest reads the rest after the method: "/v1/x", followed by "host=api.example" and
// headers as "X-Key=1".
func parseRequest(method, rest string) *flow.HTTPRequest {
	words := strings.Fields(rest)
	out := &flow.HTTPRequest{Method: method, Path: words[0], Headers: map[string]string{}}
	for _, word := range words[1:] {
		name, value, _ := strings.Cut(word, "=")
		out.Headers[name] = value
	}
	out.Host = out.Headers["host"]
	delete(out.Headers, "host")
	return out
}

// verdict formats a verdict as in the tables.
func verdict(v flow.Verdict) string {
	s := string(v.Decision())
	by := append(v.Egress.Policies.Names(), v.Ingress.Policies.Names()...)
	if len(by) > 0 {
		s += " by " + strings.Join(by, ", ")
	}
	return s
}

func runScenarios(t *testing.T, scenarios map[string]scenario) {
	t.Helper()
	if len(scenarios) == 0 {
		t.Fatal("no scenarios")
	}
	for desc, sc := range scenarios {
		t.Run(desc, func(t *testing.T) {
			t.Parallel()
			e := build(t, sc.policies)
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
				if shadowedBy := strings.Join(append(got.Egress.L7.ShadowedBy.Names(), got.Ingress.L7.ShadowedBy.Names()...), ", "); shadowedBy != sc.shadowedBy {
					t.Errorf("%s: rules are shadowed by %q, want %q", one, shadowedBy, sc.shadowedBy)
				}
				notes = append(notes, got.Note)
			}
			if all := strings.Join(notes, "\n"); !strings.Contains(all, sc.notes) {
				t.Errorf("notes %q do not contain %q", all, sc.notes)
			}
		})
	}
}

// cnp returns a CiliumNetworkPolicy in namespace acme.
func cnp(name, spec string) string {
	return in("acme", name, spec)
}

func in(ns, name, spec string) string {
	return fmt.Sprintf("apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {namespace: %s, name: %s}\nspec: %s", ns, name, spec)
}

func ccnp(name, spec string) string {
	return fmt.Sprintf("apiVersion: cilium.io/v2\nkind: CiliumClusterwideNetworkPolicy\nmetadata: {name: %s}\nspec: %s", name, spec)
}

// admin returns a ClusterNetworkPolicy for the pods of namespace acme. The spec includes its tier.
func admin(name, spec string) string {
	return fmt.Sprintf("apiVersion: policy.networking.k8s.io/v1alpha2\nkind: ClusterNetworkPolicy\nmetadata: {name: %s}\nspec: {subject: {namespaces: {matchLabels: {kubernetes.io/metadata.name: acme}}}, %s}", name, spec)
}

func netpol(name, spec string) string {
	return fmt.Sprintf("apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {namespace: acme, name: %s}\nspec: %s", name, spec)
}

func all(docs ...string) string { return strings.Join(docs, "\n---\n") }
