package report

// Checks on the proof: its outcome, its limits, and policies that it cannot decide.
var (
	DefaultDenyMissing = define(Check{
		Name:       "default-deny-missing",
		Severities: []Severity{Warning},
		Title:      "A namespace has no default-deny by label",
		Meaning:    "No policy in this namespace of a tenant has the labels of a default-deny. The Tenant is in AllowOnly, or the policy is missing; labels alone do not show which.",
		Fix:        "Run tenantfence verify with --inputs DIR, the folder that contains the Tenants.",
		Untested:   "tenantfence verify reports it without Tenants and FlowTests: TestLabelsWithoutDefaultDeny",
	})
	EmitPoliciesAssumed = define(Check{
		Name:       "emit-policies-assumed",
		group:      assumption,
		Severities: []Severity{Info},
		Title:      "The proof assumes policies that other runs emit",
		Meaning:    "This run does not write the policies of Tenants and nodes that spec.emit omits. The proof holds only if the other runs write these policies as generated.",
		Fix:        "Run tenantfence verify on the output of all runs together.",
		Example:    "generated/emit",
	})
	KeptPoliciesUnproved = define(Check{
		Name:       "kept-policies-unproved",
		group:      consequence,
		Severities: []Severity{Error, Warning},
		Title:      "Unproved policies of unlisted stages stay",
		Meaning:    "The build is not proved and contains policies with the label of this fence that differ from what the fence generates. Their stages are not in spec.stages, so the run keeps them. The finding is a warning if the host keeps files, as kpt does.",
		Fix:        "Remove the policies from the build, or add their stages to spec.stages. If the host keeps files, run the layer that lists these stages.",
		Example:    "generated/stages-before-default-deny",
	})
	NotProved = define(Check{
		Name:       "not-proved",
		group:      outcome,
		Severities: []Severity{Warning, Info},
		Title:      "Isolation is not proved, or only in part",
		Meaning:    "The message names the reason: for example proof: None, an unlisted stage, a generator, or a tenant in AllowOnly. Undeclared traffic can be allowed for everything that is not proved.",
		Fix:        "Remove the reason: list all stages in spec.stages, remove proof: None, or set enforcement: Enforce. Otherwise run tenantfence verify on the complete output.",
		Example:    "generated/stages-default-deny-alone",
	})
	PatchMissing = define(Check{
		Name:       "patch-missing",
		Severities: []Severity{Error},
		Title:      "A resource lacks a change that the fence makes",
		Meaning:    "The function changes a resource that it does not generate: a hand-written policy that it patches, labels of a Namespace, or loadBalancerSourceRanges of a Service. The finished resource does not have this change.",
		Fix:        "Set the fields in the file that declares the resource, or build again. Otherwise find the layer that reverts the change.",
		Untested:   "tenantfence verify reports it for a finished build: verify-hand-written-policies.txtar",
	})
	PolicyRejected = define(Check{
		Name:       "policy-rejected",
		Severities: []Severity{Error, Warning},
		Title:      "A policy is rejected or cannot be decided",
		Meaning:    "Cilium or Kubernetes rejects the policy, or it refers to something unknown in the build, so nothing is proved. If its namespace is outside the fence, the proof omits the policy and the finding is a warning. tenantfence convert does not convert such a policy.",
		Fix:        "Correct the policy as the message shows, or add the resource that it refers to, such as a CiliumCIDRGroup.",
		Example:    "refused/undecided-policies",
	})
	PolicySchemaInvalid = define(Check{
		Name:       "policy-schema-invalid",
		Severities: []Severity{Error, Warning},
		Title:      "A policy does not match the schema of Cilium",
		Meaning:    "The API server rejects this Cilium policy, or drops the fields that the schema does not contain. The proof uses the rest of the policy. The finding is a warning if its namespace is outside the fence, or if the cluster has a Cilium version older than the schema.",
		Fix:        "Correct or remove the fields that the message names.",
		Example:    "refused/policies-with-invalid-schema",
	})
	ProofBudgetExceeded = define(Check{
		Name:       "proof-budget-exceeded",
		Severities: []Severity{Error},
		Title:      "The proof needs too many representative endpoints",
		Meaning:    "The selectors of the policies need more representative pods or nodes than the budget allows, so nothing is proved. In tenantfence convert, the policy is not converted.",
		Fix:        "Narrow the selectors of the policy, or raise spec.proofBudget.representatives in the FenceProfile. The budget of tenantfence convert is fixed.",
		Example:    "refused/proof-budget",
	})
	Proved = define(Check{
		Name:       "proved",
		group:      outcome,
		Severities: []Severity{Info},
		Title:      "Isolation is proved",
		Meaning:    "Every namespace and node of the fence is isolated, or becomes isolated with enforcement: Enforce. No declared flow is denied or undecided. The result depends on the assumptions in the other findings.",
		Fix:        "No change is necessary. Review the warnings and the assumptions, such as agent-settings-assumed.",
		Example:    "generated/dns-search-list",
	})
)

// Checks on the proof: paths that the profile forbids.
var (
	ForbiddenPathExists = define(Check{
		Name:       "forbidden-path-exists",
		group:      exposure,
		Severities: []Severity{Error},
		Title:      "Connections form a path that the profile forbids",
		Meaning:    "spec.forbiddenPaths of the FenceProfile forbids this path, and policies allow each of its connections. The message has the shortest path. Pods in between count even if they do not forward traffic, because an attacker who controls them can.",
		Fix:        "Remove or narrow the flow that the last field of the message declares, or change forbiddenPaths.",
		Example:    "refused/forbidden-paths",
	})
	ForbiddenPathUndecided = define(Check{
		Name:       "forbidden-path-undecided",
		Severities: []Severity{Error},
		Title:      "A forbidden path cannot be decided",
		Meaning:    "An endpoint in spec.forbiddenPaths of the FenceProfile does not exist in the build and its external resources, so nothing is known about the path.",
		Fix:        "Correct the name, or declare the workload as an external resource.",
		Example:    "refused/forbidden-paths",
	})
)

// Checks on the proof: isolation, declared flows, FlowTests, and the two forms of policies.
var (
	NotIsolated = define(Check{
		Name:       "not-isolated",
		group:      exposure,
		Severities: []Severity{Error, Warning},
		Title:      "No policy isolates pods or nodes",
		Meaning:    "No policy default-denies one direction of pods or nodes that the fence must default-deny. Everything is allowed there: the policy default-deny is missing or has no effect. In AllowOnly, the finding is a warning.",
		Fix:        "Build again, or find the layer that removes or changes the default-deny.",
		Untested:   "a run always generates the default-deny, so tenantfence verify reports it: TestIsolation in internal/reach",
	})

	UndeclaredOpen = define(Check{
		Name:       "undeclared-open",
		group:      exposure,
		Severities: []Severity{Error, Warning},
		Title:      "Policies allow a flow that nothing declares",
		Meaning:    "A policy allows a flow at pods or nodes of the fence that no Tenant, profile or baseline declares. The other side allows it too, so the cluster allows it. One finding covers one direction of a policy, for peers with the same ports; -v lists every pair. In AllowOnly, the finding is a warning.",
		Fix:        "Remove or narrow the policy, or declare the flow in spec.ingress or spec.egress of the Tenant, or in nodes of the FenceProfile.",
		Example:    "refused/isolation",
	})

	UndeclaredOneSided = define(Check{
		Name:       "undeclared-one-sided",
		group:      oneSided,
		Severities: []Severity{Error, Warning},
		Title:      "One side allows a flow that nothing declares",
		Meaning:    "A policy allows a flow at pods or nodes of the fence that no Tenant, profile or baseline declares. Only the other side still denies it. One finding covers one direction of a policy, for peers with the same ports; -v lists every pair. In AllowOnly, the finding is a warning.",
		Fix:        "Remove or narrow the policy, or declare the flow in spec.ingress or spec.egress of the Tenant, or in nodes of the FenceProfile.",
		Example:    "refused/isolation",
	})

	AllowedFlow = define(Check{
		Name:       "allowed-flow",
		Severities: []Severity{Info},
		Title:      "Policies allow a flow",
		Meaning:    "Without Tenants and FlowTests, tenantfence lists the flows that policies allow at pods and nodes, by the labels of policies. This verifies nothing, because the author of a policy also writes its labels.",
		Fix:        "Add --inputs DIR with the folder of the Tenants.",
		Untested:   "tenantfence verify reports it without Tenants and FlowTests: verify.txtar",
	})

	PoliciesConflict = define(Check{
		Name:       "policies-conflict",
		Severities: []Severity{Error},
		Title:      "Policies for the same pods cannot be merged",
		Meaning:    "Cilium accepts each of these policies alone and cannot merge them, so it enforces none of them at these pods. Nothing is proved there.",
		Fix:        "Make the conflicting part of these policies equal, or keep it in one of them.",
		Example:    "refused/policies-conflict",
	})

	HostNetworkPods = define(Check{
		Name:       "host-network-pods",
		Severities: []Severity{Info},
		Title:      "No policy selects hostNetwork pods",
		Meaning:    "These pods use hostNetwork, so no policy selects them. They reach every pod of their node, as the node does.",
		Fix:        "Remove hostNetwork: true from pods that do not need it.",
		Example:    "generated/host-network",
	})

	HostNetworkPodsExcluded = define(Check{
		Name:       "host-network-pods-excluded",
		Severities: []Severity{Info},
		Title:      "A flow leaves out hostNetwork pods",
		Meaning:    "Some pods of a declared flow use hostNetwork and have the identity of their node, so no policy selects them. The flow is with the other pods alone.",
		Fix:        "For these pods, declare a flow with entities: [host, remote-node].",
		Example:    "generated/limits-reached-and-overridden",
	})

	EntityDeniedByTenants = define(Check{
		Name:       "entity-denied-by-tenants",
		Severities: []Severity{Info},
		Title:      "Tenants deny a part of a flow with an entity",
		Meaning:    "The entity of a declared flow includes pods of all Tenants. Pods of the listed Tenants deny a part of the flow at their side.",
		Fix:        "If these pods must have the flow, declare it in the listed Tenants, too.",
		Example:    "refused/world-partly-denied",
	})

	DeclaredFlowDenied = define(Check{
		Name:       "declared-flow-denied",
		group:      exposure,
		Severities: []Severity{Error, Warning},
		Title:      "Policies deny a declared flow or a part of it",
		Meaning:    "A Tenant or the profile declares a flow, and policies deny it or a part of it: some of its pods, networks, ports or requests. In AllowOnly, the finding is a warning.",
		Fix:        "Change the policies that the message names, or the declaration. If another flow narrows it to TLS, write the same tls in every flow to these peers and ports, or in none.",
		Example:    "refused/declared-flows-denied",
	})

	DeclaredFlowUndecided = define(Check{
		Name:       "declared-flow-undecided",
		group:      consequence,
		Severities: []Severity{Error, Warning},
		Title:      "A declared flow cannot be decided",
		Meaning:    "The policies for a declared flow conflict, or have rules that tenantfence does not inspect. Whether the cluster allows the flow is unknown. In AllowOnly, the finding is a warning.",
		Fix:        "Remove the conflict or the rule from the policies that the message names.",
		Example:    "refused/policies-conflict",
	})

	FlowTestFailed = define(Check{
		Name:       "flow-test-failed",
		group:      consequence,
		Severities: []Severity{Error},
		Title:      "A case of a FlowTest does not hold",
		Meaning:    "The policies decide at least one flow of the case otherwise than expect requires. The message shows the first such flow, with the decision of each side.",
		Fix:        "Change the declaration or the policy that decides the flow, or correct expect of the case.",
		Example:    "refused/flow-tests",
	})

	FlowTestUndecided = define(Check{
		Name:       "flow-test-undecided",
		group:      consequence,
		Severities: []Severity{Error},
		Title:      "A case of a FlowTest cannot be decided",
		Meaning:    "The build, the profile or the policies do not determine the flows of the case or their decision. Such a case does not hold.",
		Fix:        "Change the case, or add the missing information, as the message shows.",
		Example:    "refused/flow-tests-by-address",
	})

	FlowTestEndpointUnknown = define(Check{
		Name:       "flow-test-endpoint-unknown",
		Severities: []Severity{Info},
		Title:      "A FlowTest names labels that may be misspelled",
		Meaning:    "A source or destination of a case matches no pod and no node of the build, so a representative endpoint replaces it. A case that expects Deny then holds more easily than intended.",
		Fix:        "Correct the labels in from or to, unless the pod or node is to be deployed later.",
		Example:    "refused/flow-tests",
	})

	WorldExcludesNames = define(Check{
		Name:       "world-excludes-names",
		Severities: []Severity{Info},
		Title:      "A case that denies world leaves out allowed names",
		Meaning:    "The case holds for the entity world, which does not include names and networks that a policy allows by themselves. The policies allow the flow in the message.",
		Fix:        "Write external in place of world to include these names and networks.",
		Example:    "generated/external-peers",
	})

	ExternalExcludesEgressProxy = define(Check{
		Name:       "external-excludes-egress-proxy",
		Severities: []Severity{Info},
		Title:      "A case leaves out names behind the egress proxy",
		Meaning:    "The case denies external or world, and pods of the case reach names through the egress proxy. To the policies, that is a flow to the proxy's pods, which the case does not include.",
		Fix:        "To test this flow, add a case with the pods of the egress proxy as the destination.",
		Example:    "generated/kubernetes-external-peers",
	})

	FormsDiffer = define(Check{
		Name:       "forms-differ",
		Severities: []Severity{Info},
		Title:      "The NetworkPolicy form allows more or less",
		Meaning:    "With policies: Both, the NetworkPolicy form allows a flow that the Cilium policies deny, or denies one that they allow. The difference takes effect if another enforcer replaces Cilium.",
		Fix:        "Declare the flow with peers and ports that a NetworkPolicy can express, or accept the difference.",
		Example:    "generated/both",
	})

	FormsEqual = define(Check{
		Name:       "forms-equal",
		Severities: []Severity{Info},
		Title:      "The NetworkPolicy form allows the same",
		Meaning:    "With policies: Both, the NetworkPolicy form allows the same flows as the Cilium policies at all compared pods.",
		Fix:        "Change nothing: the finding reports a result.",
		Example:    "generated/both-any-namespace",
	})
)
