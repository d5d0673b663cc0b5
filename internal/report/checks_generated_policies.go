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
