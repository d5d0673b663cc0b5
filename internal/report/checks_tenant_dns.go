package report

// Checks on Tenants that remove the baseline's DNS from pods.
var (
	DNSNotRemoved = define(Check{
		Name:       "dns-not-removed",
		Severities: []Severity{Warning},
		Title:      "Flows allow the DNS that a Tenant removes",
		Meaning:    "The Tenant removes the baseline's DNS from pods, and another flow of these pods includes the port of the cluster's DNS: a flow of the profile, a flow with further ports, or baseline.intraNamespace. The pods still query any name.",
		Fix:        "Narrow the peer or ports of the flows, list the names in dns of the flows, or remove baseline.dns: false or baseline.dnsPods.",
		Example:    "generated/tenant-without-dns-and-wide-flows",
	})

	EgressProxyWithoutDNS = define(Check{
		Name:       "egress-proxy-without-dns",
		Severities: []Severity{Warning},
		Title:      "The egress proxy has no DNS",
		Meaning:    "NetworkPolicies have no names, so flows to names go through the egress proxy, which resolves the names. Its Tenant removes the baseline's DNS from its pods, so these flows fail.",
		Fix:        "Select the pods of the proxy in baseline.dnsPods of their Tenant.",
		Example:    "generated/kubernetes-tenant-without-dns",
	})

	FlowDNSWithoutSearch = define(Check{
		Name:       "flow-dns-without-search",
		Severities: []Severity{Info},
		Title:      "Pods have DNS for the names of a flow alone",
		Meaning:    "The Tenant removes the baseline's DNS from pods with a flow to names. The flow allows queries for exactly its names. Resolvers query names with search domains first, and Cilium refuses these queries. In images with musl, the lookup fails then.",
		Fix:        "Set ndots: 1 in dnsConfig.options of the pods, end the names with a dot, or select the pods in baseline.dnsPods.",
		Example:    "generated/tenant-without-dns",
	})

	FlowWithoutDNS = define(Check{
		Name:       "flow-without-dns",
		Severities: []Severity{Info},
		Title:      "Pods cannot resolve the destination of a flow",
		Meaning:    "The Tenant removes the baseline's DNS from pods with a flow to a Service. Clients connect to Services by name, and these pods cannot resolve it. With NetworkPolicies this also applies to flows to names, because a NetworkPolicy cannot allow DNS for some names only.",
		Fix:        "Connect by address, or select the pods in baseline.dnsPods of the Tenant.",
		Example:    "generated/tenant-without-dns",
	})
)
