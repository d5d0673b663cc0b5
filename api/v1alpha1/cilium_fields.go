package v1alpha1

import "github.com/tenantfence/tenantfence/internal/strict"

// ciliumFields are fields of CiliumNetworkPolicies, or of the other direction, that authors may
// try in flows.
var ciliumFields = []strict.Replacement{
	{Names: []string{"kafka"}, Sibling: "ports", Fix: "Cilium 1.20 removed Kafka rules, and allows all traffic in their place: set ports: [{port: 9092}], and restrict topics by the ACLs of the brokers"},
	{Names: []string{"pathRegex"}, Sibling: "method", Fix: "Cilium does not have it either, and allows every request if a rule has nothing else: set path, which is a regular expression"},
	{Names: []string{"headerMatches"}, Sibling: "method", Fix: `set headers: ["Name: value"], or ["Name"] for any value`},
	{Names: []string{"toPorts"}, Sibling: "ports", Fix: "set ports: [{port: 443}], and L7 rules in http or dns"},
	{Names: []string{"rules"}, Sibling: "ports", Fix: "set L7 rules in http or dns"},
	{Names: []string{"terminatingTLS", "originatingTLS"}, Sibling: "via", Fix: "set tls: {terminating: {namespace: x, name: y}, originating: {namespace: x, name: z}}"},
	{Names: []string{"serverNames"}, Sibling: "via", Fix: "set tls: {serverNames: [api.example.com]}"},
	{Names: []string{"endpointSelector"}, Sibling: "ports", Fix: "set pods: {matchLabels: {…}}"},
	{Names: []string{"toEndpoints", "toEntities", "toServices", "toCIDR", "toCIDRSet", "toFQDNs"}, Sibling: "to", Fix: "set its peers in to, as [{tenant: beta}, {namespace: x}, {service: x/web}, {entities: [world]}, {cidrs: [192.0.2.0/24]}, {fqdns: [api.example.com]}]"},
	{Names: []string{"fromEndpoints", "fromEntities", "fromCIDR", "fromCIDRSet"}, Sibling: "from", Fix: "set its peers in from, as [{tenant: beta}, {namespace: x}, {entities: [world]}, {cidrs: [192.0.2.0/24]}]"},
	{Names: []string{"to"}, Sibling: "from", Fix: "the destinations of an ingress flow are its own pods or nodes: remove it, and set the sources in from, as [{tenant: beta}, {entities: [world]}, {cidrs: [192.0.2.0/24]}]"},
	{Names: []string{"from"}, Sibling: "to", Fix: "the sources of an egress flow are its own pods or nodes: remove it, and set the destinations in to, as [{tenant: beta}, {fqdns: [api.example.com]}, {cidrs: [192.0.2.0/24]}]"},
	{Names: []string{"ingressDeny", "egressDeny"}, Sibling: "ingress", Fix: "traffic that no flow allows is denied: remove it"},
}
