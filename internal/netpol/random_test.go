package netpol_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
)

// generator generates random policies.
type generator struct{ *rand.Rand }

func newGenerator(seed uint64) generator { return generator{rand.New(rand.NewPCG(seed, 1))} }

// pick is one of some.
func pick[T any](d generator, of ...T) T { return of[d.IntN(len(of))] }

// pickSome are n times one of some, n within bounds.
func pickSome(d generator, least, most int, generate func() fields) []fields {
	out := []fields{}
	for range least + d.IntN(most-least+1) {
		out = append(out, generate())
	}
	return out
}

// fields is a JSON object.
type fields map[string]any

func (d generator) policies(tb testing.TB) []json.RawMessage {
	tb.Helper()
	var out []json.RawMessage
	for i := range 1 + d.IntN(5) {
		doc, err := json.Marshal(fields{
			"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
			"metadata": fields{"namespace": pick(d, "acme", "acme", "beta"), "name": fmt.Sprintf("p%d", i)}, "spec": d.spec(),
		})
		if err != nil {
			tb.Fatal(err)
		}
		out = append(out, doc)
	}
	return out
}

func (d generator) selector() fields {
	return pick(d, fields{}, fields{"matchLabels": fields{"app": "web"}}, fields{"matchExpressions": []fields{{"key": "app", "operator": "In", "values": []string{"db", "coredns"}}}},
		fields{"matchExpressions": []fields{{"key": "app", "operator": "NotIn", "values": []string{"db"}}}}, fields{"matchExpressions": []fields{{"key": "tier", "operator": "DoesNotExist"}}})
}

func (d generator) spec() fields {
	spec := fields{"podSelector": d.selector(), "policyTypes": pick(d, []string{"Ingress"}, []string{"Egress"}, []string{"Ingress", "Egress"}, nil)}
	spec["ingress"] = pickSome(d, 0, 3, func() fields { return d.rule("from") })
	spec["egress"] = pickSome(d, 0, 3, func() fields { return d.rule("to") })
	return spec
}

func (d generator) rule(way string) fields {
	rule := fields{}
	if d.IntN(6) > 0 {
		rule[way] = pickSome(d, 1, 3, func() fields {
			return pick(d, fields{"podSelector": d.selector()}, fields{"namespaceSelector": fields{}}, fields{"namespaceSelector": fields{"matchLabels": fields{"team": "red"}}, "podSelector": d.selector()},
				fields{"namespaceSelector": fields{"matchLabels": fields{"kubernetes.io/metadata.name": "beta"}}, "podSelector": d.selector()}, fields{"ipBlock": d.block()}, fields{"ipBlock": d.block()})
		})
	}
	if d.IntN(2) == 0 {
		rule["ports"] = pickSome(d, 1, 2, func() fields {
			return pick(d, fields{"port": 80}, fields{"port": 53, "protocol": "UDP"}, fields{"port": 79, "endPort": 8080}, fields{"port": "http"}, fields{"protocol": "UDP"}, fields{})
		})
	}
	return rule
}

func (d generator) block() fields {
	return pick(d, fields{"cidr": "0.0.0.0/0"}, fields{"cidr": "::/0"}, fields{"cidr": "0.0.0.0/0", "except": []string{"10.0.0.0/8"}}, fields{"cidr": "10.0.0.0/8", "except": []string{"10.0.128.0/17"}},
		fields{"cidr": "10.0.128.0/17"}, fields{"cidr": "fd00::/8"}, fields{"cidr": "172.20.0.0/25"}, fields{"cidr": "172.20.0.10/32"}, fields{"cidr": "192.0.2.0/24", "except": []string{"192.0.2.128/25"}},
		fields{"cidr": "0.0.0.0/1"}, fields{"cidr": "128.0.0.0/1"})
}

// flow is from or to a pod, on some port.
func (d generator) flow(pod, peer endpoints.Endpoint, dir flow.Direction) flow.Flow {
	f := flow.Flow{From: pod, To: peer, Port: pick[uint16](d, 1, 53, 79, 80, 8080, 8081, 9090, 65535), Protocol: pick(d, v1alpha1.TCP, v1alpha1.UDP, v1alpha1.SCTP)}
	if dir == flow.Ingress {
		f.From, f.To = peer, pod
	}
	return f
}
