package fn_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	networkingv1 "k8s.io/api/networking/v1"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
)

// policyGenerator generates random NetworkPolicies.
type policyGenerator struct{ *rand.Rand }

func newSource(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 7)) }

func oneOf[T any](d policyGenerator, of ...T) T { return of[d.IntN(len(of))] }

// jsonObject is an object of JSON.
type jsonObject map[string]any

func (d policyGenerator) some(least, most int, newObject func() jsonObject) []jsonObject {
	out := []jsonObject{}
	for range least + d.IntN(most-least+1) {
		out = append(out, newObject())
	}
	return out
}

func (d policyGenerator) policies(t *testing.T) ([]json.RawMessage, []networkingv1.NetworkPolicy) {
	t.Helper()
	var docs []json.RawMessage
	for i := range 1 + d.IntN(4) {
		spec := jsonObject{"podSelector": d.selector(), "policyTypes": oneOf(d, []string{"Ingress"}, []string{"Egress"}, []string{"Ingress", "Egress"}, []string{"Ingress", "Egress"}, nil, nil)}
		if d.IntN(4) > 0 {
			spec["ingress"] = d.some(0, 3, func() jsonObject { return d.rule("from") })
		}
		if d.IntN(4) > 0 {
			spec["egress"] = d.some(0, 3, func() jsonObject { return d.rule("to") })
		}
		doc, err := json.Marshal(jsonObject{
			"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
			"metadata": jsonObject{"namespace": oneOf(d, "acme", "acme", "acme", "beta", "gamma"), "name": fmt.Sprintf("p%d", i)}, "spec": spec,
		})
		if err != nil {
			t.Fatal(err)
		}
		docs = append(docs, doc)
	}
	return docs, parsePolicies(t, docs...)
}

func (d policyGenerator) selector() jsonObject {
	if d.IntN(40) == 0 {
		return jsonObject{"matchLabels": jsonObject{"pod-template-hash": "1"}}
	}
	expression := func(key, operator string, values ...string) jsonObject {
		e := jsonObject{"key": key, "operator": operator}
		if len(values) > 0 {
			e["values"] = values
		}
		return jsonObject{"matchExpressions": []jsonObject{e}}
	}
	return oneOf(d, jsonObject{}, jsonObject{}, jsonObject{"matchLabels": jsonObject{"app": "web"}}, jsonObject{"matchLabels": jsonObject{"app": "db"}},
		expression("app", "In", "web", "named"), expression("app", "NotIn", "db"), expression("tier", "DoesNotExist"), expression("app", "Exists"))
}

func (d policyGenerator) namespaces() jsonObject {
	return oneOf(d, jsonObject{}, jsonObject{"matchLabels": jsonObject{"team": "red"}}, jsonObject{"matchLabels": jsonObject{"kubernetes.io/metadata.name": "beta"}},
		jsonObject{"matchExpressions": []jsonObject{{"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": []string{"acme", "kube-system"}}}},
		jsonObject{"matchExpressions": []jsonObject{{"key": "team", "operator": "DoesNotExist"}}})
}

func (d policyGenerator) rule(direction string) jsonObject {
	rule := jsonObject{}
	if d.IntN(5) > 0 {
		rule[direction] = d.some(1, 3, func() jsonObject {
			switch d.IntN(5) {
			case 0:
				return jsonObject{"namespaceSelector": d.namespaces()}
			case 1:
				return jsonObject{"namespaceSelector": d.namespaces(), "podSelector": d.selector()}
			case 2:
				return jsonObject{"ipBlock": d.block()}
			default:
				return jsonObject{"podSelector": d.selector()}
			}
		})
	}
	if d.IntN(2) == 0 {
		rule["ports"] = d.some(0, 3, func() jsonObject {
			return oneOf(d, jsonObject{"port": 80}, jsonObject{"port": 53, "protocol": "UDP"}, jsonObject{"port": 79, "endPort": 8080}, jsonObject{"port": 8080, "endPort": 65535},
				jsonObject{"port": "http"}, jsonObject{"port": "http"}, jsonObject{"port": "dns", "protocol": "UDP"}, jsonObject{"port": "nosuch"}, jsonObject{"protocol": "UDP"}, jsonObject{"protocol": "SCTP"}, jsonObject{})
		})
	}
	return rule
}

func (d policyGenerator) block() jsonObject {
	return oneOf(d, jsonObject{"cidr": "0.0.0.0/0"}, jsonObject{"cidr": "::/0"}, jsonObject{"cidr": "0.0.0.0/0", "except": []string{"10.0.0.0/16", "172.20.0.0/24", "10.96.0.0/16"}},
		jsonObject{"cidr": "0.0.0.0/0", "except": []string{"10.0.0.0/8"}}, jsonObject{"cidr": "10.0.0.0/8"}, jsonObject{"cidr": "10.0.128.0/17"}, jsonObject{"cidr": "172.20.0.0/24"},
		jsonObject{"cidr": "172.20.0.10/32"}, jsonObject{"cidr": "192.0.2.0/24", "except": []string{"192.0.2.128/25"}}, jsonObject{"cidr": "192.0.2.7/26"},
		jsonObject{"cidr": "2001:db8::/32", "except": []string{"2001:db8:1::/48"}}, jsonObject{"cidr": "128.0.0.0/1"}, jsonObject{"cidr": "fd00::/56"})
}

// flow is from or to a pod, on some port.
func (d policyGenerator) flow() flow.Flow {
	pods := append(agreementPods(), podNamed("named-a"), podNamed("named-b"))
	ends := slices.Clone(pods)
	for _, name := range []string{"host", "remote-node", "kube-apiserver", "world", "world-ipv4", "world-ipv6"} {
		ends = append(ends, entityNamed(name))
	}
	for _, name := range []string{"192.0.2.1", "192.0.2.200", "198.51.100.1", "2001:db8::1", "2001:db8:1::1", "10.200.0.1", "10.0.3.4", "172.20.0.7", "172.20.0.10"} {
		ends = append(ends, addressNamed(name))
	}
	f := flow.Flow{From: oneOf(d, ends...), To: oneOf(d, pods...)}
	if d.IntN(2) == 0 {
		f.From, f.To = oneOf(d, pods...), oneOf(d, append(ends, endpoints.Endpoint{Kind: endpoints.NameEndpoint, Name: "api.example.com"})...)
	}
	switch d.IntN(10) {
	case 9:
		// What differs by a name is rare enough.
		return flow.Flow{From: f.From, To: podNamed("named-a"), Port: 8080}
	case 0:
		f.ICMP = oneOf(d, v1alpha1.ICMPEchoRequest, v1alpha1.ICMPTimeExceeded)
	case 1:
		f.Protocol = oneOf(d, "", v1alpha1.TCP, v1alpha1.UDP, v1alpha1.SCTP)
	default:
		f.Port = oneOf[uint16](d, 1, 52, 53, 79, 80, 81, 8079, 8080, 8080, 8081, 9090, 65535)
		f.Protocol = oneOf(d, v1alpha1.TCP, v1alpha1.TCP, v1alpha1.UDP, v1alpha1.SCTP)
	}
	return f
}
