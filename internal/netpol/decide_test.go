package netpol_test

import (
	"strings"
	"testing"

	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/netpol"
)

func TestIsolation(t *testing.T) {
	runScenarios(t, map[string]scenario{
		"without a policy everything passes": {
			flows: []string{"db -> web:8080 = allowed", "@world -> web:1 = allowed", "web -> @kube-apiserver:443 = allowed", "web -> api.example.com:* = allowed", "web -> db:ICMP/EchoRequest = allowed"},
		},
		"a policy without rules denies ingress alone": {
			policies: np("deny", "{podSelector: {}}"),
			flows:    []string{"db -> web:8080 = denied", "@world -> web:8080 = denied", "web -> other:80 = allowed", "other -> @world:80 = allowed"},
		},
		"policyTypes default-deny both directions": {
			policies: np("deny", "{podSelector: {}, policyTypes: [Ingress, Egress]}"),
			flows:    []string{"db -> web:8080 = denied", "web -> other:80 = denied", "web -> @world:80 = denied"},
		},
		"egress rules default-deny egress and ingress": {
			policies: np("out", "{podSelector: {}, egress: [{}]}"),
			flows:    []string{"web -> other:80 = allowed by acme/out", "other -> web:80 = denied"},
		},
		"policyTypes Egress leaves ingress open, and ingress rules do nothing": {
			policies: np("out", "{podSelector: {}, policyTypes: [Egress], ingress: [{}]}"),
			flows:    []string{"other -> web:80 = allowed", "web -> other:80 = denied"},
		},
		"a policy selects pods of its namespace alone": {
			policies: np("deny", "{podSelector: {matchLabels: {app: web}}}"),
			flows:    []string{"db -> web:8080 = denied", "web -> db:80 = allowed", "web -> other:80 = allowed"},
		},
		"an empty rule allows every peer on every port": {
			policies: np("open", "{podSelector: {}, ingress: [{}]}"),
			flows:    []string{"@world -> web:* = allowed by acme/open", "10.0.3.4 -> web:1 = depends by acme/open", "db -> web:ICMP/EchoRequest = allowed by acme/open"},
		},
		"empty from and ports are like none": {
			policies: np("open", "{podSelector: {}, ingress: [{from: [], ports: []}]}"),
			flows:    []string{"@world -> web:* = allowed by acme/open"},
		},
		"both sides must allow a flow": {
			policies: all(np("out", "{podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: [{to: [{podSelector: {}}]}]}"), np("deny", "{podSelector: {matchLabels: {app: db}}}")),
			flows:    []string{"web -> db:80 = denied by acme/out"},
		},
		"rules of all policies are ORed": {
			policies: all(np("one", "{podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {app: db}}}], ports: [{port: 80}]}]}"), np("two", "{podSelector: {}, ingress: [{ports: [{port: 443}]}]}")),
			flows:    []string{"db -> web:80 = allowed by acme/one", "other -> web:80 = denied", "other -> web:443 = allowed by acme/two", "db -> web:* = depends by acme/one, acme/two"},
			notes:    "allowed on 80/TCP and on 443/TCP, denied on 1-79/TCP and on 81-442/TCP",
		},
		"requests on a connection make no difference": {
			policies: np("one", "{podSelector: {}, ingress: [{ports: [{port: 80}]}]}"),
			flows:    []string{"db -> web:80 = allowed by acme/one"},
		},
	})
}

func TestPeers(t *testing.T) {
	runScenarios(t, map[string]scenario{
		"a podSelector is my namespace": {
			policies: np("own", "{podSelector: {}, ingress: [{from: [{podSelector: {}}]}]}"),
			flows:    []string{"db -> web:8080 = allowed by acme/own", "other -> web:8080 = denied", "@remote-node -> web:80 = denied"},
		},
		"a namespaceSelector {} is every namespace, and no more": {
			policies: np("every", "{podSelector: {}, ingress: [{from: [{namespaceSelector: {}}]}]}"),
			flows:    []string{"db -> web:1 = allowed by acme/every", "other -> web:1 = allowed by acme/every", "@world -> web:1 = denied", "@remote-node -> web:1 = denied"},
		},
		"namespaces are selected by label, and by the name that the apiserver labels them with": {
			policies: all(np("red", "{podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {team: red}}}]}]}"),
				np("beta", "{podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: beta}}, podSelector: {matchLabels: {app: db}}}]}]}")),
			flows: []string{"team -> web:1 = allowed by acme/red", "other -> web:1 = denied", "db -> web:1 = denied"},
		},
		"expressions select": {
			policies: np("not", "{podSelector: {}, ingress: [{from: [{namespaceSelector: {matchExpressions: [{key: team, operator: DoesNotExist}]}, podSelector: {matchExpressions: [{key: app, operator: NotIn, values: [db]}]}}]}]}"),
			flows:    []string{"team -> web:1 = denied", "other -> web:1 = allowed by acme/not", "db -> web:1 = denied", "@world -> web:1 = denied"},
		},
	})
}

func TestPorts(t *testing.T) {
	runScenarios(t, map[string]scenario{
		"the protocol is TCP by default": {
			policies: np("p", "{podSelector: {}, ingress: [{ports: [{port: 80}, {port: 53, protocol: UDP}]}]}"),
			flows:    []string{"db -> web:80 = allowed by acme/p", "db -> web:80/UDP = denied", "db -> web:53/UDP = allowed by acme/p", "db -> web:53/TCP = denied"},
		},
		"a range is all of it": {
			policies: np("p", "{podSelector: {}, ingress: [{ports: [{port: 8000, endPort: 8100}]}]}"),
			flows:    []string{"db -> web:7999 = denied", "db -> web:8000 = allowed by acme/p", "db -> web:8100 = allowed by acme/p", "db -> web:8101 = denied"},
		},
		"a protocol without a port is every port of it, and no other": {
			policies: np("p", "{podSelector: {}, ingress: [{ports: [{protocol: UDP}]}]}"),
			flows:    []string{"db -> web:*/UDP = allowed by acme/p", "db -> web:1 = denied", "db -> web:* = depends by acme/p"},
			notes:    "allowed on every port/UDP, denied on every port/TCP and on every port/SCTP",
		},
		"every port in parts is every port": {
			policies: np("p", "{podSelector: {}, ingress: [{ports: [{port: 1, endPort: 1000}, {port: 1001, endPort: 65535}]}]}"),
			flows:    []string{"db -> web:*/TCP = allowed by acme/p"},
		},
		"a name is what the pod itself calls so on ingress": {
			policies: np("p", "{podSelector: {}, ingress: [{ports: [{port: http}]}]}"),
			flows:    []string{"db -> web:8080 = allowed by acme/p", "db -> web:9090 = denied", "web -> db:9090 = allowed by acme/p"},
		},
		"and what the destination calls so on egress": {
			policies: np("p", "{podSelector: {}, policyTypes: [Egress], egress: [{ports: [{port: http}]}]}"),
			flows:    []string{"web -> db:9090 = allowed by acme/p", "web -> db:8080 = denied", "web -> other:8080 = denied", "web -> @world:8080 = denied"},
		},
		"a name is of one protocol": {
			policies: np("p", "{podSelector: {}, policyTypes: [Egress], egress: [{ports: [{port: dns}, {port: http, protocol: UDP}]}]}"),
			flows:    []string{"web -> dns:53/UDP = denied", "web -> dns:53/TCP = denied", "web -> db:9090/UDP = denied"},
		},
		"ICMP passes where every port does": {
			policies: all(np("all", "{podSelector: {matchLabels: {app: web}}, ingress: [{from: [{podSelector: {}}]}]}"), np("tcp", "{podSelector: {matchLabels: {app: db}}, ingress: [{ports: [{protocol: TCP}]}]}")),
			flows:    []string{"db -> web:ICMP/EchoRequest = allowed by acme/all", "web -> db:ICMP/EchoRequest = denied"},
			notes:    "enforcers differ",
		},
	})
}

func TestAddresses(t *testing.T) {
	runScenarios(t, map[string]scenario{
		"0.0.0.0/0 and ::/0 match pods, nodes and the apiserver": {
			policies: np("any", "{podSelector: {}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0}}, {ipBlock: {cidr: '::/0'}}]}]}"),
			flows: []string{"web -> other:80 = allowed by acme/any", "web -> @host:80 = allowed by acme/any", "web -> @remote-node:80 = allowed by acme/any", "web -> @kube-apiserver:443 = allowed by acme/any",
				"web -> @world:1 = allowed by acme/any", "web -> api.example.com:443 = allowed by acme/any", "web -> 192.0.2.1:* = allowed by acme/any"},
		},
		"one family is half of a pod that has two": {
			policies: np("v4", "{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0}}]}]}"),
			flows:    []string{"other -> web:80 = depends by acme/v4", "@world -> web:80 = depends by acme/v4", "@world-ipv4 -> web:80 = allowed by acme/v4", "@world-ipv6 -> web:80 = denied", "@remote-node -> web:80 = allowed by acme/v4"},
			notes:    "allowed over IPv4, denied over IPv6",
		},
		"a family that no pod has is decided only if the flow names it": {
			options:  &netpol.Options{PodCIDRs: []string{"10.0.0.0/16"}, NodeCIDRs: []string{"172.20.0.0/24", "2001:db8:f::/64"}},
			policies: np("v4", "{podSelector: {}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0}}]}]}"),
			flows: []string{"web -> other:80 = allowed by acme/v4", "web -> @world:80 = allowed by acme/v4", "web -> @host:80 = allowed by acme/v4", "web -> api.example.com:443 = allowed by acme/v4",
				"web -> @world-ipv6:80 = denied"},
		},
		"a block that has a part of the pods' range depends": {
			policies: np("half", "{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/17}}]}]}"),
			flows:    []string{"other -> web:80 = depends by acme/half", "@world -> web:80 = denied"},
			notes:    "its address is one of 10.0.0.0/16, fd00::/56: what passes is 10.0.0.0/17",
		},
		"parts that are everything together are everything": {
			policies: all(np("a", "{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/17}}, {ipBlock: {cidr: 'fd00::/48'}}]}]}"), np("b", "{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.128.0/17}}]}]}")),
			flows:    []string{"other -> web:80 = allowed by acme/a, acme/b"},
		},
		"a pod that a selector selects needs no address": {
			policies: np("both", "{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/17}}, {podSelector: {}}]}]}"),
			flows:    []string{"db -> web:80 = allowed by acme/both"},
		},
		"exceptions take pods away": {
			policies: np("world", "{podSelector: {}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8, 172.16.0.0/12]}}]}]}"),
			flows:    []string{"web -> other:80 = denied", "web -> @host:80 = denied", "web -> @kube-apiserver:443 = denied", "web -> @world-ipv4:80 = depends by acme/world", "web -> 192.0.2.1:80 = allowed by acme/world"},
			notes:    "its address is any outside the cluster: what passes is 0.0.0.0/5",
		},
		"the world is what is outside of the cluster": {
			options:  &netpol.Options{PodCIDRs: []string{"10.0.0.0/16"}, NodeCIDRs: []string{"172.20.0.0/24"}, ServiceCIDRs: []string{"10.96.0.0/16"}, APIServer: []string{"198.51.100.1"}},
			policies: np("world", "{podSelector: {}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/16, 172.20.0.0/24, 10.96.0.0/16, 198.51.100.1/32]}}]}]}"),
			flows:    []string{"web -> @world:80 = allowed by acme/world", "web -> api.example.com:443 = allowed by acme/world", "web -> other:80 = denied", "web -> @kube-apiserver:443 = denied"},
		},
		"a name is some address of the world": {
			policies: np("some", "{podSelector: {}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 192.0.2.0/24}}]}, {to: [{podSelector: {}}], ports: [{port: 80}]}]}"),
			flows:    []string{"web -> api.example.com:443 = depends by acme/some", "web -> 192.0.2.1:443 = allowed by acme/some", "web -> 192.0.3.1:443 = denied"},
			notes:    "NetworkPolicy knows no names: api.example.com may have any address outside the cluster",
		},
		"a name without an allowed address is denied": {
			policies: np("own", "{podSelector: {}, policyTypes: [Egress], egress: [{to: [{podSelector: {}}]}, {to: [{ipBlock: {cidr: 10.0.0.0/8}}], ports: [{port: 80}]}]}"),
			flows:    []string{"web -> api.example.com:443 = denied"},
		},
		"policies decide about nodes as destinations, and a node reaches its own pods regardless of policies": {
			policies: np("deny", "{podSelector: {}, policyTypes: [Ingress, Egress]}"),
			flows:    []string{"@host -> web:8080 = allowed", "@remote-node -> web:8080 = denied", "web -> @host:80 = denied", "172.20.0.5 -> web:80 = depends", "web -> 172.20.0.5:80 = denied"},
			notes:    "allowed for the pod's own node, denied for another node",
		},
		"the apiserver has its addresses": {
			policies: np("api", "{podSelector: {}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 172.20.0.10/32}}], ports: [{port: 443}]}, {to: [{ipBlock: {cidr: 172.20.0.10/31}}], ports: [{port: 6443}]}]}"),
			flows:    []string{"web -> @kube-apiserver:443 = depends by acme/api", "web -> @kube-apiserver:6443 = allowed by acme/api", "web -> @kube-apiserver:80 = denied", "web -> @remote-node:6443 = depends by acme/api"},
		},
		"an address in the pods' range is some pod's": {
			policies: np("own", "{podSelector: {}, policyTypes: [Egress], egress: [{to: [{podSelector: {}}], ports: [{port: 80}]}, {to: [{ipBlock: {cidr: 10.0.0.0/24}}], ports: [{port: 81}]}, {ports: [{port: sql}]}]}"),
			flows:    []string{"web -> 10.0.1.1:80 = depends by acme/own", "web -> 10.0.0.1:81 = depends by acme/own", "web -> 10.0.1.1:82 = depends by acme/own", "web -> 10.0.1.1:82/UDP = denied", "10.0.1.1 -> web:1 = depends"},
			notes:    "10.0.1.1 is in the range of the pods, and which pod has it is not known",
		},
		"unknown addresses can be any": {
			options: &netpol.Options{},
			policies: all(np("some", "{podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 192.0.2.0/24}}]}]}"),
				np("all", "{podSelector: {matchLabels: {app: db}}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0}}, {ipBlock: {cidr: '::/0'}}]}]}")),
			flows: []string{"web -> other:80 = depends by acme/some", "web -> @host:80 = depends by acme/some", "web -> @kube-apiserver:443 = depends by acme/some", "web -> 192.0.2.1:80 = allowed by acme/some", "web -> 192.0.3.1:80 = denied",
				"db -> other:80 = allowed by acme/all", "db -> @kube-apiserver:443 = allowed by acme/all"},
			notes: "its address is not known: what passes is 192.0.2.0/24",
		},
		"host bits in a block are dropped": {
			policies: np("bits", "{podSelector: {}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 192.0.2.7/24}}]}]}"),
			flows:    []string{"web -> 192.0.2.200:80 = allowed by acme/bits"},
		},
	})
}

func TestUndecidable(t *testing.T) {
	t.Parallel()
	e := build(t, addresses, documents(t, np("deny", "{podSelector: {}, policyTypes: [Ingress, Egress]}")))
	for f, want := range map[string]string{
		"api.example.com -> web:80":    "a DNS name cannot be the source",
		"@ingress -> web:80":           "only Cilium has the entity",
		"web -> @health:80":            "only Cilium has the entity",
		"web -> @cluster:80":           "many endpoints",
		"web -> @moon:80":              "unknown entity",
		"web -> 10.96.0.1:443":         "a Service's address",
		"web -> 1.2.3:80":              "not an IP address",
		"web -> a..b:80":               "not a DNS name",
		"db -> web:ICMP/Unheard":       "unknown ICMP type",
		"other -> @world-ipv4:80/ANY":  "is not TCP, UDP or SCTP",
		"other -> team:ICMP/Unheard":   "unknown ICMP type",
		"@world -> [2001:db8::1]:80/X": "is not TCP, UDP or SCTP",
	} {
		_, err := e.Decide(parseFlow(t, f))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got error %v, want %q", f, err, want)
		}
	}
	if _, err := e.Decide(flow.Flow{From: endpoints.Endpoint{Kind: endpoints.PodEndpoint, Name: "x"}, To: pods["web"], Port: 1}); err == nil {
		t.Error("a pod without a namespace was decided")
	}
	full := build(t, netpol.Options{PodCIDRs: []string{"0.0.0.0/0", "::/0"}}, nil)
	if _, err := full.Decide(parseFlow(t, "web -> @world:80")); err == nil || !strings.Contains(err.Error(), "has no address") {
		t.Errorf("with no address left for the world: got %v", err)
	}
}

func TestNonPodEndpointsAreNotDecided(t *testing.T) {
	t.Parallel()
	e := build(t, addresses, nil)
	v, err := e.Decide(parseFlow(t, "@world -> 192.0.2.1:80"))
	if err != nil || v.Egress.Decision != flow.NotEnforced || v.Ingress.Decision != flow.NotEnforced {
		t.Errorf("got %v %v", v, err)
	}
}

func TestInvalidOptions(t *testing.T) {
	t.Parallel()
	for _, opts := range []netpol.Options{{PodCIDRs: []string{"10.0.0.0"}, NodeCIDRs: []string{"10.0.0.0/33"}}, {APIServer: []string{"api.example.com"}}, {ServiceCIDRs: []string{"::ffff:10.0.0.0/112"}}} {
		if _, err := newEngine(opts, nil, nil); err == nil || !strings.Contains(err.Error(), "networks of ") {
			t.Errorf("%v: got %v", opts, err)
		}
	}
}
