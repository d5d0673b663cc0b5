package engine_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/engine"
	"github.com/tenantfence/tenantfence/internal/policy"
)

// scene is a set of policies and what must come of flows under them.
type scene struct {
	// policies are YAML documents.
	policies string
	// flows are lines "from -> to:port[/PROTOCOL] = decision [by policies]", where
	// decision is that of the whole flow.
	flows []string
	// notes is what the notes of all flows together must contain.
	notes string
}

// pods are the workloads of every scene.
var pods = map[string]policy.Endpoint{
	"web":   pod("acme", "web", policy.NamedPort{Name: "http", Port: 8080}),
	"db":    pod("acme", "db", policy.NamedPort{Name: "sql", Port: 5432}),
	"blue":  labelled(pod("acme", "blue", policy.NamedPort{Name: "api", Port: 8081}), "tier", "api"),
	"green": labelled(pod("acme", "green", policy.NamedPort{Name: "api", Port: 9091}), "tier", "api"),
	"other": pod("beta", "web"),
	"team":  nsLabelled(pod("gamma", "web"), "team", "red"),
	"dns":   labelled(pod("kube-system", "coredns", policy.NamedPort{Name: "dns", Port: 53, Protocol: v1alpha1.UDP}), "k8s-app", "kube-dns"),
}

func pod(ns, app string, ports ...policy.NamedPort) policy.Endpoint {
	return policy.Endpoint{
		Kind: policy.PodEndpoint, Name: ns + "/" + app, Namespace: ns,
		Labels: map[string]string{"app": app}, Ports: ports,
	}
}

func labelled(e policy.Endpoint, key, value string) policy.Endpoint {
	e.Labels[key] = value
	return e
}

func nsLabelled(e policy.Endpoint, key, value string) policy.Endpoint {
	e.NamespaceLabels = map[string]string{key: value}
	return e
}

// endpoint reads a pod's short name, an entity ("@host"), an address ("192.0.2.1",
// "[2001:db8::1]") or a name.
func endpoint(s string) policy.Endpoint {
	if p, ok := pods[s]; ok {
		return p
	}
	if name, ok := strings.CutPrefix(s, "@"); ok {
		return policy.Endpoint{Kind: policy.EntityEndpoint, Name: name}
	}
	kind := policy.NameEndpoint
	if strings.Trim(s, "0123456789.") == "" || strings.HasPrefix(s, "[") {
		kind = policy.AddressEndpoint
	}
	return policy.Endpoint{Kind: kind, Name: strings.Trim(s, "[]")}
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

func build(t *testing.T, policies string) *engine.Engine {
	t.Helper()
	all := make([]policy.Endpoint, 0, len(pods))
	for _, p := range pods {
		all = append(all, p)
	}
	e, err := engine.New(engine.Options{}, documents(t, policies), all)
	if err != nil {
		t.Fatalf("build engine: %v", err)
	}
	return e
}

// parseFlow reads "from -> to:port/PROTOCOL".
func parseFlow(t *testing.T, s string) policy.Flow {
	t.Helper()
	from, rest, ok := strings.Cut(strings.TrimSpace(s), " -> ")
	i := strings.LastIndex(rest, ":")
	if !ok || i < 0 {
		t.Fatalf("flow %q is not \"from -> to:port\"", s)
	}
	port, proto, _ := strings.Cut(rest[i+1:], "/")
	f := policy.Flow{From: endpoint(from), To: endpoint(rest[:i]), Protocol: v1alpha1.Protocol(proto)}
	if _, err := fmt.Sscan(port, &f.Port); err != nil {
		t.Fatalf("flow %q: %v", s, err)
	}
	return f
}

// verdict spells a verdict as the tables do.
func verdict(v policy.Verdict) string {
	s := string(v.Decision())
	var by []string
	by = append(append(by, v.Egress.By...), v.Ingress.By...)
	if len(by) > 0 {
		s += " by " + strings.Join(by, ", ")
	}
	return s
}

func play(t *testing.T, scenes map[string]scene) {
	t.Helper()
	if len(scenes) == 0 {
		t.Fatal("no scenes")
	}
	for sentence, sc := range scenes {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			e := build(t, sc.policies)
			var notes []string
			if len(sc.flows) == 0 {
				t.Fatal("no flows")
			}
			for _, line := range sc.flows {
				flow, want, ok := strings.Cut(line, " = ")
				if !ok {
					t.Fatalf("flow %q says no decision", line)
				}
				got, err := e.Decide(parseFlow(t, flow))
				if err != nil {
					t.Errorf("%s: %v", flow, err)
					continue
				}
				if spelled := verdict(got); spelled != strings.TrimSpace(want) {
					t.Errorf("%s\n got  %s (note %q)\n want %s", flow, spelled, got.Note, want)
				}
				notes = append(notes, got.Note)
			}
			if all := strings.Join(notes, "\n"); !strings.Contains(all, sc.notes) {
				t.Errorf("notes %q lack %q", all, sc.notes)
			}
		})
	}
}

// cnp spells a CiliumNetworkPolicy of the namespace acme.
func cnp(name, spec string) string {
	return in("acme", name, spec)
}

func in(ns, name, spec string) string {
	return fmt.Sprintf("apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {namespace: %s, name: %s}\nspec: %s", ns, name, spec)
}

func ccnp(name, spec string) string {
	return fmt.Sprintf("apiVersion: cilium.io/v2\nkind: CiliumClusterwideNetworkPolicy\nmetadata: {name: %s}\nspec: %s", name, spec)
}

func netpol(name, spec string) string {
	return fmt.Sprintf("apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {namespace: acme, name: %s}\nspec: %s", name, spec)
}

func all(docs ...string) string { return strings.Join(docs, "\n---\n") }
