package engine_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/engine"
)

// rejection reports what refuses a policy: the parser of the agent, or the schema of the
// apiserver.
type rejection struct{ agent, schema bool }

func (r rejection) String() string {
	return fmt.Sprintf("refused by the agent: %t, by the schema: %t", r.agent, r.schema)
}

var (
	byAgent  = rejection{agent: true}
	bySchema = rejection{schema: true}
	byBoth   = rejection{true, true}
)

func TestRejectedByCilium(t *testing.T) {
	ingress := func(rule string) string { return "{endpointSelector: {}, ingress: [{" + rule + "}]}" }
	egress := func(rule string) string { return "{endpointSelector: {}, egress: [{" + rule + "}]}" }
	ports := func(ports, more string) string { return "toPorts: [{ports: [" + ports + "]" + more + "}]" }
	const tcp, udp = `{port: "80", protocol: TCP}`, `{port: "53", protocol: UDP}`
	checkRejections(t, map[string]rejectionCase{
		"40 ports":                                    {ingress(ports(strings.Repeat(tcp+",", 39)+tcp, "")), rejection{}},
		"more than 40 ports in one toPorts":           {ingress(ports(strings.Repeat(tcp+",", 40)+tcp, "")), byBoth},
		"toCIDR with toCIDRSet":                       {egress("toCIDR: [192.0.2.0/24], toCIDRSet: [{cidr: 198.51.100.0/24}]"), byAgent},
		"fromEndpoints with fromEntities":             {ingress("fromEndpoints: [{}], fromEntities: [host]"), byAgent},
		"toFQDNs with toEndpoints":                    {egress("toFQDNs: [{matchName: a.example}], toEndpoints: [{}]"), byAgent},
		"toFQDNs with toCIDR":                         {egress("toFQDNs: [{matchName: a.example}], toCIDR: [192.0.2.0/24]"), byAgent},
		"icmps with toPorts":                          {ingress(ports(tcp, "") + ", icmps: [{fields: [{type: 8}]}]"), byAgent},
		"L7 in a deny rule":                           {"{endpointSelector: {}, ingressDeny: [{" + ports(tcp, ", rules: {http: [{method: GET}]}") + "}]}", bySchema},
		"toFQDNs on ingress":                          {ingress("toFQDNs: [{matchName: a.example}]"), bySchema},
		"toFQDNs in a deny rule":                      {"{endpointSelector: {}, egressDeny: [{toFQDNs: [{matchName: a.example}]}]}", bySchema},
		"a name and a pattern":                        {egress(`toFQDNs: [{matchName: a.example, matchPattern: "*.example"}]`), byBoth},
		"neither a name nor a pattern":                {egress("toFQDNs: [{}]"), bySchema},
		"a name that is too long":                     {egress("toFQDNs: [{matchName: " + strings.Repeat("a", 256) + "}]"), byBoth},
		"a name with a space":                         {egress("toFQDNs: [{matchName: a b.example}]"), byBoth},
		"a name with two dots":                        {egress("toFQDNs: [{matchName: a..example}]"), bySchema},
		"DNS rules on ingress":                        {ingress(ports(udp, ", rules: {dns: [{matchName: a.example}]}")), byAgent},
		"DNS rules without a port":                    {egress("toPorts: [{rules: {dns: [{matchName: a.example}]}}]"), byAgent},
		"DNS rules on a range":                        {egress(ports(`{port: "53", endPort: 54, protocol: UDP}`, ", rules: {dns: [{matchName: a.example}]}")), byAgent},
		"HTTP on every protocol":                      {ingress(ports(`{port: "80"}`, ", rules: {http: [{}]}")), byAgent},
		"HTTP on UDP":                                 {ingress(ports(udp, ", rules: {http: [{}]}")), byAgent},
		"HTTP and DNS":                                {egress(ports(tcp, ", rules: {http: [{}], dns: [{matchName: a.example}]}")), byBoth},
		"rules that are empty":                        {ingress(ports(tcp, ", rules: {}")), bySchema},
		"an expression that does not compile":         {ingress(ports(tcp, `, rules: {http: [{path: "("}]}`)), byAgent},
		"a port that is a number":                     {ingress(ports(`{port: 80, protocol: TCP}`, "")), byBoth},
		"a port name of 16 characters":                {ingress(ports(`{port: abcdefghijklmnop, protocol: TCP}`, "")), byAgent},
		"a port beyond 65535":                         {ingress(ports(`{port: "65536", protocol: TCP}`, "")), byAgent},
		"a protocol in lower case":                    {ingress(ports(`{port: "80", protocol: tcp}`, "")), bySchema},
		"a CIDR without a mask":                       {egress("toCIDR: [192.0.2.1]"), bySchema},
		"a CIDR of a set without a mask":              {egress("toCIDRSet: [{cidr: 192.0.2.1}]"), byBoth},
		"an exception outside of its CIDR":            {egress("toCIDRSet: [{cidr: 192.0.2.0/24, except: [198.51.100.0/25]}]"), byAgent},
		"an unknown entity":                           {ingress("fromEntities: [moon]"), byBoth},
		"nodeSelector in a namespace":                 {"{nodeSelector: {}, ingress: [{}]}", byAgent},
		"no selector at all":                          {"{ingress: [{}]}", byBoth},
		"both selectors":                              {"{endpointSelector: {}, nodeSelector: {}, ingress: [{}]}", byBoth},
		"two colons in a label's key":                 {ingress(`fromEndpoints: [{matchLabels: {"k8s:a:b": c}}]`), byAgent},
		"a label's value of 64 characters":            {ingress("fromEndpoints: [{matchLabels: {app: " + strings.Repeat("a", 64) + "}}]"), byBoth},
		"a label value that YAML reads as a bool":     {ingress("fromEndpoints: [{matchLabels: {app: n}}]"), byBoth},
		"In without values":                           {ingress("fromEndpoints: [{matchExpressions: [{key: app, operator: In, values: []}]}]"), byAgent},
		"an unknown operator":                         {ingress("fromEndpoints: [{matchExpressions: [{key: app, operator: Like, values: [a]}]}]"), byBoth},
		"a log of 33 characters":                      {"{endpointSelector: {}, ingress: [{}], log: {value: " + strings.Repeat("a", 33) + "}}", bySchema},
		"fromNodes without the agent's flag":          {ingress("fromNodes: [{}]"), byAgent},
		"toNodes without the agent's flag":            {egress("toNodes: [{}]"), byAgent},
		"the removed field fromRequires":              {ingress("fromRequires: [{}]"), byBoth},
		"enableDefaultDeny that is a bool":            {"{endpointSelector: {}, enableDefaultDeny: true, ingress: [{}]}", byBoth},
		"no rules at all":                             {"{endpointSelector: {}}", byBoth},
		"empty lists of rules":                        {"{endpointSelector: {}, ingress: [], egress: []}", byAgent},
		"two ICMP families in one type are two types": {ingress("icmps: [{fields: [{type: EchoRequest}]}]"), rejection{}},
		"an unknown ICMP type":                        {ingress("icmps: [{fields: [{type: Hello}]}]"), byBoth},
	})
}

// TestAcceptedByCiliumButWrong checks specs that Cilium accepts with an unexpected result.
func TestAcceptedByCiliumButWrong(t *testing.T) {
	checkRejections(t, map[string]rejectionCase{
		"host bits":                                 {"{endpointSelector: {}, egress: [{toCIDR: [10.1.2.3/8]}]}", rejection{}},
		"an exception of the whole network":         {"{endpointSelector: {}, egress: [{toCIDRSet: [{cidr: 192.0.2.0/24, except: [192.0.2.0/24]}]}]}", rejection{}},
		"endPort below port":                        {`{endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: "80", endPort: 70, protocol: TCP}]}]}]}`, rejection{}},
		"http: []":                                  {`{endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: "80", protocol: TCP}], rules: {http: []}}]}]}`, rejection{}},
		"a misspelt key in a selector":              {"{endpointSelector: {matchLabel: {app: db}}, ingress: [{}]}", bySchema},
		"an empty list of peers":                    {"{endpointSelector: {}, ingress: [{fromEndpoints: []}]}", rejection{}},
		"default-deny of a direction without rules": {"{endpointSelector: {}, enableDefaultDeny: {egress: true}, ingress: [{}]}", rejection{}},
		"kafka":                     {`{endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: "80", protocol: TCP}], rules: {kafka: [{role: produce}]}}]}]}`, bySchema},
		"pathRegex":                 {`{endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: "80", protocol: TCP}], rules: {http: [{pathRegex: "/"}]}}]}]}`, bySchema},
		"pods of another namespace": {"{endpointSelector: {matchLabels: {io.kubernetes.pod.namespace: beta}}, ingress: [{}]}", rejection{}},
	})
	runScenarios(t, map[string]scenario{
		"an exception of the whole network matches nothing": {
			policies: cnp("out", "{endpointSelector: {}, egress: [{toCIDRSet: [{cidr: 192.0.2.0/24, except: [192.0.2.0/24]}]}]}"),
			flows:    []string{"web -> 192.0.2.1:443 = denied"},
		},
		"kafka allows everything on the port": {
			policies: ingress("queue", fromDB+`, toPorts: [{ports: [{port: "9092", protocol: TCP}], rules: {kafka: [{role: produce}]}}]`),
			flows:    []string{"db -> web:9092 = allowed by acme/queue", "blue -> web:9092 = denied"},
		},
		"pathRegex allows every path": {
			policies: ingress("http", fromDB+", "+onHTTPOnly(`{pathRegex: /v1}`)),
			flows:    []string{"db -> web:8080 DELETE /v2 = allowed by acme/http"},
		},
		"a misspelt key selects everything": {
			policies: cnp("typo", "{endpointSelector: {matchLabel: {app: db}}, ingress: [{}]}"),
			flows:    []string{"db -> web:8080 = denied", "web -> db:8080 = denied"},
		},
	})
}

type rejectionCase struct {
	spec string
	want rejection
}

func checkRejections(t *testing.T, cases map[string]rejectionCase) {
	t.Helper()
	for desc, c := range cases {
		t.Run(desc, func(t *testing.T) {
			t.Parallel()
			docs := documents(t, cnp("it", c.spec))
			_, agent := newEngine(engine.Options{Agent: cilium.AllFeatures()}, docs, nil)
			schema := engine.Validate(docs[0])
			if got := (rejection{agent != nil, schema != nil}); got != c.want {
				t.Errorf("%s\ngot  %v: %v, %v\nwant %v", c.spec, got, agent, schema, c.want)
			}
		})
	}
}
