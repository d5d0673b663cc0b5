package report

// Checks on names, networks, entities and Gateways as peers, and their limits.
var (
	CIDRIncludesClusterAddresses = define(Check{
		Name:       "cidr-includes-cluster-addresses",
		Severities: []Severity{Info},
		Title:      "A network includes addresses of the cluster",
		Meaning:    "A part of the network belongs to pods, Services or nodes of this cluster, or to a CiliumLoadBalancerIPPool. Cilium never matches endpoints of its cluster by CIDR, so the flow allows only the rest of the network.",
		Fix:        "Add a separate peer (tenant, namespace, service or entities) for each destination or source in the cluster that the flow needs.",
		Example:    "generated/flow-tests-by-address",
	})

	CIDRInsideCluster = define(Check{
		Name:       "cidr-inside-cluster",
		Severities: []Severity{Error},
		Title:      "A network is inside the cluster",
		Meaning:    "All addresses of the network belong to pods, Services, nodes or the API server of this cluster. A rule about networks does not match them, so the flow would allow nothing.",
		Fix:        "Replace the network with the peer that the message names, for example service: namespace/name. If the network is outside the cluster, narrow podCIDRs, serviceCIDRs or nodeCIDRs in cluster of the FenceProfile.",
		Example:    "refused/cidrs-inside-cluster",
	})

	CIDROutsideLimits = define(Check{
		Name:       "cidr-outside-limits",
		Severities: []Severity{Error},
		Title:      "A network is outside the limits of its tenant",
		Meaning:    "The flow names a network, or a Service with the address of an EndpointSlice, that limits.cidrs of its tenant does not cover. The build fails.",
		Fix:        "Remove the network, or add it to limits.cidrs in the FenceProfile; for one tenant alone, in an entry of overrides.",
		Example:    "refused/outside-each-limit",
	})

	CIDRsNotEnforceable = define(Check{
		Name:       "cidrs-not-enforceable",
		Severities: []Severity{Warning},
		Title:      "A policy cannot enforce the networks of agents",
		Meaning:    "With sourceIP: Node the load balancer replaces the address of the agent with that of a node. The policy allows every node and every hostNetwork pod, so the load balancer alone can restrict the networks.",
		Fix:        "Set agentIngress[].service to a Service of type LoadBalancer in the build: in Enforce, tenantfence sets its loadBalancerSourceRanges. Otherwise, restrict the networks at the load balancer.",
		Example:    "generated/agents-load-balancer",
	})

	EntityOutsideLimits = define(Check{
		Name:       "entity-outside-limits",
		Severities: []Severity{Error},
		Title:      "An entity is outside the limits of its tenant",
		Meaning:    "The flow needs an entity that limits.entities of its tenant does not list. The entity is a peer, or follows from the Service of the peer or from sourceIP: Node. The build fails.",
		Fix:        "Remove the entity, or add it to limits.entities in the FenceProfile; for one tenant alone, in an entry of overrides.",
		Example:    "refused/outside-each-limit",
	})

	EntityWithoutAddress = define(Check{
		Name:       "entity-without-address",
		Severities: []Severity{Error},
		Title:      "A NetworkPolicy cannot express an entity",
		Meaning:    "NetworkPolicies have no entities, so tenantfence needs addresses for nodes and the API server. They are not set, overlap the addresses of pods, or Cilium, as the enforcer, does not match them. Other entities of Cilium have no equivalent.",
		Fix:        "Set cluster.nodeCIDRs or cluster.apiServer in the FenceProfile, as the message states, or name pods instead. With cni: Cilium, policies: Cilium supports the entity.",
		Example:    "refused/kubernetes-egress-proxy",
	})

	ExternalNameInIngress = define(Check{
		Name:       "external-name-in-ingress",
		Severities: []Severity{Error},
		Title:      "An ExternalName Service cannot be a source",
		Meaning:    "The ingress flow names a Service of type ExternalName. The Service is an alias of a DNS name, and no policy selects the source of a connection by name.",
		Fix:        "Replace service with the cidrs of the clients.",
		Example:    "refused/invalid-service-names",
	})

	ExternalNameInvalid = define(Check{
		Name:       "external-name-invalid",
		Severities: []Severity{Error},
		Title:      "The externalName of a Service is not a DNS name",
		Meaning:    "The egress flow names a Service of type ExternalName, and its externalName is empty or not a DNS name. No policy can allow it.",
		Fix:        "Correct spec.externalName of the Service, or name the destination with fqdns or cidrs.",
		Example:    "refused/invalid-service-names",
	})

	FQDNInsideCluster = define(Check{
		Name:       "fqdn-inside-cluster",
		Severities: []Severity{Error},
		Title:      "A name belongs to the DNS of the cluster",
		Meaning:    "The name is that of a Service or pod of this cluster. Cilium never matches pods of its cluster by FQDN, so the flow would allow nothing. A flow to an ExternalName Service needs its externalName, too, and an externalName must not be the name of another Service.",
		Fix:        "Replace the name with service: namespace/name.",
		Example:    "refused/fqdns-inside-cluster",
	})

	FQDNOutsideLimits = define(Check{
		Name:       "fqdn-outside-limits",
		Severities: []Severity{Error},
		Title:      "A name is outside the limits of its tenant",
		Meaning:    "The flow names an FQDN or a pattern, also in dns or through an ExternalName Service, that limits.fqdns of its tenant does not cover. A flow to the DNS of the cluster without dns permits every name. The build fails.",
		Fix:        "Remove the name, or add it to limits.fqdns in the FenceProfile; for one tenant alone, in an entry of overrides. For a flow to the DNS of the cluster, list the names in dns.",
		Example:    "refused/outside-each-limit",
	})

	GatewayEnforcesAgain = define(Check{
		Name:       "gateway-enforces-again",
		Severities: []Severity{Warning},
		Title:      "The proxy of a Gateway enforces a flow once more",
		Meaning:    "The name or network of the flow leads to a Gateway in the cluster. Policies see the pods behind its routes or the pods of its proxy, so this flow alone is not enough. The proxy of Cilium answers 403 without egress to the pods behind the routes.",
		Fix:        "Declare egress to these pods as well, on their own ports. For an address of the Gateway of Cilium, also replace cidrs with entities: [ingress].",
		Example:    "generated/cluster-hostnames-at-gateway",
	})

	ICMPOutsideLimits = define(Check{
		Name:       "icmp-outside-limits",
		Severities: []Severity{Error},
		Title:      "An ICMP type is outside the limits of its tenant",
		Meaning:    "The flow lists an ICMP type that limits.icmp of its tenant does not include, or it lists neither ports nor icmp and so includes every type. With limits.ports and no limits.icmp, no type is included. The build fails.",
		Fix:        "Remove the type from icmp, list the ports of the flow, or add the type to limits.icmp in the FenceProfile; for one tenant alone, in an entry of overrides.",
		Example:    "refused/icmp-outside-limits",
	})

	IPFamilyDisabled = define(Check{
		Name:       "ip-family-disabled",
		Severities: []Severity{Info},
		Title:      "A network belongs to an IP family that is disabled",
		Meaning:    "The agents do not handle the IP family of the network: enable-ipv4 or enable-ipv6 is \"false\", set or by default. The network has no effect in the cluster.",
		Fix:        "Remove the network, or set enable-ipv4 or enable-ipv6 to \"true\" in cluster.ciliumConfig if the agents have it enabled.",
		Example:    "generated/service-endpoint-slices",
	})
)

// Checks on nodes, the world outside the cluster and the NetworkPolicy form.
var (
	NodeFlowMissing = define(Check{
		Name:       "node-flow-missing",
		Severities: []Severity{Warning},
		Title:      "Nodes in Enforce lack a flow that nodes need",
		Meaning:    "An entry of nodes is in Enforce, and no flow allows a connection that nodes usually need, such as the API server, the kubelet, DNS or health checks. Host policies would deny it and could disconnect the nodes.",
		Fix:        "Add the flow to nodes[].ingress or nodes[].egress of the FenceProfile, unless the cluster works without it.",
		Example:    "generated/nodes-without-tenants",
	})

	NodePortTranslated = define(Check{
		Name:       "node-port-translated",
		Severities: []Severity{Warning, Info},
		Title:      "A port of nodes leads to pods before policies decide",
		Meaning:    "A flow or FlowTest names nodes on a nodePort of a Service or a hostPort of a pod. With kube-proxy-replacement, Cilium translates the connection to the pods before policies decide, so a rule about nodes has no effect. It is an info where cluster.ciliumConfig does not state the key.",
		Fix:        "Declare the flow or case to the Service or the pods instead. State kube-proxy-replacement in cluster.ciliumConfig of the FenceProfile.",
		Example:    "refused/node-ports",
	})

	NodesNotDistinguished = define(Check{
		Name:       "nodes-not-distinguished",
		Severities: []Severity{Warning},
		Title:      "Pods allow every node, not only the selected ones",
		Meaning:    "The flow connects the nodes of an entry of nodes with pods of a Tenant. A policy about pods cannot distinguish nodes: on these ports, the pods allow every node and every hostNetwork pod.",
		Fix:        "Keep the flow only if this is acceptable. Restrict the other nodes by their own host policies in nodes of the FenceProfile.",
		Example:    "generated/nodes-in-allow-only",
	})

	NotInNetworkPolicyForm = define(Check{
		Name:       "not-in-network-policy-form",
		Severities: []Severity{Warning},
		Title:      "The NetworkPolicy form lacks a flow",
		Meaning:    "With policies: Both, no NetworkPolicy can express this flow or host policy, so only the Cilium policies contain it. Another enforcer would not apply it: under NetworkPolicies alone, default-deny applies to the flow, or the nodes stay unfenced.",
		Fix:        "Follow the reason in the message, or use policies: Cilium in the FenceProfile if no other enforcer will apply the NetworkPolicies.",
		Example:    "generated/both",
	})

	TunnelAddressesUnknown = define(Check{
		Name:       "tunnel-addresses-unknown",
		Severities: []Severity{Error},
		Title:      "The tunnel addresses of nodes are unknown",
		Meaning:    "A NetworkPolicy allows nodes or the API server to connect to pods. Over an overlay, nodes connect from tunnel addresses, and cluster.tunnelCIDRs is missing or cluster.apiServer.cidrs contains none of them. The cluster would deny the connections.",
		Fix:        "Set cluster.tunnelCIDRs in the FenceProfile, or [] if nodes use nodeCIDRs alone. For an API server on nodes, add its tunnel addresses to cluster.apiServer.cidrs.",
		Example:    "refused/kubernetes-tunnels",
	})

	UnsupportedInNetworkPolicy = define(Check{
		Name:       "unsupported-in-network-policy",
		Severities: []Severity{Error},
		Title:      "A NetworkPolicy cannot express a flow",
		Meaning:    "The fence generates NetworkPolicies, and the flow has http, dns, tls or icmp. A NetworkPolicy selects peers and ports only and cannot restrict requests, DNS names, TLS or ICMP types.",
		Fix:        "Remove the field, which allows all traffic on the ports of the flow. With Cilium as the CNI, use policies: Cilium instead.",
		Example:    "refused/kubernetes-unsupported-rules",
	})

	WorldAddressesUnknown = define(Check{
		Name:       "world-addresses-unknown",
		Severities: []Severity{Error},
		Title:      "The addresses outside the cluster are unknown",
		Meaning:    "A NetworkPolicy allows the world: the entity, or CIDRs that together cover 50% or more of an address space. The FenceProfile does not state the cluster's own addresses, so the policy would allow pods and nodes as well.",
		Fix:        "Set the missing fields of cluster in the FenceProfile: serviceCIDRs, nodeCIDRs and apiServer, with podCIDRs and nodeCIDRs in each IP family of the flow. Else remove the network from the flow.",
		Example:    "refused/kubernetes-world-single-family",
	})

	WorldExcludesClusterHostnames = define(Check{
		Name:       "world-excludes-cluster-hostnames",
		Severities: []Severity{Info},
		Title:      "A flow to the world excludes cluster hostnames",
		Meaning:    "The flow allows the world, and names in clusterHostnames resolve to pods or Gateways of this cluster. The flow does not include these names, and the cluster denies connections to them without another flow.",
		Fix:        "Add a peer with fqdns for these names if the pods need them.",
		Example:    "generated/cluster-hostnames",
	})

	WorldIPFamilyUnknown = define(Check{
		Name:       "world-ip-family-unknown",
		Severities: []Severity{Warning},
		Title:      "A flow to the world leaves out an IP family",
		Meaning:    "A NetworkPolicy allows the world, and cluster.podCIDRs has addresses of an IP family that cluster.nodeCIDRs lacks. The generated policy leaves this family out, because it would allow the nodes as well.",
		Fix:        "Add the node addresses of the family to cluster.nodeCIDRs, or remove the family from cluster.podCIDRs.",
		Example:    "generated/kubernetes-world-single-family",
	})
)
