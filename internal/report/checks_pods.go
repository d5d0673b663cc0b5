package report

import "github.com/tenantfence/tenantfence/internal/cilium"

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

// Checks on fields of pods, Services and agents that change how policies take effect.
var (
	HostPort = define(Check{
		Name:       "host-port",
		Severities: []Severity{Info},
		Title:      "A port of the node leads to a pod",
		Meaning:    "A container has a hostPort, so this port of its node leads to the pod. The pod's own policies decide which sources reach it.",
		Fix:        "If clients outside the cluster use the port, declare a flow from the entity world or from their networks.",
		Example:    "generated/annotations-affecting-traffic",
	})

	ServiceExternalIPs = define(Check{
		Name:       "service-external-ips",
		Severities: []Severity{Warning, Info},
		Title:      "A Service takes connections to external addresses",
		Meaning:    "A Service has externalIPs, so connections of pods and nodes to these addresses, on its ports, reach the Service's pods. Policies decide them as flows to these pods. The finding is a warning if a declared flow to world or a network includes the address, which does not allow them.",
		Fix:        "Remove the address from spec.externalIPs, or declare flows to the Service's pods.",
		Example:    "generated/annotations-affecting-traffic",
	})

	ServiceMeshPort = define(Check{
		Name:       "service-mesh-port",
		Severities: []Severity{Warning},
		Title:      "A service mesh carries connections on a port of its own",
		Meaning:    "A label or annotation puts pods into a service mesh. Between its pods, policies decide on port 15008 (Istio's ambient mesh, Cilium's ztunnel) or 4143 (Linkerd), and not on the declared ports.",
		Fix:        "Declare the port of the mesh in addition to each flow's ports, and restrict the ports behind it by policies of the mesh. With Cilium's ztunnel, you can remove the label io.cilium/mtls-enabled instead.",
		Example:    "generated/ztunnel-mesh",
	})

	NoTrackAnnotation = define(Check{
		Name:       "no-track-annotation",
		Severities: []Severity{Info},
		Title:      "An annotation disables connection tracking",
		Meaning:    "With the annotation, iptables of the node does not track connections to the ports. Cilium decides its policies for these connections as for others. The key policy.cilium.io/no-track-host-ports has no effect, since no version of Cilium knows it.",
		Fix:        "Keep a valid annotation if you need it. For hostNetwork pods, write network.cilium.io/no-track-host-ports.",
		Example:    "generated/annotations-affecting-traffic",
	})

	ProxyVisibilityAnnotation = define(Check{
		Name:       "proxy-visibility-annotation",
		Severities: []Severity{Warning},
		Title:      "An annotation sends connections through Cilium's proxy",
		Meaning:    "Below Cilium " + cilium.ProxyVisibility.Removed() + ", a proxy-visibility annotation sends connections to its ports through Cilium's proxy. The proxy drops traffic of any other protocol than the annotation names, whatever policies allow.",
		Fix:        "Remove the annotation. Cilium " + cilium.ProxyVisibility.Removed() + " requires this anyway.",
		Example:    "generated/annotations-affecting-traffic",
	})

	SourceSpoofing = define(Check{
		Name:       "source-spoofing",
		Severities: []Severity{Error, Warning},
		Title:      "Pods may send with the address of any pod",
		Meaning:    "Since Cilium " + cilium.SourceIPDelegation.Introduced() + ", annotations of a Namespace and its pods let these pods send with the address of any pod. Policies then decide by the identity of that address. For pods that may belong to a Tenant the finding is an error.",
		Fix:        "Remove config.cilium.io/disable-source-ip-verification from the pods, or config.cilium.io/delegate-source-ip-verification from the Namespace. An admission policy can refuse the annotation of pods.",
		Example:    "refused/agent-settings-differ-on-nodes",
	})

	PodLabelReserved = define(Check{
		Name:       "pod-label-reserved",
		Severities: []Severity{Error},
		Title:      "Pods have a label that Cilium reserves",
		Meaning:    "Pods of a workload have, or may have, a label whose key Cilium reserves for its own identities, such as host or remote-node. Policies do not decide about these pods as written.",
		Fix:        "Rename the label.",
		Example:    "refused/reserved-labels",
	})

	ReservedLabelsAssumed = define(Check{
		Name:       "reserved-labels-assumed",
		group:      assumption,
		Severities: []Severity{Info},
		Title:      "No later pod has a label that Cilium reserves",
		Meaning:    "The proof of isolation assumes that no pod created later has a label whose key Cilium reserves. Policies do not decide about such a pod as written.",
		Fix:        "Refuse pods with these labels by an admission policy.",
		Example:    "generated/minimal-tenant",
	})

	PodsMayChange = define(Check{
		Name:       "pods-may-change",
		group:      assumption,
		Severities: []Severity{Info},
		Title:      "Admission may change pods after the build",
		Meaning:    "The build has a mutating webhook or a MutatingAdmissionPolicy. It may change labels, ports and hostNetwork of pods after the build, and the proof reads the pods as written.",
		Fix:        "If it changes these fields, declare the resulting pods as external resources.",
		Example:    "refused/agent-settings-differ-on-nodes",
	})

	AgentConfigNotRead = define(Check{
		Name:       "agent-config-not-read",
		Severities: []Severity{Warning},
		Title:      "tenantfence does not read the values of Cilium's chart",
		Meaning:    "The build installs Cilium's own Helm chart, whose values configure the agents. tenantfence does not read these values, so the agents may have other settings than the proof assumes.",
		Fix:        "Set the resulting keys of cilium-config in cluster.ciliumConfig of the FenceProfile.",
		Example:    "refused/agent-settings-differ-on-nodes",
	})

	CiliumConfigConflict = define(Check{
		Name:       "cilium-config-conflict",
		Severities: []Severity{Error},
		Title:      "Two sources set different values for an agent setting",
		Meaning:    "The FenceProfile and resources of the build set one key of cilium-config to different values. Which value the agents have is unknown.",
		Fix:        "Keep the value that the agents have, and remove the other.",
		Example:    "refused/agent-configuration",
	})

	CiliumConfigUnsupported = define(Check{
		Name:       "cilium-config-unsupported",
		Severities: []Severity{Error},
		Title:      "tenantfence does not decide an agent setting",
		Meaning:    "A key of cilium-config changes how agents enforce policies, and tenantfence decides only its default. Nothing is proved for agents with another value.",
		Fix:        "Set the key to its default in the agents and in the input.",
		Example:    "refused/agent-configuration",
	})

	InvalidCiliumConfig = define(Check{
		Name:       "invalid-cilium-config",
		group:      unreadableInput,
		Severities: []Severity{Error},
		Title:      "The value of an agent setting is invalid",
		Meaning:    "A key of cilium-config has a value that agents do not accept or, for policy-cidr-match-mode, that tenantfence does not decide.",
		Fix:        "Write the value that the agents have.",
		Example:    "refused/agent-configuration",
	})
)
