package engine_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/engine"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/flow/flowtest"
)

// includes counts how often a peer is in the openings of a port. An entity with several
// identities is in them once for each.
func includes(openings []flow.Opening, peer endpoints.Endpoint, f flow.Flow) int {
	n := 0
	for _, o := range openings {
		if f.Port < o.Ports.First || f.Port > o.Ports.Last || o.Ports.Protocol != "" && o.Ports.Protocol != f.Protocol {
			continue
		}
		if o.Peers.Len() == 0 {
			return cases(peer)
		}
		for p := range o.Peers.All() {
			if p.Name == peer.Name && p.Kind == peer.Kind {
				n++
			}
		}
	}
	return n
}

func cases(ep endpoints.Endpoint) int {
	switch ep.Name {
	case "kube-apiserver":
		return 3
	case "world":
		return 2
	default:
		return 1
	}
}

// TestOpeningsMatchDecisions checks that openings and decisions agree for each peer and port.
func TestOpeningsMatchDecisions(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("skipped by -short: compares openings and decisions of random policies")
	}
	for seed := range uint64(15) {
		docs := newGenerator(seed).policies(t)
		e, err := newEngine(engine.Options{Agent: cilium.AllFeatures()}, docs, allEndpoints())
		if err != nil {
			t.Fatal(err)
		}
		for _, pod := range allEndpoints() {
			if pod.Kind != endpoints.PodEndpoint {
				continue
			}
			for _, dir := range []flow.Direction{flow.Ingress, flow.Egress} {
				openings, err := e.Openings(pod, dir)
				if err != nil {
					t.Fatal(err)
				}
				for _, peer := range allEndpoints() {
					if dir == flow.Ingress && peer.Name == "host" {
						continue
					}
					if err := compareOpenings(e, openings, pod, peer, dir); err != nil {
						t.Fatalf("seed %d: %v\n%s", seed, err, docs)
					}
				}
			}
		}
	}
}

func compareOpenings(e *flowtest.Engine, openings []flow.Opening, pod, peer endpoints.Endpoint, dir flow.Direction) error {
	for _, protocol := range v1alpha1.Protocols() {
		for _, port := range boundaryPorts {
			f := flow.Flow{From: pod, To: peer, Port: port, Protocol: protocol}
			if dir == flow.Ingress {
				f.From, f.To = peer, pod
			}
			v, err := e.Decide(f)
			if err != nil {
				return err
			}
			side := v.Egress
			if dir == flow.Ingress {
				side = v.Ingress
			}
			want := flow.Depends
			switch includes(openings, peer, f) {
			case 0:
				want = flow.Denied
			case cases(peer):
				want = flow.Allowed
			}
			if side.Decision != want {
				return fmt.Errorf("%s of %s: decided %s by %v, but the openings mean %s", dir, f, side.Decision, side.Policies, want)
			}
		}
	}
	return nil
}

// TestOpeningsDoNotDependOnOrder checks that the order of policies and pods has no effect.
func TestOpeningsDoNotDependOnOrder(t *testing.T) {
	t.Parallel()
	for seed := range uint64(40) {
		d := newGenerator(seed)
		docs, known := d.policies(t), allEndpoints()
		want := allOpenings(t, seed, engineOf(t, docs, known))
		for range 2 {
			d.Shuffle(len(docs), func(i, j int) { docs[i], docs[j] = docs[j], docs[i] })
			d.Shuffle(len(known), func(i, j int) { known[i], known[j] = known[j], known[i] })
			got := allOpenings(t, seed, engineOf(t, docs, known))
			for name := range want {
				if !reflect.DeepEqual(got[name], want[name]) {
					t.Fatalf("seed %d: %s\ngot  %v\nwant %v\n%s", seed, name, got[name], want[name], docs)
				}
			}
		}
	}
}

func engineOf(t *testing.T, docs []json.RawMessage, known []endpoints.Endpoint) *flowtest.Engine {
	t.Helper()
	e, err := newEngine(engine.Options{Agent: cilium.AllFeatures()}, docs, known)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// allOpenings returns the openings of all pods, with their peers in order.
func allOpenings(t *testing.T, seed uint64, e *flowtest.Engine) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	for _, name := range sortedPods() {
		for _, dir := range []flow.Direction{flow.Ingress, flow.Egress} {
			openings, err := e.Openings(pods[name], dir)
			if err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			for _, o := range openings {
				out[name+" "+string(dir)] = append(out[name+" "+string(dir)], opening(o))
			}
		}
	}
	return out
}

// opening formats an opening: "1-65535/TCP: acme/db, host by acme/p".
func opening(o flow.Opening) string {
	var peers []string
	for p := range o.Peers.All() {
		peers = append(peers, p.Name)
	}
	slices.Sort(peers)
	out := fmt.Sprintf("%d-%d/%s: %s by %s", o.Ports.First, o.Ports.Last, o.Ports.Protocol, strings.Join(peers, ", "), o.Policies)
	if rules := o.L7.String() + o.L7.ShadowedBy.String(); rules != "" {
		out += " (" + rules + ")"
	}
	return out
}

func TestOpenings(t *testing.T) {
	const everything = "1-65535/:  by "
	const others = "1-65535/: 10.1.0.1, 10.3.0.1, 192.0.2.1, 192.0.2.200, 198.51.100.1, 2001:db8:1::1, 2001:db8::1, acme/blue, acme/green, acme/set, acme/web, " +
		"beta/web, gamma/web, health, ingress, kube-apiserver, kube-apiserver, kube-apiserver, kube-system/coredns, remote-node, world, world, world-ipv4, world-ipv6 by "
	notIsolating := "{endpointSelector: {}, enableDefaultDeny: {ingress: false, egress: false}, "
	for desc, c := range map[string]struct {
		policies string
		dir      flow.Direction
		want     []string
	}{
		"no policy isolates":                   {"", flow.Ingress, []string{everything}},
		"only the other direction is isolated": {cnp("p", denyEgress), flow.Ingress, []string{everything}},
		"everything is denied":                 {cnp("p", denyIngress), flow.Ingress, nil},
		"all ports of one peer are allowed":    {ingress("p", fromDB), flow.Ingress, []string{"1-65535/: acme/db by acme/p"}},
		"one port of one peer is allowed":      {ingress("p", fromDB+", "+onHTTP), flow.Ingress, []string{"8080-8080/TCP: acme/db by acme/p"}},
		"L7 rules are reported":                {ingress("p", fromDB+", "+onHTTPOnly(`{method: GET}`)), flow.Ingress, []string{"8080-8080/TCP: acme/db by acme/p (GET any path)"}},
		"shadowed L7 rules are reported":       {all(ingress("p", fromDB+", "+onHTTPOnly(`{method: GET}`)), ingress("q", fromDB+", "+onHTTP)), flow.Ingress, []string{"8080-8080/TCP: acme/db by acme/p, acme/q (acme/q)"}},
		"a deny splits a range": {all(ingress("p", fromDB+`, toPorts: [{ports: [{port: "1", endPort: 100, protocol: TCP}]}]`), cnp("q", `{endpointSelector: {}, ingressDeny: [{toPorts: [{ports: [{port: "22", protocol: TCP}]}]}]}`)),
			flow.Ingress, []string{"1-21/TCP: acme/db by acme/p", "23-100/TCP: acme/db by acme/p"}},
		"adjacent ranges are merged":                      {ingress("p", fromDB+`, toPorts: [{ports: [{port: "1", endPort: 50, protocol: TCP}, {port: "51", endPort: 100, protocol: TCP}]}]`), flow.Ingress, []string{"1-100/TCP: acme/db by acme/p"}},
		"an ICMP type is allowed":                         {ingress("p", fromDB+`, icmps: [{fields: [{type: 8}]}]`), flow.Ingress, []string{"8-8/ICMP: acme/db by acme/p"}},
		"a network includes its addresses":                {cnp("p", "{endpointSelector: {}, egress: [{toCIDR: [192.0.2.0/24]}]}"), flow.Egress, []string{"1-65535/: 192.0.2.1, 192.0.2.200 by acme/p"}},
		"an entity includes all of its identities":        {cnp("p", "{endpointSelector: {}, egress: [{toEntities: [kube-apiserver]}]}"), flow.Egress, []string{"1-65535/: kube-apiserver, kube-apiserver, kube-apiserver by acme/p"}},
		"a named port is resolved for each peer":          {egress("p", `toEndpoints: [{matchLabels: {tier: api}}], toPorts: [{ports: [{port: api, protocol: TCP}]}]`), flow.Egress, []string{"8081-8081/TCP: acme/blue by acme/p", "9091-9091/TCP: acme/green by acme/p"}},
		"a deny without isolation allows the other peers": {cnp("p", notIsolating+"ingressDeny: [{"+fromDB+"}]}"), flow.Ingress, []string{others}},
		"an allow without isolation allows every peer":    {cnp("p", notIsolating+"ingress: [{"+fromDB+"}]}"), flow.Ingress, []string{everything}},
		"L7 rules without isolation are not reported":     {cnp("p", notIsolating+"ingress: [{"+fromDB+", "+onHTTPOnly(`{method: GET}`)+"}]}"), flow.Ingress, []string{everything}},
		"a deny without isolation denies its peers": {
			cnp("p", notIsolating+"ingressDeny: [{fromEntities: [world, remote-node, kube-apiserver, health, ingress]}, {fromEndpoints: [{matchExpressions: [{key: io.kubernetes.pod.namespace, operator: Exists}]}]}]}"), flow.Ingress, nil,
		},
	} {
		t.Run(desc, func(t *testing.T) {
			t.Parallel()
			e := engineOf(t, documents(t, c.policies), allEndpoints())
			openings, err := e.Openings(pods["web"], c.dir)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, o := range openings {
				got = append(got, opening(o))
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}
