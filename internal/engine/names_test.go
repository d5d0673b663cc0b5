package engine_test

import (
	"fmt"
	"testing"
)

// proxiedDNS sends DNS through the proxy, for any name of these patterns.
func proxiedDNS(name, patterns string) string {
	return cnp(name, `{endpointSelector: {}, egress: [{toEndpoints: [{matchLabels: {io.kubernetes.pod.namespace: kube-system, k8s-app: kube-dns}}],
  toPorts: [{ports: [{port: "53", protocol: UDP}, {port: "53", protocol: TCP}], rules: {dns: [`+patterns+`]}}]}]}`)
}

// plainDNS lets DNS pass on its ports only.
const plainDNSTo = `{endpointSelector: {}, egress: [{toEndpoints: [%s], toPorts: [{ports: [{port: "53", protocol: UDP}, {port: "53", protocol: TCP}]}]}]}`

const (
	kubeDNS    = "{matchLabels: {io.kubernetes.pod.namespace: kube-system, k8s-app: kube-dns}}"
	kubeSystem = "{matchLabels: {io.kubernetes.pod.namespace: kube-system}}"
)

func toNames(name, fqdns string) string {
	return cnp(name, `{endpointSelector: {}, egress: [{toFQDNs: [`+fqdns+`], toPorts: [{ports: [{port: "443", protocol: TCP}]}]}]}`)
}

func TestNames(t *testing.T) {
	const anyName = `{matchPattern: "*"}`
	openai := toNames("llm", "{matchName: api.openai.com}")
	runScenarios(t, map[string]scenario{
		"a name works where DNS goes through the proxy": {
			policies: all(openai, proxiedDNS("dns", anyName)),
			flows: []string{"web -> api.openai.com:443 = allowed by acme/llm", "web -> API.OpenAI.com.:443 = allowed by acme/llm",
				"web -> api.openai.com:80 = denied", "web -> evil.example:443 = denied", "web -> 192.0.2.1:443 = denied", "web -> dns:53/UDP = allowed by acme/dns"},
		},
		"a name is in networks that hold every address": {
			policies: all(cnp("halves", `{endpointSelector: {}, egress: [{toCIDR: [0.0.0.0/1, 128.0.0.0/2, 192.0.0.0/2, "::/1", "8000::/1"], toPorts: [{ports: [{port: "443", protocol: TCP}]}]}]}`),
				cnp("one", `{endpointSelector: {}, egressDeny: [{toCIDR: [198.51.100.0/24]}]}`)),
			flows: []string{"web -> evil.example:443 = allowed by acme/halves", "web -> @world:443 = allowed by acme/halves", "web -> evil.example:80 = denied", "web -> 198.51.100.1:443 = denied by acme/one"},
		},
		"which may differ": {
			policies: all(cnp("half", `{endpointSelector: {}, egress: [{toCIDR: [0.0.0.0/1], toPorts: [{ports: [{port: "443", protocol: TCP}]}]}]}`),
				cnp("other", `{endpointSelector: {}, egressDeny: [{toCIDR: [128.0.0.0/1]}]}`)),
			flows: []string{"web -> evil.example:443 = depends by acme/half, acme/other"},
			notes: "at 0.0.0.0",
		},
		"and is in none where some address is outside": {
			policies: cnp("most", `{endpointSelector: {}, egress: [{toCIDR: [0.0.0.0/1, 128.0.0.0/2, "::/1", "8000::/1"], toPorts: [{ports: [{port: "443", protocol: TCP}]}]}]}`),
			flows:    []string{"web -> @world-ipv4:443 = denied", "web -> @world-ipv6:443 = allowed by acme/most"},
		},
		"without DNS rules a name never works": {
			policies: openai,
			flows:    []string{"web -> api.openai.com:443 = denied"},
			notes:    "the name is never resolved through the DNS proxy: acme/llm would allow api.openai.com",
		},
		"DNS that passes on its ports only is not seen by the proxy": {
			policies: all(openai, cnp("dns", fmt.Sprintf(plainDNSTo, kubeDNS))),
			flows:    []string{"web -> api.openai.com:443 = denied", "web -> dns:53/UDP = allowed by acme/dns"},
			notes:    "never resolved",
		},
		"the DNS rules must admit the name": {
			policies: all(openai, proxiedDNS("dns", `{matchPattern: "*.example.com"}`)),
			flows:    []string{"web -> api.openai.com:443 = denied"},
			notes:    "never resolved",
		},
		"the DNS rule must be for the pods that use the name": {
			policies: all(openai, cnp("dns", `{endpointSelector: {matchLabels: {app: db}}, egress: [{toEndpoints: [`+kubeDNS+`], toPorts: [{ports: [{port: "53", protocol: ANY}], rules: {dns: [`+anyName+`]}}]}]}`)),
			flows:    []string{"db -> api.openai.com:443 = allowed by acme/llm", "web -> api.openai.com:443 = denied"},
		},
		"DNS through the proxy over TCP alone does not do": {
			policies: all(openai, cnp("dns", `{endpointSelector: {}, egress: [{toEndpoints: [`+kubeDNS+`], toPorts: [{ports: [{port: "53", protocol: TCP}], rules: {dns: [`+anyName+`]}}]}]}`)),
			flows:    []string{"web -> api.openai.com:443 = denied"},
			notes:    "over UDP",
		},
		"a DNS server that is none of the known pods counts": {
			policies: all(openai, cnp("dns", `{endpointSelector: {}, egress: [{toCIDR: [169.254.20.10/32], toPorts: [{ports: [{port: "53", protocol: UDP}], rules: {dns: [`+anyName+`]}}]}]}`)),
			flows:    []string{"web -> api.openai.com:443 = allowed by acme/llm"},
		},
		"a denied DNS server resolves nothing": {
			policies: all(openai, proxiedDNS("dns", anyName), cnp("shut", "{endpointSelector: {}, egressDeny: [{toEndpoints: ["+kubeDNS+"]}]}")),
			flows:    []string{"web -> api.openai.com:443 = denied", "web -> dns:53/UDP = denied by acme/shut"},
		},
		"what reaches the world needs no DNS": {
			policies: all(openai, cnp("world", "{endpointSelector: {}, egress: [{toEntities: [world]}]}")),
			flows:    []string{"web -> api.openai.com:443 = allowed by acme/world"},
		},
		"where egress is open, names are too": {
			policies: cnp("llm", `{endpointSelector: {}, enableDefaultDeny: {egress: false}, egress: [{toFQDNs: [{matchName: api.openai.com}]}]}`),
			flows:    []string{"web -> api.openai.com:443 = allowed", "web -> evil.example:443 = allowed"},
		},
		"* stands for part of one label": {
			policies: all(toNames("cdn", `{matchPattern: "*.cdn.example"}`), proxiedDNS("dns", anyName)),
			flows: []string{"web -> a.cdn.example:443 = allowed by acme/cdn", "web -> cdn.example:443 = denied",
				"web -> a.b.cdn.example:443 = denied", "web -> acdn.example:443 = denied"},
		},
		"**. stands for one or more labels": {
			policies: all(toNames("cdn", `{matchPattern: "**.cdn.example"}`), proxiedDNS("dns", anyName)),
			flows:    []string{"web -> a.cdn.example:443 = allowed by acme/cdn", "web -> a.b.cdn.example:443 = allowed by acme/cdn", "web -> cdn.example:443 = denied"},
		},
		"without ports a name opens every port": {
			policies: all(cnp("any", "{endpointSelector: {}, egress: [{toFQDNs: [{matchName: api.openai.com}]}]}"), proxiedDNS("dns", anyName)),
			flows:    []string{"web -> api.openai.com:22 = allowed by acme/any"},
		},
		"a name of one policy is no name of another's pods": {
			policies: all(openai, proxiedDNS("dns", anyName), in("beta", "llm", `{endpointSelector: {}, egress: [{toFQDNs: [{matchName: other.example}]}]}`)),
			flows:    []string{"web -> other.example:443 = denied", "other -> api.openai.com:443 = denied"},
		},
	})
}

// What becomes of DNS rules beside other allows to the DNS servers.
func TestDNSRulesBesideOtherAllows(t *testing.T) {
	one := proxiedDNS("dns", `{matchName: api.openai.com}`)
	names := toNames("out", "{matchName: api.openai.com}, {matchName: evil.example}")
	runScenarios(t, map[string]scenario{
		"alone they admit their names only": {
			policies: all(names, one),
			flows:    []string{"web -> api.openai.com:443 = allowed by acme/out", "web -> evil.example:443 = denied"},
		},
		"an L4-only allow to the same peer keeps the proxy and admits every name": {
			policies: all(names, one, cnp("plain", fmt.Sprintf(plainDNSTo, kubeDNS))),
			flows: []string{"web -> api.openai.com:443 = allowed by acme/out", "web -> evil.example:443 = allowed by acme/out",
				"web -> dns:53/UDP = allowed by acme/dns, acme/plain"},
		},
		"so does one to a wider peer": {
			policies: all(names, one, cnp("plain", fmt.Sprintf(plainDNSTo, kubeSystem))),
			flows:    []string{"web -> api.openai.com:443 = allowed by acme/out", "web -> evil.example:443 = allowed by acme/out"},
		},
		"so does one to everybody": {
			policies: all(names, one, cnp("plain", `{endpointSelector: {}, egress: [{toPorts: [{ports: [{port: "53", protocol: ANY}]}]}]}`)),
			flows:    []string{"web -> api.openai.com:443 = allowed by acme/out", "web -> evil.example:443 = allowed by acme/out"},
		},
		"so does a NetworkPolicy": {
			policies: all(names, one, netpol("plain", `{podSelector: {}, policyTypes: [Egress], egress: [{to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}}], ports: [{port: 53, protocol: UDP}]}]}`)),
			flows:    []string{"web -> api.openai.com:443 = allowed by acme/out", "web -> evil.example:443 = allowed by acme/out"},
		},
		"one without ports leaves them as they are": {
			policies: all(names, one, cnp("plain", "{endpointSelector: {}, egress: [{toEndpoints: ["+kubeDNS+"]}]}")),
			flows:    []string{"web -> api.openai.com:443 = allowed by acme/out", "web -> evil.example:443 = denied"},
		},
		"one of a range of ports leaves them as they are": {
			policies: all(names, one, cnp("plain", `{endpointSelector: {}, egress: [{toEndpoints: [`+kubeDNS+`], toPorts: [{ports: [{port: "50", endPort: 60, protocol: UDP}]}]}]}`)),
			flows:    []string{"web -> api.openai.com:443 = allowed by acme/out", "web -> evil.example:443 = denied"},
		},
		"where egress is open they admit every name": {
			policies: cnp("dns", `{endpointSelector: {}, enableDefaultDeny: {egress: false}, egress: [{toEndpoints: [`+kubeDNS+`],
  toPorts: [{ports: [{port: "53", protocol: ANY}], rules: {dns: [{matchName: api.openai.com}]}}]}]}`),
			flows: []string{"web -> evil.example:443 = allowed"},
		},
	})
}
