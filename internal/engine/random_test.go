package engine_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
)

// generator generates random policies.
type generator struct{ *rand.Rand }

func newGenerator(seed uint64) generator { return generator{rand.New(rand.NewPCG(seed, 1))} }

// pick returns a random one of the values.
func pick[T any](d generator, of ...T) T { return of[d.IntN(len(of))] }

// pickSome returns between least and most generated values.
func pickSome[T any](d generator, least, most int, generate func() T) []T {
	out := []T{}
	for range least + d.IntN(most-least+1) {
		out = append(out, generate())
	}
	return out
}

// fields is a JSON object.
type fields map[string]any

// policies returns some policies of every kind.
func (d generator) policies(tb testing.TB) []json.RawMessage {
	tb.Helper()
	var out []json.RawMessage
	for i := range 1 + d.IntN(5) {
		doc, err := json.Marshal(d.policy(fmt.Sprintf("p%d", i)))
		if err != nil {
			tb.Fatal(err)
		}
		out = append(out, doc)
	}
	return out
}

func (d generator) policy(name string) fields {
	namespace := pick(d, "acme", "acme", "acme", "beta")
	switch d.IntN(4) {
	case 0:
		return fields{"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": fields{"namespace": namespace, "name": name}, "spec": d.kubernetesSpec()}
	case 1:
		subject := pick(d, fields{}, fields{"io.kubernetes.pod.namespace": namespace}, fields{"app": "web"}, fields{"io.cilium.k8s.namespace.labels.team": "red"})
		return fields{"apiVersion": "cilium.io/v2", "kind": "CiliumClusterwideNetworkPolicy", "metadata": fields{"name": name}, "spec": d.ciliumSpec(fields{"matchLabels": subject})}
	default:
		return fields{"apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicy", "metadata": fields{"namespace": namespace, "name": name}, "spec": d.ciliumSpec(d.pods())}
	}
}

// pods returns a selector by labels of pods.
func (d generator) pods() fields {
	labels := pick(d, fields{}, fields{}, fields{"app": "web"}, fields{"app": "db"}, fields{"tier": "api"}, fields{"pod-template-hash": "1"})
	switch d.IntN(4) {
	case 0:
		return fields{"matchLabels": labels, "matchExpressions": []fields{pick(d,
			fields{"key": "app", "operator": "In", "values": []string{"web", "blue"}}, fields{"key": "app", "operator": "NotIn", "values": []string{"db"}},
			fields{"key": "tier", "operator": "Exists"}, fields{"key": "tier", "operator": "DoesNotExist"})}}
	default:
		return fields{"matchLabels": labels}
	}
}

// peer returns a selector of pods in any namespace.
func (d generator) peer() fields {
	s := d.pods()
	const namespace, team = "io.kubernetes.pod.namespace", "io.cilium.k8s.namespace.labels.team"
	add := func(e fields) {
		exprs, _ := s["matchExpressions"].([]fields)
		s["matchExpressions"] = append(exprs, e)
	}
	switch d.IntN(8) {
	case 0:
		add(fields{"key": namespace, "operator": "In", "values": []string{"acme", "beta"}})
	case 1:
		add(fields{"key": namespace, "operator": "NotIn", "values": []string{"acme"}})
	case 2:
		add(fields{"key": namespace, "operator": "Exists"})
	case 3:
		add(fields{"key": team, "operator": "In", "values": []string{"red", "blue"}})
	case 4:
		add(fields{"key": "io.cilium.k8s.policy.serviceaccount", "operator": "In", "values": []string{"default"}})
	}
	return s
}

var (
	entities = []string{"host", "remote-node", "health", "ingress", "kube-apiserver", "world", "world-ipv4", "world-ipv6", "cluster", "all"}
	networks = []fields{
		{"cidr": "0.0.0.0/0"}, {"cidr": "::/0"}, {"cidr": "0.0.0.0/0", "except": []string{"10.0.0.0/8"}}, {"cidr": "10.1.2.3/8"},
		{"cidr": "192.0.2.0/24", "except": []string{"192.0.2.128/25"}}, {"cidr": "192.0.2.128/25"}, {"cidr": "2001:db8::/32", "except": []string{"2001:db8:1::/48"}},
		{"cidr": "192.0.2.0/24", "except": []string{"192.0.2.0/24"}}, {"cidr": "10.0.0.0/8", "except": []string{"10.1.0.0/16", "10.2.0.0/16"}},
	}
	// boundaryPorts are ports next to the bounds of rules.
	boundaryPorts = []uint16{1, 52, 53, 54, 442, 443, 444, 5432, 7999, 8000, 8080, 8081, 8082, 8100, 8101, 9091, 65535}
)

func (d generator) ciliumSpec(subject fields) fields {
	spec := fields{"endpointSelector": subject}
	for _, section := range []string{"ingress", "ingress", "egress", "egress", "ingressDeny", "egressDeny"} {
		if d.IntN(3) == 0 {
			spec[section] = pickSome(d, 1, 3, func() fields { return d.ciliumRule(section) })
		}
	}
	if len(spec) == 1 {
		spec["ingress"] = []fields{d.ciliumRule("ingress")}
	}
	if d.IntN(4) == 0 {
		spec["enableDefaultDeny"] = fields{pick(d, "ingress", "egress"): pick(d, true, false)}
	}
	return spec
}

func (d generator) ciliumRule(section string) fields {
	way, deny := "from", section == "ingressDeny" || section == "egressDeny"
	if section == "egress" || section == "egressDeny" {
		way = "to"
	}
	rule := fields{}
	switch kind := d.IntN(8); {
	case kind == 0:
	case kind == 1:
		rule[way+"Entities"] = pickSome(d, 1, 2, func() string { return pick(d, entities...) })
	case kind == 2:
		rule[way+"CIDRSet"] = pickSome(d, 1, 2, func() fields { return pick(d, networks...) })
	case kind == 3 && section == "egress":
		rule["toFQDNs"] = []fields{pick(d, fields{"matchName": "api.example.com"}, fields{"matchPattern": "*.example.com"})}
	default:
		rule[way+"Endpoints"] = pickSome(d, min(1, d.IntN(9)), 2, d.peer)
	}
	switch d.IntN(6) {
	case 0, 1:
	case 2:
		rule["icmps"] = []fields{{"fields": []fields{{"family": pick(d, "IPv4", "IPv6"), "type": pick(d, "EchoRequest", "TimeExceeded")}}}}
	default:
		rule["toPorts"] = pickSome(d, 1, 2, func() fields { return d.ciliumPorts(section == "egress", deny) })
	}
	return rule
}

func (d generator) ciliumPorts(egress, deny bool) fields {
	switch d.IntN(9) {
	case 0, 2, 3:
		if !deny {
			return fields{"ports": []fields{{"port": pick(d, "8080", "8080", "443"), "protocol": "TCP"}}, "rules": fields{"http": pickSome(d, 1, 5, d.httpRule)}}
		}
	case 1:
		if egress {
			return fields{"ports": []fields{{"port": "53", "protocol": "UDP"}}, "rules": fields{"dns": pickSome(d, 1, 3, func() fields {
				return pick(d, fields{"matchPattern": "*"}, fields{"matchName": "api.example.com"}, fields{"matchPattern": "*.example.com"})
			})}}
		}
	}
	return fields{"ports": pickSome(d, 1, 2, func() fields {
		port := pick(d, fields{"port": "8080"}, fields{"port": "53"}, fields{"port": "443"}, fields{"port": "8000", "endPort": 8100}, fields{"port": "1", "endPort": 65535},
			fields{"port": "8081", "endPort": 443}, fields{"port": "443", "endPort": 8080}, fields{"port": "0"}, fields{"port": "http"}, fields{"port": "api"}, fields{"port": "nosuch"})
		if protocol := pick(d, "", "TCP", "TCP", "UDP", "SCTP", "ANY"); protocol != "" {
			port["protocol"] = protocol
		}
		return port
	})}
}

func (d generator) httpRule() fields {
	out := fields{}
	if d.IntN(2) == 0 {
		out["method"] = pick(d, "GET", "GET|PUT")
	}
	if d.IntN(3) == 0 {
		out["path"] = pick(d, "/v1/.*", "/|/v1/x")
	}
	if d.IntN(3) == 0 {
		out["host"] = pick(d, "a.example", `[ab]\.example`)
	}
	if d.IntN(3) == 0 {
		out["headers"] = pickSome(d, 1, 2, func() string { return pick(d, "X-Key: 1", "X-Key: .*", "X-Key", "X-Other: 1") })
	}
	return out
}

// request returns a request that HTTP rules may match.
func (d generator) request() *flow.HTTPRequest {
	out := &flow.HTTPRequest{Method: pick(d, "GET", "GET", "PUT", "POST"), Path: pick(d, "/", "/v1/x"), Host: pick(d, "a.example", "b.example", "a-example"), Headers: map[string]string{}}
	for _, name := range pickSome(d, 0, 2, func() string { return pick(d, "X-Key", "X-Other") }) {
		out.Headers[name] = pick(d, "1", "2")
	}
	return out
}

func (d generator) kubernetesSpec() fields {
	spec := fields{"podSelector": d.pods()}
	for section, way := range map[string]string{"ingress": "from", "egress": "to"} {
		if d.IntN(3) > 0 {
			spec[section] = pickSome(d, 0, 2, func() fields { return d.kubernetesRule(way) })
		}
	}
	if _, egress := spec["egress"]; d.IntN(2) == 0 {
		spec["policyTypes"] = pick(d, []string{"Egress"}, []string{"Ingress", "Egress"})
		if _, ingress := spec["ingress"]; ingress && egress {
			spec["policyTypes"] = []string{"Ingress", "Egress"}
		} else if ingress {
			spec["policyTypes"] = []string{"Ingress"}
		}
	}
	return spec
}

func (d generator) kubernetesRule(way string) fields {
	rule := fields{}
	if d.IntN(4) > 0 {
		rule[way] = pickSome(d, 1, 2, func() fields {
			return pick(d, fields{"podSelector": d.pods()}, fields{"namespaceSelector": fields{"matchLabels": fields{"team": "red"}}}, fields{"namespaceSelector": fields{}},
				fields{"namespaceSelector": fields{"matchLabels": fields{"kubernetes.io/metadata.name": "beta"}}, "podSelector": d.pods()},
				fields{"ipBlock": fields{"cidr": "0.0.0.0/0", "except": []string{"10.0.0.0/8"}}}, fields{"ipBlock": fields{"cidr": "192.0.2.128/25"}})
		})
	}
	if d.IntN(2) == 0 {
		rule["ports"] = pickSome(d, 1, 2, func() fields {
			return pick(d, fields{"port": 8080}, fields{"port": 53, "protocol": "UDP"}, fields{"port": 8000, "endPort": 8100}, fields{"port": "http"}, fields{"protocol": "UDP"}, fields{})
		})
	}
	return rule
}

// allEndpoints are the endpoints of flows.
func allEndpoints() []endpoints.Endpoint {
	var out []endpoints.Endpoint
	for _, name := range sortedPods() {
		out = append(out, pods[name])
	}
	for _, name := range []string{
		"@host", "@remote-node", "@health", "@ingress", "@kube-apiserver", "@world", "@world-ipv4", "@world-ipv6", "198.51.100.1", "10.3.0.1", "10.1.0.1",
		"192.0.2.1", "192.0.2.200", "[2001:db8::1]", "[2001:db8:1::1]",
	} {
		out = append(out, endpoint(name))
	}
	return out
}

func sortedPods() []string {
	var names []string
	for name := range pods {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// flow returns a flow from or to a pod, on some port.
func (d generator) flow() flow.Flow {
	all := allEndpoints()
	f := flow.Flow{From: pick(d, all...), To: pods[pick(d, sortedPods()...)]}
	if d.IntN(2) == 0 {
		f.From, f.To = f.To, f.From
	}
	switch d.IntN(12) {
	case 8, 9, 10, 11:
		f.Port, f.Protocol, f.HTTP = pick[uint16](d, 443, 8080, 8080), v1alpha1.TCP, d.request()
	case 0:
		f.ICMP = pick(d, v1alpha1.ICMPEchoRequest, v1alpha1.ICMPTimeExceeded)
	case 1:
		f.Protocol = pick(d, "", v1alpha1.TCP, v1alpha1.UDP, v1alpha1.SCTP)
	default:
		f.Port, f.Protocol = pick(d, boundaryPorts...), pick(d, v1alpha1.TCP, v1alpha1.TCP, v1alpha1.UDP, v1alpha1.SCTP)
	}
	return f
}
