package report

import "github.com/tenantfence/tenantfence/internal/cilium"

// Checks on hand-written policies, and on kinds of resources that tenantfence does not decide.
var (
	AuditModeAnnotation = define(Check{
		Name:       "audit-mode-annotation",
		Severities: []Severity{Warning},
		Title:      "An annotation for audit mode has no effect",
		Meaning:    "A resource has the annotation policy.cilium.io/audit-mode, which no version of Cilium reads. Agents still enforce the policies.",
		Fix:        "Remove the annotation. For allows that deny nothing yet, set enforcement: AllowOnly in the Tenant.",
		Example:    "refused/policies-with-invalid-schema",
	})

	DenyWithoutEffect = define(Check{
		Name:       "deny-without-effect",
		Severities: []Severity{Warning, Info},
		Title:      "A policy that looks like a deny denies nothing",
		Meaning:    "A hand-written policy has a deny rule without a peer, or enableDefaultDeny in a direction without rules, and denies nothing by it. A NetworkPolicy without rules, in a namespace that the fence default-denies, is an info.",
		Fix:        "Write fromEntities: [all] or toEntities: [all] into the deny rule, or ingress: [{}] or egress: [{}] next to enableDefaultDeny. In place of the NetworkPolicy, use ingressDeny or egressDeny of a CiliumNetworkPolicy.",
		Example:    "generated/policies-without-effect",
	})

	PolicySelectsNothing = define(Check{
		Name:       "policy-selects-nothing",
		Severities: []Severity{Warning},
		Title:      "A hand-written policy selects no pod of the build",
		Meaning:    "The selector of a hand-written policy matches no pod of the build, although its namespaces have pods there. The policy has no effect until such a pod is deployed.",
		Fix:        "Correct the labels of the selector, or declare the pods as external resources.",
		Example:    "generated/policies-without-effect",
	})

	PeerSelectsNothing = define(Check{
		Name:       "peer-selects-nothing",
		Severities: []Severity{Warning, Info},
		Title:      "A peer of a hand-written policy selects no pod",
		Meaning:    "A peer of a hand-written policy matches no pod of the build, although its namespaces have pods there, so the peer has no effect. The finding is a warning if a label looks like one of Cilium's own and is not.",
		Fix:        "Correct the labels of the peer, or declare the pods as external resources.",
		Example:    "generated/policies-without-effect",
	})

	PolicySelectsStartingPods = define(Check{
		Name:       "policy-selects-starting-pods",
		Severities: []Severity{Warning},
		Title:      "A policy allows flows to every pod that starts",
		Meaning:    "A hand-written policy selects only pods whose labels Cilium does not know yet (reserved:init), and allows them flows. Every pod of every Tenant has these flows while it starts.",
		Fix:        "Remove the policy, or allow only flows that any pod may have.",
		Example:    "generated/ztunnel-mesh",
	})

	HostPolicyUndeclared = define(Check{
		Name:       "host-policy-undeclared",
		Severities: []Severity{Error},
		Title:      "A host policy denies traffic of undeclared nodes",
		Meaning:    "A hand-written policy with a nodeSelector denies traffic of nodes that no entry of nodes in the FenceProfile covers. It can cut these nodes off from the cluster, and their required flows are not known.",
		Fix:        "Declare the nodes and their flows in nodes of the FenceProfile, or remove the policy.",
		Example:    "refused/hand-written-host-policies",
	})

	L7RulesRemoved = define(Check{
		Name:       "l7-rules-removed",
		Severities: []Severity{Error, Warning},
		Title:      "A policy has L7 rules that Cilium " + cilium.RemovedL7.Removed() + " removed",
		Meaning:    "A policy has kafka, l7 or l7proto in toPorts[].rules. Since Cilium " + cilium.RemovedL7.Removed() + ", an apiserver drops them, and the policy allows everything on these ports. With an older ciliumVersion, tenantfence does not decide the rules and counts everything there as allowed.",
		Fix:        "Remove the rules, and configure access in the brokers or servers themselves.",
		Example:    "refused/removed-l7-rules",
	})

	RequirementsRemoved = define(Check{
		Name:       "requirements-removed",
		Severities: []Severity{Error, Warning},
		Title:      "A policy has fields that Cilium " + cilium.Requirements.Removed() + " removed",
		Meaning:    "A policy has fromRequires or toRequires. Since Cilium " + cilium.Requirements.Removed() + ", an apiserver refuses the policy. Older agents narrow all policies for the same pods by these fields, which tenantfence does not decide.",
		Fix:        "Write the labels into each selector of fromEndpoints or toEndpoints, and remove the field.",
		Example:    "refused/requirements-since-1.19",
	})

	PolicyByOperator = define(Check{
		Name:       "policy-by-operator",
		Severities: []Severity{Error, Warning, Info},
		Title:      "An operator creates a NetworkPolicy from a resource",
		Meaning:    "An operator creates a NetworkPolicy from a resource of the build. This policy allows ports in addition to the policies that tenantfence decides, so nothing is proved. It is a warning if the tenants of the namespace are in AllowOnly, which then does not count as isolated once enforced. If undecidedKinds accepts the kind, the finding is an info.",
		Fix:        "Switch the policy off in the operator as the message shows, or declare what it allows and limit its sources. Then accept the kind in undecidedKinds of the FenceProfile.",
		Example:    "refused/policies-of-operators",
	})

	KindUndecided = define(Check{
		Name:       "kind-undecided",
		Severities: []Severity{Error, Warning, Info},
		Title:      "A resource affects traffic and is not decided",
		Meaning:    "A resource or an annotation affects traffic, and tenantfence does not decide its effect. With an error, nothing is proved. It is a warning if it affects only a namespace without a Tenant, and an info if undecidedKinds of the FenceProfile accepts the kind.",
		Fix:        "Remove it, or accept the kind in the FenceProfile: undecidedKinds: [{group: …, kind: …, reason: …}]. List a policy that another resource holds as a resource of its own.",
		Example:    "refused/undecided-kinds",
	})

	KindWithoutEffect = define(Check{
		Name:       "kind-without-effect",
		Severities: []Severity{Warning},
		Title:      "Cilium does not decide an administrator's policy",
		Meaning:    "The build has a policy for cluster administrators that has no effect. No version of Cilium decides an AdminNetworkPolicy or a BaselineAdminNetworkPolicy. A ClusterNetworkPolicy needs Cilium " + cilium.ClusterNetworkPolicies.Introduced() + " with enable-k8s-cluster-network-policy: \"true\".",
		Fix:        "Write a ClusterNetworkPolicy and enable it in the agents, or remove the policy.",
		Example:    "refused/undecided-kinds",
	})

	AppliedElsewhereAssumed = define(Check{
		Name:       "applied-elsewhere-assumed",
		group:      assumption,
		Severities: []Severity{Info},
		Title:      "Manifests that are applied from elsewhere count as without policies",
		Meaning:    "The build has resources whose controllers apply other manifests: charts of a HelmRelease, the folder of a Flux Kustomization, the build of an Argo CD Application. These manifests are not read. The proof assumes that none of them is a network policy, because such a policy may allow what nothing declares.",
		Fix:        "Inflate the charts in the build, switch their network policies off in the values, or add the policies to the build.",
		Example:    "generated/operators",
	})

	KindsAssumedWithoutEffect = define(Check{
		Name:       "kinds-assumed-without-effect",
		group:      assumption,
		Severities: []Severity{Info},
		Title:      "Unknown kinds count as without effect on traffic",
		Meaning:    "The build has resources of kinds that tenantfence does not know. It assumes that they do not affect traffic, and it does not see pods that they create.",
		Fix:        "Declare pods that these resources create as external resources, in an ExternalResources.",
		Example:    "generated/kinds-accepted",
	})
)
