package engine_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/engine"
	"github.com/tenantfence/tenantfence/internal/flow"
)

// FuzzPolicies gives the engine arbitrary documents. It must refuse or enforce each of them, and
// never panic.
func FuzzPolicies(f *testing.F) {
	for seed := range uint64(5) {
		doc, err := json.Marshal(newGenerator(seed).policy("p"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(doc))
	}
	f.Add(`{"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy","metadata":{"name":"a","namespace":"b"},"spec":{"podSelector":{},"ingress":[{"from":[{"ipBlock":{"cidr":"10.0.0.0/33"}}]}]}}`)
	f.Add(`{"apiVersion":"cilium.io/v2","kind":"CiliumCIDRGroup","metadata":{"name":"a"},"spec":{"externalCIDRs":["nonsense"]}}`)
	f.Add(`{"apiVersion":"cilium.io/v2","kind":"CiliumNetworkPolicy","metadata":{"name":"a","namespace":"b"},"spec":null,"specs":[null]}`)
	f.Fuzz(func(t *testing.T, doc string) {
		_ = engine.Validate([]byte(doc))
		docs := []json.RawMessage{json.RawMessage(doc), documents(t, toSet("{cidrGroupRef: a}"))[0]}
		for _, some := range [][]json.RawMessage{docs[:1], docs} {
			e, err := newEngine(engine.Options{Agent: cilium.AllFeatures()}, some, allEndpoints())
			if err != nil {
				continue
			}
			if _, err := e.Representatives(endpoints.Environment{Namespaces: map[string]map[string]string{"acme": nil}}); err != nil {
				t.Logf("representatives: %v", err)
			}
			for _, dir := range []flow.Direction{flow.Ingress, flow.Egress} {
				if _, err := e.Openings(pods["web"], dir); err != nil {
					t.Logf("openings: %v", err)
				}
			}
		}
	})
}

// FuzzNames gives the engine arbitrary names. It must refuse a name, or decide it equally in
// upper case and with a trailing dot.
func FuzzNames(f *testing.F) {
	for _, name := range []string{"api.openai.com", "a.cdn.example", "", ".", "a..b", "*", "192.0.2.1", "-", "a_b.example", strings.Repeat("a.", 200)} {
		f.Add(name)
	}
	docs := []string{toNames("out", `{matchName: api.openai.com}, {matchPattern: "*.cdn.example"}`), proxiedDNS("dns", `{matchPattern: "*"}`)}
	f.Fuzz(func(t *testing.T, name string) {
		e := build(t, all(docs...))
		decide := func(name string) (flow.Decision, bool) {
			v, err := e.Decide(flow.Flow{From: pods["web"], To: endpoints.Endpoint{Kind: endpoints.NameEndpoint, Name: name}, Port: 443})
			return v.Decision(), err == nil
		}
		want, ok := decide(name)
		if !ok || strings.HasSuffix(name, ".") {
			return
		}
		for _, alike := range []string{strings.ToUpper(name), name + "."} {
			if got, ok := decide(alike); ok && got != want {
				t.Errorf("%q is %s, and %q is %s", name, want, alike, got)
			}
		}
	})
}

// FuzzEnginesAgree repeats TestThreeEnginesAgree with other seeds.
func FuzzEnginesAgree(fuzz *testing.F) {
	fuzz.Add(uint64(100_000))
	fuzz.Fuzz(func(t *testing.T, seed uint64) {
		d := newGenerator(seed)
		docs := d.policies(t)
		e, n := engineOf(t, docs, nil), readNaively(t, docs)
		for range 20 {
			f := d.flow()
			v, err := e.Decide(f)
			if err != nil {
				t.Fatal(err)
			}
			if want := n.side(flow.Egress, f.From, f.To, f); v.Egress.Decision != want {
				t.Errorf("egress of %s: got %s, want %s\n%s", f, v.Egress.Decision, want, docs)
			}
			if want := n.side(flow.Ingress, f.To, f.From, f); v.Ingress.Decision != want {
				t.Errorf("ingress of %s: got %s, want %s\n%s", f, v.Ingress.Decision, want, docs)
			}
		}
	})
}
