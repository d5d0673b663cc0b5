package report

import "github.com/tenantfence/tenantfence/internal/cilium"

// Checks on the settings of Cilium's agents and on the cluster that enforces the policies.
var (
	AgentSettingUnspecified = define(Check{
		Name:       "agent-setting-unspecified",
		group:      consequence,
		Severities: []Severity{Warning},
		Title:      "A result depends on an unspecified agent setting",
		Meaning:    "The FenceProfile does not set this key of cilium-config. With the other value that the finding shows, the proof has another result, so what agents do depends on their real setting.",
		Fix:        "Set the key in spec.cluster.ciliumConfig of the FenceProfile to the value that the agents have.",
		Example:    "generated/entities-and-networks",
	})
	AgentSettingsAssumed = define(Check{
		Name:       "agent-settings-assumed",
		group:      assumption,
		Severities: []Severity{Info},
		Title:      "The proof assumes default agent settings",
		Meaning:    "The proof uses the defaults of the Helm chart for the listed keys, or the policy engine of another Cilium version than cluster.ciliumVersion. If the agents differ, they can decide otherwise.",
		Fix:        "Compare the list with the cilium-config of the cluster. Set each key that differs in spec.cluster.ciliumConfig of the FenceProfile.",
		Example:    "generated/agents-edge-proxy-ports",
	})
	AgentSettingsDiffer = define(Check{
		Name:       "agent-settings-differ",
		group:      consequence,
		Severities: []Severity{Error},
		Title:      "A CiliumNodeConfig changes a result on its nodes",
		Meaning:    "Agents on the nodes that the CiliumNodeConfig selects have other settings. With these settings the proof has another result, which the message shows.",
		Fix:        "Remove the keys from spec.defaults of the CiliumNodeConfig, or set them for every node.",
		Example:    "refused/agent-settings-differ-on-nodes",
	})
	ClusterAssumed = define(Check{
		Name:       "cluster-assumed",
		group:      assumption,
		Severities: []Severity{Info},
		Title:      "FlowTests are decided for an assumed cluster",
		Meaning:    "No FenceProfile describes the cluster. Cilium's engine decides the FlowTests if a policy is of a Cilium kind; otherwise the evaluator of Kubernetes NetworkPolicies decides. tenantfence diff takes the cluster and undecidedKinds from the profile of the other build, if that has one.",
		Fix:        "Add a FenceProfile with spec.cluster.cni.",
		Untested:   "tenantfence verify reports it for policies and FlowTests without Tenants and FenceProfile: verify-flows.txtar",
	})
	ClusterNameMissing = define(Check{
		Name:       "cluster-name-missing",
		Severities: []Severity{Error},
		Title:      "A cluster of a mesh has no name in the profile",
		Meaning:    "The agents have policy-default-local-cluster set to false, the default before Cilium " + cilium.LocalCluster.Introduced() + ". A selector without a cluster then matches the pods of every cluster of the mesh, so isolation is not proved.",
		Fix:        "Set spec.cluster.name in the FenceProfile to the cluster-name of cilium-config.",
		Example:    "refused/cluster-mesh-unnamed",
	})
	HostPoliciesNotEnforced = define(Check{
		Name:       "host-policies-not-enforced",
		Severities: []Severity{Error, Warning},
		Title:      "Agents enforce no host policies",
		Meaning:    "The host firewall of the agents is off, so the policies of spec.nodes have no effect. The finding is a warning while no entry of spec.nodes is in Enforce.",
		Fix:        "Set enable-host-firewall to \"true\" in the agents and in spec.cluster.ciliumConfig of the FenceProfile.",
		Example:    "refused/agent-features-disabled",
	})
	ICMPRulesDisabled = define(Check{
		Name:       "icmp-rules-disabled",
		Severities: []Severity{Error, Warning},
		Title:      "Agents reject policies with ICMP rules",
		Meaning:    "The build contains a policy with ICMP rules, and the agents have enable-icmp-rules set to false. They reject the whole policy. The finding is a warning while nothing is in Enforce.",
		Fix:        "Set enable-icmp-rules to \"true\" in the agents and in spec.cluster.ciliumConfig of the FenceProfile.",
		Example:    "refused/agent-features-disabled",
	})
	L7ProxyDisabled = define(Check{
		Name:       "l7-proxy-disabled",
		Severities: []Severity{Error, Warning},
		Title:      "Agents reject policies that need the L7 proxy",
		Meaning:    "The build contains a policy with L7 rules, FQDNs or TLS server names, and the L7 proxy of the agents is off. Agents reject policies with HTTP or DNS rules, and learn no addresses of FQDNs. The finding is a warning while nothing is in Enforce.",
		Fix:        "Set enable-l7-proxy to \"true\" in the agents and in spec.cluster.ciliumConfig of the FenceProfile.",
		Example:    "refused/agent-features-disabled",
	})
	NetworkPoliciesNotEnforced = define(Check{
		Name:       "network-policies-not-enforced",
		Severities: []Severity{Error, Warning},
		Title:      "Agents enforce no NetworkPolicies",
		Meaning:    "The FenceProfile has policies: Kubernetes, and Cilium's agents have enable-k8s-networkpolicy set to false. The generated NetworkPolicies have no effect. The finding is a warning while nothing is in Enforce.",
		Fix:        "Set enable-k8s-networkpolicy to \"true\" in the agents and in spec.cluster.ciliumConfig, or set policies: Cilium in the FenceProfile.",
		Example:    "refused/network-policies-disabled-in-agents",
	})
	PoliciesNotEnforced = define(Check{
		Name:       "policies-not-enforced",
		Severities: []Severity{Error, Warning},
		Title:      "Agents do not enforce the policies",
		Meaning:    "A setting of the agents disables all policies, denies nothing (audit mode), or disables a kind of Cilium policy that the build contains. Isolation then does not exist in the cluster. The finding is a warning while nothing is in Enforce.",
		Fix:        "Change the key that the finding names to the value in its message, in the agents and in spec.cluster.ciliumConfig of the FenceProfile.",
		Example:    "refused/agent-features-disabled",
	})
	PolicyMapFull = define(Check{
		Name:       "policy-map-full",
		Severities: []Severity{Error},
		Title:      "The policy map of an endpoint is too small",
		Meaning:    "The policies at this pod or node need more entries than bpf-policy-map-max allows. Agents then enforce only a part of the policies.",
		Fix:        "Raise bpf-policy-map-max in the agents and in spec.cluster.ciliumConfig of the FenceProfile, or narrow the peers of the policies.",
		Example:    "refused/agent-features-disabled",
	})
	PolicyMapNearlyFull = define(Check{
		Name:       "policy-map-nearly-full",
		Severities: []Severity{Warning},
		Title:      "The policy map of an endpoint is nearly full",
		Meaning:    "The policies at this pod or node need at least 80 % of the entries that bpf-policy-map-max allows. The number is a lower bound: each DNS name counts as one address, and only pods of the build count. Agents enforce only a part of the policies if the map is full.",
		Fix:        "Raise bpf-policy-map-max in the agents and in spec.cluster.ciliumConfig of the FenceProfile, or narrow the peers of the policies.",
		Untested:   "it needs many peers: TestAgentSettings in fn",
	})
	IdentitiesExceeded = define(Check{
		Name:       "identities-exceeded",
		Severities: []Severity{Error},
		Title:      "The pods need more identities than agents hold",
		Meaning:    "Pods that differ in the labels of their identity need more identities than Cilium has for a cluster. The pods beyond have no identity of their own, and policies do not apply to them as proved.",
		Fix:        "Narrow the labels of identities (labels in spec.cluster.ciliumConfig of the FenceProfile), or divide the cluster.",
		Untested:   "it needs more than 65,279 pods: TestIdentitiesExceeded in internal/proof",
	})
)
