package report

// Checks on pods and Services that policies cannot select, and features of the enforcer.
var (
	CiliumTooOld = define(Check{
		Name:       "cilium-too-old",
		Severities: []Severity{Error},
		Title:      "A feature needs a newer version of Cilium",
		Meaning:    "The build uses a feature that cluster.ciliumVersion does not have, for example a range of ports or a pattern. Agents of that version reject or misread such a policy.",
		Fix:        "Set cluster.ciliumVersion to the version of the cluster if it is newer, or write the alternative that the message names.",
		Example:    "refused/cilium-too-old",
	})

	ClusterHostnameWithoutPods = define(Check{
		Name:       "cluster-hostname-without-pods",
		Severities: []Severity{Error},
		Title:      "A cluster hostname leads to no pods",
		Meaning:    "The Service in clusterHostnames is an ExternalName or has no selector, so the pods behind the names are unknown. With NetworkPolicies, the finding concerns entity: ingress, which no NetworkPolicy can select.",
		Fix:        "Name a Service that selects pods. For the Gateway or Ingress of Cilium, set entity: ingress instead of service; for an ExternalName, remove the entry.",
		Example:    "refused/cluster-hostnames",
	})

	GlobalService = define(Check{
		Name:       "global-service",
		Severities: []Severity{Warning},
		Title:      "A Service is shared between clusters",
		Meaning:    "The Service has the annotation service.cilium.io/global, or the build has a ServiceExport or ServiceImport. Its connections can involve pods of other clusters, which no peer includes: agents deny them, and a FlowTest does not decide them.",
		Fix:        "Allow the pods of the other clusters in a policy of your own, by the label io.cilium.k8s.policy.cluster, or remove the annotation.",
		Example:    "refused/services-that-filter",
	})

	HeadlessTargetPort = define(Check{
		Name:       "headless-target-port",
		Severities: []Severity{Warning},
		Title:      "port and targetPort of a headless Service differ",
		Meaning:    "Nothing translates the port of a headless Service, so clients connect to the number that they dial. The policies allow the target port alone, and clients that dial port are denied.",
		Fix:        "Set port and targetPort of the Service to the same number, or configure the clients to dial the target port.",
		Example:    "generated/service-headless",
	})

	HostNetworkNotSelectable = define(Check{
		Name:       "host-network-not-selectable",
		Severities: []Severity{Warning},
		Title:      "A flow selects nothing but hostNetwork pods",
		Meaning:    "All pods that the flow or its peer selects use hostNetwork. They have the identity of their node, so no policy selects them and the flow does not apply to them.",
		Fix:        "For a peer, use entities: [host, remote-node] instead. For pods of the flow itself, remove hostNetwork or the flow.",
		Example:    "generated/host-network",
	})

	HostNetworkOutsideLimits = define(Check{
		Name:       "host-network-outside-limits",
		Severities: []Severity{Error},
		Title:      "A tenant has a hostNetwork pod",
		Meaning:    "The pod uses hostNetwork in a namespace of a tenant, and limits.hostNetwork does not permit it. It has the identity of its node, so no policy selects it and it can reach every tenant on that node.",
		Fix:        "Remove hostNetwork, move the pod to a namespace without a Tenant, or set limits.hostNetwork: true in the FenceProfile.",
		Example:    "refused/host-network",
	})

	HTTPOnTLSPort = define(Check{
		Name:       "http-on-tls-port",
		Severities: []Severity{Error},
		Title:      "HTTP rules apply to a port with TLS",
		Meaning:    "The flow sets http, and its port is a TLS port by its name or number. The proxy of Cilium cannot read the requests without TLS interception, so the rules have no requests to match.",
		Fix:        "Remove http, or name the port with plain HTTP. For egress, set tls.terminating and tls.originating, which limits.secrets must permit.",
		Example:    "refused/l7-mistakes",
	})

	L7BypassedByNetworkPolicy = define(Check{
		Name:       "l7-bypassed-by-network-policy",
		Severities: []Severity{Error},
		Title:      "A NetworkPolicy bypasses the L7 rules of a flow",
		Meaning:    "With policies: Both, a NetworkPolicy in addition to the Cilium policy allows the same ports without L7 rules. Cilium allows what any policy allows, so http, dns or tls of the flow has no effect.",
		Fix:        "Remove the L7 rules from the flow, or set policies: Cilium.",
		Example:    "refused/both",
	})

	L7OutsideLimits = define(Check{
		Name:       "l7-outside-limits",
		Severities: []Severity{Error},
		Title:      "L7 rules are outside the limits of their tenant",
		Meaning:    "The flow sets http, dns or tls, and limits.l7 of its tenant does not list HTTP, DNS or TLS. The build fails.",
		Fix:        "Remove the rules, or add the kind to limits.l7 in the FenceProfile; for one tenant alone, in an entry of overrides.",
		Example:    "refused/l7-outside-limits",
	})
)
