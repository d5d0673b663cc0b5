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
