package report

import "github.com/tenantfence/tenantfence/internal/cilium"

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
