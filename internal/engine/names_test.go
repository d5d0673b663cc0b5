package engine_test

import (
	"fmt"
	"testing"
)

// proxiedDNS returns a policy that sends DNS through the proxy and allows these patterns.
func proxiedDNS(name, patterns string) string {
	return cnp(name, `{endpointSelector: {}, egress: [{toEndpoints: [{matchLabels: {io.kubernetes.pod.namespace: kube-system, k8s-app: kube-dns}}],
  toPorts: [{ports: [{port: "53", protocol: UDP}, {port: "53", protocol: TCP}], rules: {dns: [`+patterns+`]}}]}]}`)
}

// plainDNSTo allows the DNS ports without DNS rules.
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
		"a name is allowed if DNS goes through the proxy": {
			policies: all(openai, proxiedDNS("dns", anyName)),
			flows: []string{"web -> api.openai.com:443 = allowed by acme/llm", "web -> API.OpenAI.com.:443 = allowed by acme/llm",
				"web -> api.openai.com:80 = denied", "web -> evil.example:443 = denied", "web -> 192.0.2.1:443 = denied", "web -> dns:53/UDP = allowed by acme/dns"},
		},
		"a name matches networks that contain every address": {
			policies: all(cnp("halves", `{endpointSelector: {}, egress: [{toCIDR: [0.0.0.0/1, 128.0.0.0/2, 192.0.0.0/2, "::/1", "8000::/1"], toPorts: [{ports: [{port: "443", protocol: TCP}]}]}]}`),
				cnp("one", `{endpointSelector: {}, egressDeny: [{toCIDR: [198.51.100.0/24]}]}`)),
			flows: []string{"web -> evil.example:443 = allowed by acme/halves", "web -> @world:443 = allowed by acme/halves", "web -> evil.example:80 = denied", "web -> 198.51.100.1:443 = denied by acme/one"},
		},
		"a name depends if networks with every address differ": {
			policies: all(cnp("half", `{endpointSelector: {}, egress: [{toCIDR: [0.0.0.0/1], toPorts: [{ports: [{port: "443", protocol: TCP}]}]}]}`),
				cnp("other", `{endpointSelector: {}, egressDeny: [{toCIDR: [128.0.0.0/1]}]}`)),
			flows: []string{"web -> evil.example:443 = depends by acme/half, acme/other"},
			notes: "at 0.0.0.0",
		},
		"a name matches no network if an address is outside of them": {
			policies: cnp("most", `{endpointSelector: {}, egress: [{toCIDR: [0.0.0.0/1, 128.0.0.0/2, "::/1", "8000::/1"], toPorts: [{ports: [{port: "443", protocol: TCP}]}]}]}`),
			flows:    []string{"web -> @world-ipv4:443 = denied", "web -> @world-ipv6:443 = allowed by acme/most"},
		},
		"without DNS rules a name is denied": {
			policies: openai,
			flows:    []string{"web -> api.openai.com:443 = denied"},
			notes:    "the name is never resolved through the DNS proxy: acme/llm would allow api.openai.com",
		},
		"DNS that is allowed without DNS rules bypasses the proxy": {
			policies: all(openai, cnp("dns", fmt.Sprintf(plainDNSTo, kubeDNS))),
			flows:    []string{"web -> api.openai.com:443 = denied", "web -> dns:53/UDP = allowed by acme/dns"},
			notes:    "never resolved",
		},
		"the DNS rules must allow the name": {
			policies: all(openai, proxiedDNS("dns", `{matchPattern: "*.example.com"}`)),
			flows:    []string{"web -> api.openai.com:443 = denied"},
			notes:    "never resolved",
		},
		"the DNS rule must be for the pods that use the name": {
			policies: all(openai, cnp("dns", `{endpointSelector: {matchLabels: {app: db}}, egress: [{toEndpoints: [`+kubeDNS+`], toPorts: [{ports: [{port: "53", protocol: ANY}], rules: {dns: [`+anyName+`]}}]}]}`)),
			flows:    []string{"db -> api.openai.com:443 = allowed by acme/llm", "web -> api.openai.com:443 = denied"},
		},
		"DNS rules for TCP only are not sufficient": {
			policies: all(openai, cnp("dns", `{endpointSelector: {}, egress: [{toEndpoints: [`+kubeDNS+`], toPorts: [{ports: [{port: "53", protocol: TCP}], rules: {dns: [`+anyName+`]}}]}]}`)),
			flows:    []string{"web -> api.openai.com:443 = denied"},
			notes:    "over UDP",
		},
		"a DNS server outside the known pods is sufficient": {
			policies: all(openai, cnp("dns", `{endpointSelector: {}, egress: [{toCIDR: [169.254.20.10/32], toPorts: [{ports: [{port: "53", protocol: UDP}], rules: {dns: [`+anyName+`]}}]}]}`)),
			flows:    []string{"web -> api.openai.com:443 = allowed by acme/llm"},
		},
		"a denied DNS server resolves nothing": {
			policies: all(openai, proxiedDNS("dns", anyName), cnp("shut", "{endpointSelector: {}, egressDeny: [{toEndpoints: ["+kubeDNS+"]}]}")),
			flows:    []string{"web -> api.openai.com:443 = denied", "web -> dns:53/UDP = denied by acme/shut"},
		},
		"an allow of world does not require DNS": {
			policies: all(openai, cnp("world", "{endpointSelector: {}, egress: [{toEntities: [world]}]}")),
			flows:    []string{"web -> api.openai.com:443 = allowed by acme/world"},
		},
		"without isolation names are allowed": {
			policies: cnp("llm", `{endpointSelector: {}, enableDefaultDeny: {egress: false}, egress: [{toFQDNs: [{matchName: api.openai.com}]}]}`),
			flows:    []string{"web -> api.openai.com:443 = allowed", "web -> evil.example:443 = allowed"},
		},
		"* matches part of one label": {
			policies: all(toNames("cdn", `{matchPattern: "*.cdn.example"}`), proxiedDNS("dns", anyName)),
			flows: []string{"web -> a.cdn.example:443 = allowed by acme/cdn", "web -> cdn.example:443 = denied",
				"web -> a.b.cdn.example:443 = denied", "web -> acdn.example:443 = denied"},
		},
		"**. matches one or more labels": {
			policies: all(toNames("cdn", `{matchPattern: "**.cdn.example"}`), proxiedDNS("dns", anyName)),
			flows:    []string{"web -> a.cdn.example:443 = allowed by acme/cdn", "web -> a.b.cdn.example:443 = allowed by acme/cdn", "web -> cdn.example:443 = denied"},
		},
		"a name without ports allows every port": {
			policies: all(cnp("any", "{endpointSelector: {}, egress: [{toFQDNs: [{matchName: api.openai.com}]}]}"), proxiedDNS("dns", anyName)),
			flows:    []string{"web -> api.openai.com:22 = allowed by acme/any"},
		},
		"a name is allowed only for the pods of its policy": {
			policies: all(openai, proxiedDNS("dns", anyName), in("beta", "llm", `{endpointSelector: {}, egress: [{toFQDNs: [{matchName: other.example}]}]}`)),
			flows:    []string{"web -> other.example:443 = denied", "other -> api.openai.com:443 = denied"},
		},
	})
}

// TestDNSRulesWithOtherAllows checks which other allows to DNS servers shadow DNS rules.
func TestDNSRulesWithOtherAllows(t *testing.T) {
	one := proxiedDNS("dns", `{matchName: api.openai.com}`)
	names := toNames("out", "{matchName: api.openai.com}, {matchName: evil.example}")
	runScenarios(t, map[string]scenario{
		"DNS rules alone allow only their names": {
			policies: all(names, one),
			flows:    []string{"web -> api.openai.com:443 = allowed by acme/out", "web -> evil.example:443 = denied"},
		},
		"an L4-only allow for the same peer keeps the proxy and allows every name": {
			policies: all(names, one, cnp("plain", fmt.Sprintf(plainDNSTo, kubeDNS))),
			flows: []string{"web -> api.openai.com:443 = allowed by acme/out", "web -> evil.example:443 = allowed by acme/out",
				"web -> dns:53/UDP = allowed by acme/dns, acme/plain"},
		},
		"an L4-only allow for a wider peer allows every name": {
			policies: all(names, one, cnp("plain", fmt.Sprintf(plainDNSTo, kubeSystem))),
			flows:    []string{"web -> api.openai.com:443 = allowed by acme/out", "web -> evil.example:443 = allowed by acme/out"},
		},
		"an L4-only allow for every peer allows every name": {
			policies: all(names, one, cnp("plain", `{endpointSelector: {}, egress: [{toPorts: [{ports: [{port: "53", protocol: ANY}]}]}]}`)),
			flows:    []string{"web -> api.openai.com:443 = allowed by acme/out", "web -> evil.example:443 = allowed by acme/out"},
		},
		"a NetworkPolicy allows every name": {
			policies: all(names, one, netpol("plain", `{podSelector: {}, policyTypes: [Egress], egress: [{to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}}], ports: [{port: 53, protocol: UDP}]}]}`)),
			flows:    []string{"web -> api.openai.com:443 = allowed by acme/out", "web -> evil.example:443 = allowed by acme/out"},
		},
		"an allow without ports keeps the restriction": {
			policies: all(names, one, cnp("plain", "{endpointSelector: {}, egress: [{toEndpoints: ["+kubeDNS+"]}]}")),
			flows:    []string{"web -> api.openai.com:443 = allowed by acme/out", "web -> evil.example:443 = denied"},
		},
		"an allow of a port range keeps the restriction": {
			policies: all(names, one, cnp("plain", `{endpointSelector: {}, egress: [{toEndpoints: [`+kubeDNS+`], toPorts: [{ports: [{port: "50", endPort: 60, protocol: UDP}]}]}]}`)),
			flows:    []string{"web -> api.openai.com:443 = allowed by acme/out", "web -> evil.example:443 = denied"},
		},
		"without isolation DNS rules allow every name": {
			policies: cnp("dns", `{endpointSelector: {}, enableDefaultDeny: {egress: false}, egress: [{toEndpoints: [`+kubeDNS+`],
  toPorts: [{ports: [{port: "53", protocol: ANY}], rules: {dns: [{matchName: api.openai.com}]}}]}]}`),
			flows: []string{"web -> evil.example:443 = allowed"},
		},
	})
}
