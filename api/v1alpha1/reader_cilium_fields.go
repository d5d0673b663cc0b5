package v1alpha1

import "k8s.io/kube-openapi/pkg/validation/spec"

// ciliumFields are fields of Cilium's own policies that people try beside those of ours, and
// what to write instead.
var ciliumFields = []struct {
	names []string
	// sibling is a field of ours that tells where they are tried.
	sibling, replacement string
}{
	{[]string{"kafka"}, "ports", "Cilium 1.20 removed Kafka rules, and lets everything pass where they stood: write ports: [{port: 9092}], and have the brokers' own ACLs say who may use which topics"},
	{[]string{"pathRegex"}, "method", "nor has Cilium one, and lets every request pass where it stands alone: write path, which is a regular expression"},
	{[]string{"headerMatches"}, "method", `write headers: ["Name: value"], or ["Name"] for any value`},
	{[]string{"toPorts"}, "ports", "write ports: [{port: 443}], and what is spoken there beside them, as http or dns"},
	{[]string{"rules"}, "ports", "write what is spoken on the ports beside them, as http or dns"},
	{[]string{"terminatingTLS", "originatingTLS"}, "via", "write tls: {terminating: {namespace: x, name: y}, originating: {namespace: x, name: z}}"},
	{[]string{"serverNames"}, "via", "write tls: {serverNames: [api.example.com]}"},
	{[]string{"endpointSelector"}, "ports", "write pods: {matchLabels: {…}}"},
	{[]string{"toEndpoints", "toEntities", "toServices", "toCIDR", "toCIDRSet", "toFQDNs"}, "to", "write its peers in to, as [{tenant: beta}, {namespace: x}, {service: x/web}, {entities: [world]}, {cidrs: [192.0.2.0/24]}, {fqdns: [api.example.com]}]"},
	{[]string{"fromEndpoints", "fromEntities", "fromCIDR", "fromCIDRSet"}, "from", "write its peers in from, as [{tenant: beta}, {namespace: x}, {entities: [world]}, {cidrs: [192.0.2.0/24]}]"},
	{[]string{"to"}, "from", "an ingress flow says who may connect, in from, as [{tenant: beta}, {entities: [world]}, {cidrs: [192.0.2.0/24]}]; who is reached are the flow's own pods or nodes: leave it out"},
	{[]string{"from"}, "to", "an egress flow says who may be reached, in to, as [{tenant: beta}, {fqdns: [api.example.com]}, {cidrs: [192.0.2.0/24]}]; who connects are the flow's own pods or nodes: leave it out"},
	{[]string{"ingressDeny", "egressDeny"}, "ingress", "what no flow lets pass is denied: leave it out"},
}

// replacement says what to write for a field of Cilium's, or of the other direction, and which
// field is then meant.
func replacement(name string, s *spec.Schema) (write, suggested string, known bool) {
	for _, f := range ciliumFields {
		_, sibling := s.Properties[f.sibling]
		for _, n := range f.names {
			if n == name && sibling {
				return f.replacement, f.sibling, true
			}
		}
	}
	return "", "", false
}
