package report

// Checks on the generated policies in a build, and on policies that conflict with them.
var (
	PolicyMissing = define(Check{
		Name:       "policy-missing",
		Severities: []Severity{Error},
		Title:      "The build lacks a generated policy",
		Meaning:    "The finished build lacks a policy that the function generates: a layer above the fence removes it, or the function did not run. The cluster then enforces something else than what was proved.",
		Fix:        "Build again, or find the layer that removes the policy. With kustomize itself, add --enable-alpha-plugins and --enable-exec.",
		Untested:   "tenantfence verify reports it for a finished build, and a build for layers above the fence: verify-findings.txtar",
	})

	PolicyChanged = define(Check{
		Name:       "policy-changed",
		Severities: []Severity{Error},
		Title:      "A policy of the fence is not as generated",
		Meaning:    "A policy of the fence differs from what the function generates for it, so what was proved is not what the cluster enforces.",
		Fix:        "Build again, or find the layer that changes the policy. Declare an intended difference in a Tenant or in the FenceProfile.",
		Untested:   "tenantfence verify reports it for a finished build, and a build for layers above the fence: verify-findings.txtar",
	})

	PolicyUnexpected = define(Check{
		Name:       "policy-unexpected",
		Severities: []Severity{Error},
		Title:      "A policy has the label of the fence and no declaration",
		Meaning:    "A policy has the label tenantfence.dev/fence of this fence, and no field of a Tenant or of the profile declares it. The cluster enforces it although the function does not generate it.",
		Fix:        "Build again, which removes the policy, or remove it at its source.",
		Untested:   "tenantfence verify reports it for a finished build, and a build for layers above the fence: verify-findings.txtar",
	})

	PolicyMoved = define(Check{
		Name:       "policy-moved",
		Severities: []Severity{Error},
		Title:      "A generated policy is in another namespace",
		Meaning:    "A layer that sets namespace after the fence moves a generated policy to another namespace. The intended namespace lacks the policy, and the other namespace gets one that is not for its pods.",
		Fix:        "List the fence, or its Components, in a layer above the one that sets namespace.",
		Untested:   "tenantfence verify reports it for a finished build, and a build for layers above the fence: moved-policies.txtar",
	})

	PolicyRenamed = define(Check{
		Name:       "policy-renamed",
		Severities: []Severity{Error},
		Title:      "A layer above the fence renames generated policies",
		Meaning:    "A layer above the fence gives generated policies other names, for example by namePrefix or nameSuffix. Neither isolation nor FlowTests are decided for such a build.",
		Fix:        "List the fence, its profile, Tenants and FlowTests above the layer that renames. Use the names that this layer gives to workloads and Services.",
		Untested:   "tenantfence verify reports it for a finished build, and a build for layers above the fence: layers-above.txtar",
	})

	PolicyWithheld = define(Check{
		Name:       "policy-withheld",
		Severities: []Severity{Error},
		Title:      "Metadata keeps a generated policy from the cluster",
		Meaning:    "A generated policy has an annotation of Flux, Helm or Argo CD, ownerReferences, generateName or deletionTimestamp. These keep the policy from the cluster, apply it only once, or remove it again.",
		Fix:        "Remove the metadata in the layer that sets it, or exclude resources with the label tenantfence.dev/fence there.",
		Example:    "refused/generated-policies-withheld",
	})

	PolicyLocalConfig = define(Check{
		Name:       "policy-local-config",
		Severities: []Severity{Error, Warning},
		Title:      "A finished policy is marked as local-config",
		Meaning:    "A resource that affects traffic has the annotation config.kubernetes.io/local-config. kubectl applies it, and kustomize, Flux and kpt do not, so whether the cluster enforces it is unknown. For a hand-written policy of a kpt package the finding is a warning, and the policy is not decided.",
		Fix:        "Remove the annotation, or remove the policy.",
		Untested:   "tenantfence verify reports it for a finished build: verify-finished.txtar",
	})

	PolicyOfOtherFence = define(Check{
		Name:       "policy-of-other-fence",
		Severities: []Severity{Warning},
		Title:      "A policy of another fence is in a Tenant's namespace",
		Meaning:    "A policy has the label of another fence, and its namespace belongs to a Tenant of this fence. This fence neither changes nor removes the policy.",
		Fix:        "Use one fence for each namespace. If the other fence no longer exists, list its name in formerNames of the TenantFence.",
		Example:    "generated/existing-policies-of-the-fence",
	})

	PolicyExists = define(Check{
		Name:       "policy-exists",
		Severities: []Severity{Error},
		Title:      "The name of a generated policy is taken",
		Meaning:    "A resource that does not belong to this fence has the name of a policy that must be generated. The function does not overwrite it, and changes nothing in the build.",
		Fix:        "Rename or remove the resource, or add the annotation tenantfence.dev/adopt: \"true\" to a hand-written policy. List a former name of this fence in formerNames of the TenantFence.",
		Example:    "refused/hand-written-policy",
	})

	PolicyDuplicate = define(Check{
		Name:       "policy-duplicate",
		Severities: []Severity{Error},
		Title:      "A generated policy exists more than once",
		Meaning:    "The build holds different resources with the name of one generated policy, so the order of the files decides which one remains. If tenantfence itself generates a policy twice, the finding shows a defect of tenantfence.",
		Fix:        "Remove all but one of the resources. If tenantfence generates the policy twice, report the defect with the Tenants.",
		Example:    "refused/patch-and-adopt-annotations",
	})

	EmitPolicyDiffers = define(Check{
		Name:       "emit-policy-differs",
		Severities: []Severity{Error},
		Title:      "A policy that another run writes is not as generated",
		Meaning:    "With spec.emit, the build holds a policy with the name of one that only another run writes, and its content is different. This run does not correct it, so it would reach the cluster.",
		Fix:        "Remove the policy from this build, or run once without emit, which corrects it. Rename a hand-written policy.",
		Example:    "refused/emit-with-other-policies",
	})

	EmitPolicyOrphaned = define(Check{
		Name:       "emit-policy-orphaned",
		Severities: []Severity{Error},
		Title:      "A run with emit leaves an undeclared policy in place",
		Meaning:    "With spec.emit, the build holds a policy with the label of this fence that no field declares. This run does not emit policies of its owner and does not delete it, so the policy still applies.",
		Fix:        "Delete the policy in the file that holds it, or run once without emit, which deletes it. If the policy does not belong to the fence, remove the label tenantfence.dev/fence.",
		Example:    "refused/emit-with-other-policies",
	})
)

// Checks on traffic that a run changes, and on policies of other owners in AllowOnly.
var (
	AdoptedFlowLost = define(Check{
		Name:       "adopted-flow-lost",
		group:      consequence,
		Severities: []Severity{Warning, Info},
		Title:      "Enforce denies traffic that was allowed before adoption",
		Meaning:    "The fence adopts a policy while its tenants or nodes are in AllowOnly. The policies before this run allow these connections; after the run, Enforce denies them. The finding is an info if no hand-written policy is the cause, or if the other side denies the connections anyway.",
		Fix:        "Declare the flow in the Tenant or the FenceProfile before you set enforcement: Enforce, if the connections are necessary.",
		Example:    "generated/adopt-opens-in-allow-only",
	})
	AlreadyIsolated = define(Check{
		Name:       "already-isolated",
		Severities: []Severity{Info},
		Title:      "Another policy isolates pods of a tenant in AllowOnly",
		Meaning:    "The fence denies nothing in AllowOnly, but a policy that it does not generate isolates these pods. The cluster already denies the traffic there that no policy allows.",
		Fix:        "Keep the policy if the isolation is intended. Otherwise remove it, or disable the direction in enableDefaultDeny of the Cilium policy.",
		Example:    "generated/allow-only-with-isolating-policy",
	})
	PolicyAdopted = define(Check{
		Name:       "policy-adopted",
		Severities: []Severity{Info},
		Title:      "The fence adopts a hand-written policy",
		Meaning:    "The policy has the annotation tenantfence.dev/adopt: \"true\" and the name of a policy that the fence generates. The fence generates its spec from now on.",
		Fix:        "No change is necessary; traffic-opened and traffic-closed show the effect. To keep the hand-written spec, remove the annotation and rename the policy.",
		Example:    "generated/adopt",
	})
	TrafficClosed = define(Check{
		Name:       "traffic-closed",
		group:      consequence,
		Severities: []Severity{Warning, Info},
		Title:      "This run denies traffic that was allowed before",
		Meaning:    "The policies before this run allow these connections, and the policies after it deny them. The finding is a warning if a hand-written policy that the fence adopts or patches is a cause, otherwise an info.",
		Fix:        "Declare the flow in the Tenant or the FenceProfile if the connections are necessary.",
		Example:    "generated/adopt",
	})
	TrafficOneSided = define(Check{
		Name:       "traffic-one-sided",
		group:      oneSided,
		Severities: []Severity{Info},
		Title:      "This run changes only one side of a connection",
		Meaning:    "The egress side or the ingress side of these connections changes, and the other side denies them. The change alone therefore has no effect on traffic.",
		Fix:        "No change is necessary. If the connections must work, allow them at the other side too.",
		Example:    "generated/patch-enforcement-one-sided",
	})
	TrafficOpened = define(Check{
		Name:       "traffic-opened",
		group:      consequence,
		Severities: []Severity{Warning, Info},
		Title:      "This run allows traffic that was denied before",
		Meaning:    "The policies before this run deny these connections, and the policies after it allow them. The finding is a warning if a hand-written policy that the fence adopts or patches is a cause, otherwise an info.",
		Fix:        "Check that the connections are intended. Otherwise remove the flow, the annotation for adoption or patching, or the change to AllowOnly.",
		Example:    "generated/patch-enforcement-opens",
	})
	TrafficUndecided = define(Check{
		Name:       "traffic-undecided",
		group:      consequence,
		Severities: []Severity{Warning},
		Title:      "The effect of a change on traffic is unknown",
		Meaning:    "A policy changes, but the engine rejects a policy, cannot decide it, or exceeds the proof budget. Which traffic this run allows or denies in addition is therefore unknown.",
		Fix:        "Correct the reason in the message, and build again.",
		Example:    "refused/patched-policies-conflict",
	})
)

// Checks on the folder that tenantfence render writes.
var (
	FileEdited = define(Check{
		Name:       "file-edited",
		Severities: []Severity{Error},
		Title:      "A rendered file was changed afterwards",
		Meaning:    "The content or path of the file does not match the checksum in its first line. tenantfence render does not overwrite the change.",
		Fix:        "Make the change in the inputs and restore the file, or delete the file and render again.",
		Untested:   "tenantfence render reports it for its output folder: render-refused.txtar",
	})
	FileForeign = define(Check{
		Name:       "file-foreign",
		Severities: []Severity{Error},
		Title:      "A rendered folder contains a file of another origin",
		Meaning:    "tenantfence render did not write this file, hidden folder or symbolic link. The folder belongs to tenantfence render, which would otherwise delete or overwrite foreign files.",
		Fix:        "Move the file elsewhere, or render into a folder of its own with --output.",
		Untested:   "tenantfence render reports it for its output folder: render-refused.txtar",
	})
	NothingToRender = define(Check{
		Name:       "nothing-to-render",
		Severities: []Severity{Error},
		Title:      "The build contains no policies of a fence",
		Meaning:    "No policy of the build has the label tenantfence.dev/fence. An empty folder would remove all rendered policies from the cluster, so nothing is written.",
		Fix:        "Run tenantfence build to find the reason. To remove the fence, delete the rendered folder by hand.",
		Untested:   "only tenantfence render reports it: TestTreeRejectsItem",
	})
	PolicyNotRenderable = define(Check{
		Name:       "policy-not-renderable",
		Severities: []Severity{Error},
		Title:      "A generated policy cannot be placed in the folder",
		Meaning:    "The name, the namespace, or the tenant or stage label of the policy is not valid, or two different policies have one name. A layer above the fence usually causes this.",
		Fix:        "Find the layer that changes the metadata of the policy, and remove the change.",
		Untested:   "only tenantfence render reports it: TestTreeRejectsItem",
	})
)

// Checks on the conversion of NetworkPolicies to CiliumNetworkPolicies (tenantfence convert).
var (
	ConversionDiffers = define(Check{
		Name:       "conversion-differs",
		Severities: []Severity{Error},
		Title:      "A converted policy decides otherwise",
		Meaning:    "The CiliumNetworkPolicy does not allow the same traffic as the NetworkPolicy, so nothing is written. The cause is a defect in tenantfence.",
		Fix:        "Keep the NetworkPolicy, and report the finding as an issue of tenantfence.",
		Untested:   "tenantfence convert reports it only for a defect of the conversion: no input causes it; TestConverted proves each conversion",
	})
	PolicyGenerated = define(Check{
		Name:       "policy-generated",
		Severities: []Severity{Error},
		Title:      "A fence generates the policy to convert",
		Meaning:    "The NetworkPolicy has the label tenantfence.dev/fence. The fence would generate it again after the conversion.",
		Fix:        "Set policies: Cilium in spec of the FenceProfile instead.",
		Example:    "converted/refused",
	})
	PolicyNameTaken = define(Check{
		Name:       "policy-name-taken",
		Severities: []Severity{Error},
		Title:      "A CiliumNetworkPolicy has the name already",
		Meaning:    "The input files contain a CiliumNetworkPolicy with the name and namespace of the NetworkPolicy. The converted policy would replace it, so nothing is written.",
		Fix:        "Rename one of the two policies.",
		Example:    "converted/refused",
	})
	PolicyNotConvertible = define(Check{
		Name:       "policy-not-convertible",
		Severities: []Severity{Error},
		Title:      "A NetworkPolicy cannot be converted",
		Meaning:    "The resource is no NetworkPolicy of networking.k8s.io/v1, has unknown or duplicate fields or YAML anchors, or selects pods by a label that Cilium reserves. The conversion could change its effect, so nothing is written.",
		Fix:        "Correct the resource as the message shows. To select pods by namespace, use namespaceSelector.",
		Example:    "converted/refused",
	})
	RulesWithoutPolicyType = define(Check{
		Name:       "rules-without-policy-type",
		Severities: []Severity{Warning},
		Title:      "policyTypes omits a direction that has rules",
		Meaning:    "Kubernetes ignores the rules of this direction. Cilium enforces them and denies the traffic that they do not allow, and so does the converted policy.",
		Fix:        "Remove the rules of this direction, or add the direction to policyTypes if the rules are intended.",
		Example:    "converted/rules-without-policy-type",
	})
)
