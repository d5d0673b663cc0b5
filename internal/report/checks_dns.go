package report

// Checks on the DNS of the cluster and baseline.dns.
var (
	BaselinePodsNotFound = define(Check{
		Name:       "baseline-pods-not-found",
		Severities: []Severity{Warning},
		Title:      "A baseline selector selects no pod of the build",
		Meaning:    "pods in baseline.dns or baseline.monitoring selects no pod of its namespace, and the build has other pods there. If the labels are wrong, the baseline does not allow the pods that serve DNS or scrape metrics.",
		Fix:        "Correct the labels in pods, or declare the pods as external resources.",
		Example:    "refused/shared-namespaces",
	})

	DNSDenied = define(Check{
		Name:       "dns-denied",
		Severities: []Severity{Warning},
		Title:      "Pods without a Tenant do not reach the cluster's DNS",
		Meaning:    "A Tenant in Enforce has the pods of the cluster's DNS, which accept queries from Tenants alone. The listed namespaces have pods without a Tenant, and no flow of that Tenant includes them. Hand-written policies are not considered.",
		Fix:        "Give these pods a Tenant, or add the flow that the message shows to the Tenant of the DNS pods.",
		Example:    "generated/fenced-dns",
	})

	DNSHostNetworkUnneeded = define(Check{
		Name:       "dns-host-network-unneeded",
		Severities: []Severity{Warning},
		Title:      "baseline.dns.hostNetwork is not needed",
		Meaning:    "baseline.dns.hostNetwork is true, and the DNS pods of the build do not use hostNetwork. The policies allow the DNS port of every node without need.",
		Fix:        "Remove hostNetwork from baseline.dns.",
		Example:    "refused/dns-service-with-other-pods",
	})

	DNSNamesUnrestricted = define(Check{
		Name:       "dns-names-unrestricted",
		Severities: []Severity{Info},
		Title:      "Pods can query every DNS name",
		Meaning:    "baseline.dns.names includes \"*\", so pods can query DNS for any name. A pod can send data out of the cluster in the names that it queries.",
		Fix:        "List the names that pods need in baseline.dns.names. A NetworkPolicy cannot restrict them: this needs policies: Cilium.",
		Example:    "generated/stages-default-deny-alone",
	})

	DNSNodeLocalMissing = define(Check{
		Name:       "dns-node-local-missing",
		Severities: []Severity{Error},
		Title:      "baseline.dns.nodeLocal must be true",
		Meaning:    "The build has a NodeLocal DNSCache, which answers the pods of its node, and baseline.dns.nodeLocal is false. The policies do not allow the cache, so pods of tenants cannot resolve names through it.",
		Fix:        "Set baseline.dns.nodeLocal: true in the FenceProfile.",
		Example:    "refused/baseline-pods-in-the-build",
	})

	DNSOnFQDNPeer = define(Check{
		Name:       "dns-on-fqdn-peer",
		Severities: []Severity{Error},
		Title:      "A flow with dns has a name as its peer",
		Meaning:    "The flow sets dns, and its peer is a DNS name, for example through an ExternalName Service. A DNS rule applies to queries to a server, and Cilium cannot select that server by name.",
		Fix:        "Replace the peer with the cidrs of the DNS server, or remove dns.",
		Example:    "refused/l7-mistakes",
	})

	DNSPodsNotSelected = define(Check{
		Name:       "dns-pods-not-selected",
		Severities: []Severity{Error, Warning},
		Title:      "baseline.dns does not include the pods that serve DNS",
		Meaning:    "The Service of the cluster's DNS sends queries to pods that baseline.dns.pods does not select, so pods of tenants get no answer from them. The finding is a warning where the Service has no selector and sends queries to addresses.",
		Fix:        "Set baseline.dns.pods to the selector of the Service. Where the addresses are nodes, set baseline.dns.hostNetwork: true; where they are outside the cluster, allow them in a flow of allTenants.",
		Example:    "refused/dns-service-with-other-pods",
	})

	DNSPodsOnHostNetwork = define(Check{
		Name:       "dns-pods-on-host-network",
		Severities: []Severity{Error},
		Title:      "The DNS pods use hostNetwork",
		Meaning:    "DNS pods of the build use hostNetwork, so they have the identity of their node and no policy selects them by labels. Pods of tenants cannot resolve names through them.",
		Fix:        "Set baseline.dns.hostNetwork: true in the FenceProfile.",
		Example:    "refused/baseline-pods-in-the-build",
	})

	DNSPortMismatch = define(Check{
		Name:       "dns-port-mismatch",
		Severities: []Severity{Error, Warning},
		Title:      "baseline.dns.port is not the port of the DNS pods",
		Meaning:    "The pods that serve DNS listen on another port than baseline.dns.port. Policies apply to the port of the pod, not of the Service, so pods of tenants cannot resolve names. The finding is a warning where the pods declare several UDP ports.",
		Fix:        "Set baseline.dns.port to the port on which the pods serve DNS. If pods use different ports, configure one port for all of them.",
		Example:    "refused/baseline-pods-in-the-build",
	})

	DNSRedirectNotSelected = define(Check{
		Name:       "dns-redirect-not-selected",
		Severities: []Severity{Error},
		Title:      "baseline.dns does not include the target of a redirect",
		Meaning:    "A CiliumLocalRedirectPolicy of the build redirects DNS to pods that baseline.dns does not include. The policies deny the connection, so pods of tenants cannot resolve names.",
		Fix:        "For a redirect to a NodeLocal DNSCache, set baseline.dns.nodeLocal: true. For other pods, select them in baseline.dns.namespace and baseline.dns.pods.",
		Example:    "refused/baseline-pods-in-the-build",
	})

	DNSSearchDomainsMissing = define(Check{
		Name:       "dns-search-domains-missing",
		Severities: []Severity{Warning},
		Title:      "baseline.dns.names does not cover search domains",
		Meaning:    "Resolvers of pods append their search domains before they query the name itself, and baseline.dns.names does not cover these queries. Cilium refuses them. In images with musl, the lookup fails after a refused query.",
		Fix:        "Add the patterns that the message shows to baseline.dns.names, for example \"**.cluster.local\", or remove the search domain from dnsConfig of the pod.",
		Example:    "generated/fqdn-with-narrowed-dns",
	})
)

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
