package report

// Checks on pods, peers, operators and monitoring.
var (
	MonitoringAllPorts = define(Check{
		Name:       "monitoring-all-ports",
		Severities: []Severity{Warning},
		Title:      "Monitoring pods reach every port of every tenant",
		Meaning:    "baseline.monitoring lists no ports. The generated policies allow the monitoring pods to connect to every port of every pod of every Tenant.",
		Fix:        "List the scraped ports in baseline.monitoring.ports of the FenceProfile.",
		Example:    "generated/baseline-of-fenced-namespaces",
	})

	MonitoringPodsOnHostNetwork = define(Check{
		Name:       "monitoring-pods-on-host-network",
		Severities: []Severity{Error, Warning},
		Title:      "Monitoring pods use hostNetwork",
		Meaning:    "Pods that baseline.monitoring selects use hostNetwork. They have the identity of their node, no policy selects them by labels, and the cluster denies their scrapes. It is a warning where baseline.monitoring has no selector and other pods exist in the namespace.",
		Fix:        "Select only the scraping pods without hostNetwork in baseline.monitoring.pods. For the others, add a flow to allTenants.ingress with from: [{entities: [host, remote-node]}] and the ports.",
		Example:    "refused/baseline-pods-in-the-build",
	})

	MonitoringPortUnknown = define(Check{
		Name:       "monitoring-port-unknown",
		Severities: []Severity{Warning},
		Title:      "No pod of a Tenant has a named monitoring port",
		Meaning:    "baseline.monitoring.ports lists a port by name, and no pod of a Tenant in the build has a port of this name and protocol. The entry allows no scrape.",
		Fix:        "Correct the name in baseline.monitoring.ports, or write the number of the port.",
		Example:    "refused/baseline-pods-in-the-build",
	})

	OperatorFlowMissing = define(Check{
		Name:       "operator-flow-missing",
		Severities: []Severity{Warning},
		Title:      "A Tenant lacks flows that an operator needs",
		Meaning:    "A namespace of the Tenant has a custom resource whose operator creates pods. No flow or baseline rule allows some connections that the operator or these pods need under default-deny.",
		Fix:        "Add the flows of the message to the Tenant; the message shows their YAML.",
		Example:    "generated/operators",
	})

	OptionalFlowInactive = define(Check{
		Name:       "optional-flow-inactive",
		Severities: []Severity{Info},
		Title:      "An optional flow is inactive",
		Meaning:    "The flow has optional: true, and its pods or one of its peers are not in the build. The fence generates nothing for it.",
		Fix:        "Do nothing if the pods or the peer are not installed. Else correct the selector or name, or declare them as external resources.",
		Example:    "generated/optional-flows",
	})

	PeerNotInBuild = define(Check{
		Name:       "peer-not-in-build",
		Severities: []Severity{Error},
		Title:      "A peer is not in the build",
		Meaning:    "The flow, agentIngress or clusterHostnames entry names a Tenant, namespace, Service or pods that the build does not contain. A generated policy for it would have no effect.",
		Fix:        "Correct the name or the labels, declare the resource as an external resource, remove the peer, or set optional: true in the flow.",
		Example:    "refused/not-in-the-build",
	})

	PeerPodsNotFound = define(Check{
		Name:       "peer-pods-not-found",
		Severities: []Severity{Warning},
		Title:      "A peer by namespace labels selects no pod in the build",
		Meaning:    "Every namespace of the build with these namespaceLabels belongs to a Tenant, and none of them has pods that match pods. The peer has no effect yet; it includes only matching namespaces that are created later.",
		Fix:        "Correct the labels in pods of the peer, or declare the pods as external resources.",
		Example:    "refused/baseline-pods-in-the-build",
	})

	PodDNSOutsideCluster = define(Check{
		Name:       "pod-dns-outside-cluster",
		Severities: []Severity{Warning, Info},
		Title:      "Pods resolve an allowed name outside the cluster DNS",
		Meaning:    "The flow allows a name, and its pods do not resolve it at the cluster DNS, because of their dnsPolicy or dnsConfig. Cilium learns no address from other servers and denies the flow. It is an info where dnsConfig only adds nameservers to the cluster DNS.",
		Fix:        "Set dnsPolicy: ClusterFirst and remove other nameservers, or add a flow with dns rules to the nameserver. If that is the cluster DNS, declare its Service with the clusterIP as an external resource.",
		Example:    "refused/fqdns-resolved-outside-cluster-dns",
	})

	PodHostAlias = define(Check{
		Name:       "pod-host-alias",
		Severities: []Severity{Warning},
		Title:      "hostAliases of a pod map an allowed name",
		Meaning:    "The flow allows a name that hostAliases of its pods map to an address. The pods resolve it without DNS, so Cilium learns no address of the name and decides about the mapped address alone.",
		Fix:        "Add a peer with the mapped address in cidrs, or remove the alias from the pods.",
		Example:    "refused/fqdns-resolved-outside-cluster-dns",
	})

	PodsInferred = define(Check{
		Name:       "pods-inferred",
		Severities: []Severity{Info},
		Title:      "The pods of an operator are inferred",
		Meaning:    "An operator creates pods from these custom resources without a pod template. The proof uses the pods that the named version of the operator creates; the message lists the parts that stay unknown.",
		Fix:        "Declare pods that differ as external resources, in an ExternalResources.",
		Example:    "generated/operators",
	})

	PodsNotFound = define(Check{
		Name:       "pods-not-found",
		Severities: []Severity{Error},
		Title:      "A selector selects no pod in the build",
		Meaning:    "The selector of a flow, agentIngress, spec.pods of a Tenant, or egressPoints, edgeProxy or egressProxy of the FenceProfile matches no pod in the build. A policy with it would have no effect.",
		Fix:        "Correct the labels, or declare the pods as external resources. In ingress and egress of a Tenant, set optional: true if the pods may be absent.",
		Example:    "refused/not-in-the-build",
	})

	PodsUnknown = define(Check{
		Name:       "pods-unknown",
		Severities: []Severity{Warning},
		Title:      "A resource may create pods that are not known",
		Meaning:    "The resource may create pods that the build does not show, such as those of a Helm chart or a Gateway. The proof does not cover their labels, ports and hostNetwork.",
		Fix:        "Declare the pods in their namespace as external resources, in an ExternalResources.",
		Example:    "generated/operators",
	})
)
