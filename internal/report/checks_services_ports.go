package report

import "github.com/tenantfence/tenantfence/internal/cilium"

// Checks on Services and ports.
var (
	NamedPortInEgress = define(Check{
		Name:       "named-port-in-egress",
		Severities: []Severity{Warning},
		Title:      "A port name in egress has no known number",
		Meaning:    "Before Cilium " + cilium.NamedEgressPorts.Introduced() + ", agents look up a port name in egress among all pods of the cluster. Where those pods give the name different numbers, the agents deny the flow. The build shows no number for the name, or baseline.monitoring uses it from a fenced namespace.",
		Fix:        "Write the numbers of the ports in ports instead of their names.",
		Example:    "refused/ports",
	})

	PortNameWithoutPods = define(Check{
		Name:       "port-name-without-pods",
		Severities: []Severity{Error},
		Title:      "A port name at a destination that is not pods",
		Meaning:    "The flow names a port by its name, and the destination is not pods: nodes, entities, CIDRs or FQDNs. Only pods define port names, so agents could not resolve this one.",
		Fix:        "Write the number of the port.",
		Example:    "refused/ports",
	})

	PortNotFound = define(Check{
		Name:       "port-not-found",
		Severities: []Severity{Error},
		Title:      "No destination has the port of a flow",
		Meaning:    "No destination pod has a port with this name, or the Service behind the peer does not have the port. With service, ports are those of the Service, not of its pods; policies do not know the port names of native sidecars.",
		Fix:        "Correct the name or number. Use the ports of the Service with service, and the container ports with other peers.",
		Example:    "refused/ports",
	})

	PortOutsideLimits = define(Check{
		Name:       "port-outside-limits",
		Severities: []Severity{Error},
		Title:      "A port is outside the limits of its tenant",
		Meaning:    "The flow has a port that limits.ports does not cover, or lists no ports and so includes every port. Behind a Service, the ports of the pods count; a port name is covered where its number is.",
		Fix:        "List fewer ports in the flow, or add the port to limits.ports in the FenceProfile; for one Tenant alone, in an entry of overrides.",
		Example:    "refused/outside-each-limit",
	})

	ServiceAddressesWithoutPods = define(Check{
		Name:       "service-addresses-without-pods",
		Severities: []Severity{Warning},
		Title:      "A Service also has addresses that no pod has",
		Meaning:    "The Service selects pods, and an EndpointSlice or Endpoints of the build adds addresses that no pod of the build has. The generated policies allow the pods alone, so default-deny applies to the other addresses.",
		Fix:        "Add a peer with cidrs for the other addresses, or give these endpoints a targetRef to their Pod.",
		Example:    "generated/service-addresses-without-pods",
	})

	ServiceAmbiguous = define(Check{
		Name:       "service-ambiguous",
		Severities: []Severity{Error},
		Title:      "Several namespaces of a Tenant have the Service",
		Meaning:    "The flow names a Service without its namespace, and more than one namespace of the Tenant has a Service of this name.",
		Fix:        "In a peer, write service: namespace/name. In agentIngress, rename one Service, or name the pods and their own ports.",
		Example:    "refused/service-in-several-namespaces",
	})

	ServiceInGenerator = define(Check{
		Name:       "service-in-generator",
		Severities: []Severity{Error},
		Title:      "A generator sees no Services",
		Meaning:    "The fence runs as a generator, which reads no Services. The flow names a Service, or a name in clusterHostnames that leads to one, and its pods and ports are unknown.",
		Fix:        "Name the pods and their own ports, or list the TenantFence in transformers of the kustomization.",
		Example:    "refused/service-in-a-generator",
	})

	ServiceNotLoadBalancer = define(Check{
		Name:       "service-not-load-balancer",
		Severities: []Severity{Warning},
		Title:      "The Service of agentIngress is not a LoadBalancer",
		Meaning:    "An entry of agentIngress with mode: LoadBalancer names a Service of another type. Agents outside the cluster cannot reach it through a load balancer.",
		Fix:        "Set type: LoadBalancer in the Service, or name the Service that the agents use.",
		Example:    "generated/agents-load-balancer-warnings",
	})

	ServicePortAsPodPort = define(Check{
		Name:       "service-port-as-pod-port",
		Severities: []Severity{Error, Warning},
		Title:      "A flow to pods has the port of a Service",
		Meaning:    "The flow lists a port that only a Service in front of the pods has, and the pods use another one. Agents decide after Service translation, so they see the port of the pods and deny the flow. It is an error if another Tenant declares the flow with the port of the pods, since the two sides then do not match.",
		Fix:        "Write the port of the pods. In egress, name the Service as the peer alternatively.",
		Example:    "generated/service-port-as-pod-port",
	})

	ServicePortInvalid = define(Check{
		Name:       "service-port-invalid",
		Severities: []Severity{Error},
		Title:      "A port of a Service is not valid in Kubernetes",
		Meaning:    "A flow uses a Service whose port or targetPort is no valid port in Kubernetes. The API server would reject a policy with this port.",
		Fix:        "Correct port or targetPort in spec.ports of the Service.",
		Example:    "refused/ports",
	})

	ServiceSelectorUnsupported = define(Check{
		Name:       "service-selector-unsupported",
		Severities: []Severity{Error},
		Title:      "A Service selects by a label outside the identity",
		Meaning:    "The selector of the Service has a label that Cilium excludes from the identity of pods or reserves for itself. No policy can select the same pods.",
		Fix:        "Change the selector of the Service to other labels, or name the pods and their own ports in the flow.",
		Example:    "refused/service-selectors-outside-the-identity",
	})

	ServiceWithoutEndpoints = define(Check{
		Name:       "service-without-endpoints",
		Severities: []Severity{Error},
		Title:      "A Service without a selector has no known addresses",
		Meaning:    "The Service has no selector, and no EndpointSlice or Endpoints of the build gives it addresses on the ports of the flow. The fence cannot generate an allow for it.",
		Fix:        "Declare the EndpointSlice as an external resource, or replace the peer with cidrs.",
		Example:    "refused/not-in-the-build",
	})

	SourceIPUncertain = define(Check{
		Name:       "source-ip-uncertain",
		Severities: []Severity{Warning},
		Title:      "A Service may replace the addresses of clients",
		Meaning:    "Clients outside the cluster reach the pods through a Service without externalTrafficPolicy: Local. Nodes may replace their addresses, so policies with networks deny them, and policies that allow nodes admit them.",
		Fix:        "Set externalTrafficPolicy: Local in the Service. In agentIngress, set sourceIP: Node alternatively.",
		Example:    "refused/services-that-filter",
	})

	SourceRangesTooNarrow = define(Check{
		Name:       "source-ranges-too-narrow",
		Severities: []Severity{Warning},
		Title:      "A load balancer denies a part of an ingress flow",
		Meaning:    "loadBalancerSourceRanges of the Service do not cover all networks of a flow to its pods. The load balancer denies the rest before policies decide.",
		Fix:        "Add the network to loadBalancerSourceRanges of the Service, or narrow the cidrs of the flow.",
		Example:    "refused/services-that-filter",
	})
)

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
