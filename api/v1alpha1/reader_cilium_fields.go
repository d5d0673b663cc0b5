package v1alpha1

import "k8s.io/kube-openapi/pkg/validation/spec"

// ciliumFields are fields of CiliumNetworkPolicies that authors may try in flows, with the
// fields that replace them.
var ciliumFields = []struct {
	names []string
	// sibling is a field of the objects in which authors may try them.
	sibling, replacement string
}{
	{[]string{"kafka"}, "ports", "Cilium 1.20 removed Kafka rules, and allows all traffic in their place: set ports: [{port: 9092}], and restrict topics by the ACLs of the brokers"},
	{[]string{"pathRegex"}, "method", "Cilium does not have it either, and allows every request if a rule has nothing else: set path, which is a regular expression"},
	{[]string{"headerMatches"}, "method", `set headers: ["Name: value"], or ["Name"] for any value`},
	{[]string{"toPorts"}, "ports", "set ports: [{port: 443}], and L7 rules in http or dns"},
	{[]string{"rules"}, "ports", "set L7 rules in http or dns"},
	{[]string{"terminatingTLS", "originatingTLS"}, "via", "set tls: {terminating: {namespace: x, name: y}, originating: {namespace: x, name: z}}"},
	{[]string{"serverNames"}, "via", "set tls: {serverNames: [api.example.com]}"},
	{[]string{"endpointSelector"}, "ports", "set pods: {matchLabels: {…}}"},
	{[]string{"toEndpoints", "toEntities", "toServices", "toCIDR", "toCIDRSet", "toFQDNs"}, "to", "set its peers in to, as [{tenant: beta}, {namespace: x}, {service: x/web}, {entities: [world]}, {cidrs: [192.0.2.0/24]}, {fqdns: [api.example.com]}]"},
	{[]string{"fromEndpoints", "fromEntities", "fromCIDR", "fromCIDRSet"}, "from", "set its peers in from, as [{tenant: beta}, {namespace: x}, {entities: [world]}, {cidrs: [192.0.2.0/24]}]"},
	{[]string{"to"}, "from", "the destinations of an ingress flow are its own pods or nodes: remove it, and set the sources in from, as [{tenant: beta}, {entities: [world]}, {cidrs: [192.0.2.0/24]}]"},
	{[]string{"from"}, "to", "the sources of an egress flow are its own pods or nodes: remove it, and set the destinations in to, as [{tenant: beta}, {fqdns: [api.example.com]}, {cidrs: [192.0.2.0/24]}]"},
	{[]string{"ingressDeny", "egressDeny"}, "ingress", "traffic that no flow allows is denied: remove it"},
}

// replacement returns the fix for a field of CiliumNetworkPolicies or of the other direction,
// and the field that replaces it.
func replacement(name string, s *spec.Schema) (fix, suggested string, known bool) {
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
