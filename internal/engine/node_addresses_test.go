package engine_test

import (
	"encoding/json"
	"fmt"
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

// TestNumberedNodes checks that a trial of networks that match nodes, which numbers nodes, decides as the
// stated setting does, with a node in each network of the build.
func TestNumberedNodes(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("skipped by -short: compares two settings on random policies")
	}
	decisions := map[string]int{}
	numbered := 0
	for seed := range uint64(60) {
		d := newGenerator(seed)
		docs := d.policiesOfNetworks(t)
		nodeCIDRs := pick(d, nil, nil, []string{"10.0.0.0/8", "fd00::/8"}, []string{"10.1.0.0/17", "10.7.0.0/16", "192.168.0.0/16"})
		trial, stated := nodesMatched(t, docs, nodeCIDRs, ""), nodesMatched(t, docs, nodeCIDRs, "the profile")
		numbered += numberOfNodes(t, trial)
		for _, name := range sortedPods() {
			for _, direction := range flow.Directions() {
				got, want := openingsOfNodes(t, trial, pods[name], direction), openingsOfNodes(t, stated, pods[name], direction)
				if !slices.Equal(got, want) {
					t.Fatalf("seed %d: openings of %s, %s, nodes in %s\ngot  %q\nwant %q\n%s", seed, name, direction, nodeCIDRs, got, want, docs)
				}
			}
			for _, entity := range []string{"@remote-node", "@kube-apiserver"} {
				for _, port := range []uint16{443, 8080} {
					for _, f := range []flow.Flow{{From: pods[name], To: endpoint(entity), Port: port, Protocol: v1alpha1.TCP}, {From: endpoint(entity), To: pods[name], Port: port, Protocol: v1alpha1.TCP}} {
						got, want := decided(t, trial, f), decided(t, stated, f)
						decisions[got[0]]++
						if got != want {
							t.Fatalf("seed %d: %s, nodes in %s\ngot  %q\nwant %q\n%s", seed, f, nodeCIDRs, got, want, docs)
						}
					}
				}
			}
		}
	}
	for _, decision := range []flow.Decision{flow.Allowed, flow.Denied, flow.Depends} {
		if decisions[string(decision)] < 100 {
			t.Errorf("only %d of all egress is %s: change the generator", decisions[string(decision)], decision)
		}
	}
	if numbered < 200 {
		t.Errorf("only %d nodes are numbered: change the generator", numbered)
	}
}

// TestNumberedNodesAreFew checks that namespaces share numbers, so that a trial costs each pod only what its own
// policies distinguish.
func TestNumberedNodesAreFew(t *testing.T) {
	t.Parallel()
	var policies []string
	for i := range 20 {
		policies = append(policies, in(fmt.Sprintf("team-%d", i), "lan", fmt.Sprintf(`{endpointSelector: {}, egress: [{toCIDR: [10.1.%d.0/24, 192.168.0.0/16]}]}`, i)))
	}
	policies = append(policies, ccnp("dns", `{endpointSelector: {}, egress: [{toCIDR: [10.1.7.10/32]}]}`))
	trial := nodesMatched(t, documents(t, all(policies...)), nil, "")
	// In the two networks of each namespace, in the network of the cluster-wide policy, and outside.
	if got := numberOfNodes(t, trial); got != 4 {
		t.Errorf("%d nodes are numbered, want 4", got)
	}
}

// policiesOfNetworks returns policies of several namespaces with networks that contain each other, and one with
// networks that no other has.
func (d generator) policiesOfNetworks(tb testing.TB) []json.RawMessage {
	tb.Helper()
	var out []json.RawMessage
	out = append(out, documents(tb, in("delta", "elsewhere", "{endpointSelector: {}, egress: [{toCIDR: [10.7.0.0/16, 192.168.99.0/24]}]}"))...)
	for i := range 2 + d.IntN(6) {
		policy := fields{"apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicy", "metadata": fields{"namespace": pick(d, "acme", "beta", "gamma"), "name": fmt.Sprint("p", i)}}
		if d.IntN(4) == 0 {
			policy["kind"], policy["metadata"] = "CiliumClusterwideNetworkPolicy", fields{"name": fmt.Sprint("p", i)}
		}
		spec := fields{"endpointSelector": pick(d, fields{}, fields{"matchLabels": fields{"app": "web"}})}
		for _, section := range pickSome(d, 1, 3, func() string { return pick(d, "ingress", "egress", "egress", "ingressDeny", "egressDeny") }) {
			spec[section] = pickSome(d, 1, 3, func() fields { return d.ruleOfNetworks(section) })
		}
		policy["spec"] = spec
		doc, err := json.Marshal(policy)
		if err != nil {
			tb.Fatal(err)
		}
		out = append(out, doc)
	}
	return out
}

func (d generator) ruleOfNetworks(section string) fields {
	way, deny := "from", strings.HasSuffix(section, "Deny")
	if strings.HasPrefix(section, "egress") {
		way = "to"
	}
	rule := fields{}
	switch d.IntN(4) {
	case 0:
		rule[way+"Entities"] = []string{pick(d, "remote-node", "kube-apiserver", "cluster", "all")}
	default:
		rule[way+"CIDRSet"] = pickSome(d, 1, 2, func() fields {
			return pick(d, fields{"cidr": "0.0.0.0/0", "except": []string{"10.0.0.0/8"}}, fields{"cidr": "10.0.0.0/8"}, fields{"cidr": "10.0.0.0/8", "except": []string{"10.1.0.0/16"}},
				fields{"cidr": "10.1.0.0/16"}, fields{"cidr": "10.1.0.0/17"}, fields{"cidr": "10.1.128.0/17"}, fields{"cidr": "10.1.2.0/24", "except": []string{"10.1.2.64/26"}},
				fields{"cidr": "10.2.0.0/16"}, fields{"cidr": "192.168.7.0/24"}, fields{"cidr": "10.1.2.3/32"}, fields{"cidr": "fd00::/8"}, fields{"cidr": "fd00:1::/32"})
		})
	}
	port := fields{"port": pick(d, "443", "8080"), "protocol": "TCP"}
	switch {
	case d.IntN(3) == 0:
	case d.IntN(3) == 0 && !deny:
		rule["toPorts"] = []fields{{"ports": []fields{port}, "rules": fields{"http": []fields{{"method": pick(d, "GET", "PUT")}}}}}
	default:
		rule["toPorts"] = []fields{{"ports": []fields{port}}}
	}
	return rule
}

// nodesMatched are policies with networks that match nodes: with the source of the setting, or in a trial.
func nodesMatched(t *testing.T, docs []json.RawMessage, nodeCIDRs []string, source string) *flowtest.Engine {
	t.Helper()
	known := []endpoints.Endpoint{endpoint("@remote-node"), endpoint("@kube-apiserver")}
	for _, name := range sortedPods() {
		known = append(known, pods[name])
	}
	e, err := newEngine(engine.Options{Agent: cilium.AllFeatures().With(cilium.CIDRMatchMode, "nodes", source), NodeCIDRs: nodeCIDRs}, docs, known)
	if err != nil {
		t.Fatalf("%v\n%s", err, docs)
	}
	return e
}

// decided is what policies decide on both sides. Which policies Cilium names depends on the order of a map where
// several have L7 rules for the same peer.
func decided(t *testing.T, e *flowtest.Engine, f flow.Flow) [4]string {
	t.Helper()
	v, err := e.Decide(f)
	if err != nil {
		t.Fatal(err)
	}
	return [4]string{string(v.Egress.Decision), v.Egress.L7.String(), string(v.Ingress.Decision), v.Ingress.L7.String()}
}

// openingsOfNodes are the openings of a pod on some ports, by the entities of nodes.
func openingsOfNodes(t *testing.T, e *flowtest.Engine, pod endpoints.Endpoint, d flow.Direction) []string {
	t.Helper()
	openings, err := e.Openings(pod, d)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, o := range openings {
		for peer := range o.Peers.All() {
			for _, port := range boundaryPorts {
				if one := (flow.PortRange{Protocol: v1alpha1.TCP, First: port, Last: port}); one.Overlaps(o.Ports) {
					out = append(out, fmt.Sprint(port, peer.Entities, o.L7))
				}
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// numberOfNodes is the number of nodes with an address.
func numberOfNodes(t *testing.T, e *flowtest.Engine) int {
	t.Helper()
	set := endpoints.NewSet([]endpoints.Endpoint{endpoint("@remote-node")})
	table, err := e.Program().Compile(set, flow.WithDenies)
	if err != nil {
		t.Fatal(err)
	}
	cases, err := table.Cases(1)
	if err != nil {
		t.Fatal(err)
	}
	return len(cases) - 1
}
