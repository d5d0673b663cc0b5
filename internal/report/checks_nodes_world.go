package report

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
