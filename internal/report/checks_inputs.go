package report

// Checks on the inputs of a run: the TenantFence, the FenceProfile, Tenants, FlowTests and the
// resources of the build.
var (
	EmitOmitsPolicies = define(Check{
		Name:       "emit-omits-policies",
		Severities: []Severity{Error},
		Title:      "No run with spec.emit writes these policies",
		Meaning:    "The listed policies belong to no Tenant and to no nodes entry, for example the cluster-wide policies of scope: Cluster. A run with spec.emit writes only policies of the names in the list, so these policies would be missing in the cluster.",
		Fix:        "Remove spec.emit from the TenantFence, or remove the field that requires the policies, such as scope: Cluster in the FenceProfile.",
		Example:    "refused/emit",
	})
	EmptyOutput = define(Check{
		Name:       "empty-output",
		Severities: []Severity{Error},
		Title:      "The build contains nothing for the cluster",
		Meaning:    "Neither a resource nor a policy for the cluster remains in the output. A tool that applies the output and prunes the rest would delete all that an earlier build created.",
		Fix:        "List Tenants that need policies of the stages in spec.stages, or remove the layer.",
		Untested:   "only a host without files reports it, such as kustomize, and golden cases have files: empty-output.txtar",
	})
	FormerFenceActive = define(Check{
		Name:       "former-fence-active",
		Severities: []Severity{Error},
		Title:      "A former name belongs to a fence of the same build",
		Meaning:    "spec.formerNames lists a fence that runs earlier in this build. This fence would delete the policies of that fence.",
		Fix:        "Remove the name from spec.formerNames, or remove the other TenantFence.",
		Untested:   "only a build with several fences reports it, and a golden case has one: two-fences.txtar",
	})
	FunctionConfigInvalid = define(Check{
		Name:       "function-config-invalid",
		group:      unreadableInput,
		Severities: []Severity{Error},
		Title:      "The functionConfig is not a TenantFence",
		Meaning:    "The function runs without a functionConfig, or with one of another kind or API version. It cannot generate policies without its TenantFence.",
		Fix:        "List a tenantfence.dev/v1alpha1 TenantFence under transformers: of the kustomization, or in the pipeline of the Kptfile.",
		Example:    "refused/invalid-function-config",
	})
	InvalidExternalResources = define(Check{
		Name:       "invalid-externalresources",
		group:      unreadableInput,
		Severities: []Severity{Error},
		Title:      "An ExternalResources is not valid",
		Meaning:    "A field of the ExternalResources does not exist, is missing, or has a value that the API does not accept. What runs in the cluster is unknown, so the build is refused.",
		Fix:        "Correct the field that the finding names; docs/reference/api.md describes every field.",
		Example:    "refused/invalid-external-resources",
	})
	InvalidFenceProfile = define(Check{
		Name:       "invalid-fenceprofile",
		group:      unreadableInput,
		Severities: []Severity{Error},
		Title:      "A FenceProfile is not valid",
		Meaning:    "A field of the FenceProfile does not exist, is missing, or has a value that the API does not accept. The build is refused.",
		Fix:        "Correct the field that the finding names; docs/reference/api.md describes every field.",
		Example:    "refused/invalid-fenceprofile",
	})
	InvalidFlowTest = define(Check{
		Name:       "invalid-flowtest",
		group:      unreadableInput,
		Severities: []Severity{Error},
		Title:      "A FlowTest is not valid",
		Meaning:    "A field of the FlowTest does not exist, is missing, or has a value that the API does not accept. Its cases cannot be decided, so the build is refused.",
		Fix:        "Correct the field that the finding names; docs/reference/api.md describes every field.",
		Example:    "refused/many-errors",
	})
	InvalidTenant = define(Check{
		Name:       "invalid-tenant",
		group:      unreadableInput,
		Severities: []Severity{Error},
		Title:      "A Tenant is not valid",
		Meaning:    "A field of the Tenant does not exist, is missing, or has a value that the API does not accept, also after the substitution of a variable. The build is refused.",
		Fix:        "Correct the field that the finding names; docs/reference/api.md describes every field.",
		Example:    "refused/invalid-names-and-networks",
	})
	InvalidTenantFence = define(Check{
		Name:       "invalid-tenantfence",
		group:      unreadableInput,
		Severities: []Severity{Error},
		Title:      "The TenantFence is not valid",
		Meaning:    "A field of the TenantFence, its inline profile or its inline tenants does not exist, is missing, or has a value that the API does not accept. The build is refused.",
		Fix:        "Correct the field that the finding names; docs/reference/api.md describes every field.",
		Example:    "refused/variables-of-wrong-fence",
	})
	ProfileAmbiguous = define(Check{
		Name:       "profile-ambiguous",
		group:      unreadableInput,
		Severities: []Severity{Error},
		Title:      "More than one FenceProfile is a candidate",
		Meaning:    "The build contains several FenceProfiles, or one in addition to the inline spec.profile. The fence needs exactly one, so nothing is generated.",
		Fix:        "Set spec.profileName in the TenantFence, or remove the other FenceProfiles. With spec.profile, the build must contain none.",
		Example:    "refused/two-profiles",
	})
	ProfileMissing = define(Check{
		Name:       "profile-missing",
		group:      unreadableInput,
		Severities: []Severity{Error},
		Title:      "The fence has no FenceProfile",
		Meaning:    "The build contains no FenceProfile, or none with the name in spec.profileName. Without the profile, nothing is generated. A TenantFence under generators: sees no other resource.",
		Fix:        "Add the FenceProfile to resources: of this layer or of a layer below, or set spec.profile in the TenantFence. Correct spec.profileName if it is wrong.",
		Example:    "refused/no-profile",
	})
	ReferenceRenamed = define(Check{
		Name:       "reference-renamed",
		group:      unreadableInput,
		Severities: []Severity{Error},
		Title:      "A layer renames what Tenants, the profile or FlowTests name",
		Meaning:    "A layer at or below the fence sets namePrefix, nameSuffix or namespace, or renames in a patch. Kustomize corrects references between its own kinds, and not those in Tenants, FenceProfile, FlowTests and TenantFence. They still use the old names, which no resource has.",
		Fix:        "List Tenants, FenceProfile, FlowTests and the TenantFence above the layer that renames. Use the names that this layer gives to workloads, Services and Namespaces.",
		Untested:   "only kustomize renames, and golden cases have no layers: layers-that-rename.txtar",
	})
	ResourceOutsideFence = define(Check{
		Name:       "resource-outside-fence",
		Severities: []Severity{Error},
		Title:      "No TenantFence receives a resource of tenantfence.dev",
		Meaning:    "A layer above the fence, or a sibling layer, lists a Tenant, FenceProfile or FlowTest. The function does not see the resource, so it has no effect and would reach the cluster. The same applies to a change of its spec by a layer above the fence.",
		Fix:        "List the TenantFence at or above the layer that lists or changes the resource.",
		Untested:   "only a build with layers reports it, and a golden case has none: outside-fence.txtar",
	})
	ResourceUnreadable = define(Check{
		Name:       "resource-unreadable",
		group:      unreadableInput,
		Severities: []Severity{Error, Warning},
		Title:      "A resource cannot be parsed as its kind",
		Meaning:    "A field of the resource has the wrong type, or a value of spec.variables cannot be substituted. Which pods, ports or settings the resource creates is then unknown. The finding is a warning in tenantfence convert.",
		Fix:        "Correct the field or the variable that the finding names.",
		Example:    "refused/unreadable-build",
	})
	TenantNotFound = define(Check{
		Name:       "tenant-not-found",
		Severities: []Severity{Error},
		Title:      "A name in spec.emit does not exist",
		Meaning:    "spec.emit lists a name that neither a Tenant of the build nor an entry of spec.nodes in the FenceProfile has. All Tenants must be in the build, also those that another run emits.",
		Fix:        "Correct the name in spec.emit, or list the Tenants under resources: of the kustomization.",
		Example:    "refused/emit",
	})
	UnknownAPIGroup = define(Check{
		Name:       "unknown-api-group",
		group:      unreadableInput,
		Severities: []Severity{Error},
		Title:      "A Tenant has another API group",
		Meaning:    "The API group of this Tenant resembles tenantfence.dev, or the build contains no Tenant of tenantfence.dev. The fence does not read this Tenant, so it would remove the policies of the tenant.",
		Fix:        "Set apiVersion: tenantfence.dev/v1alpha1. If the Tenant belongs to another project and the last Tenant of the fence is removed, delete the policies of the fence by hand.",
		Example:    "refused/unknown-api-group",
	})
	UnknownKind = define(Check{
		Name:       "unknown-kind",
		group:      unreadableInput,
		Severities: []Severity{Error},
		Title:      "A kind does not exist in tenantfence.dev",
		Meaning:    "The resource has the API group tenantfence.dev and an unknown kind, probably a misspelling. It has no effect, so the build is refused.",
		Fix:        "Correct kind to Tenant, FenceProfile, TenantFence or FlowTest.",
		Example:    "refused/many-errors",
	})
)

// Checks on the resources of a build as they are read.
var (
	ResourceMalformed = define(Check{
		Name:       "resource-malformed",
		group:      unreadableInput,
		Severities: []Severity{Error},
		Title:      "An item is not a readable resource",
		Meaning:    "An item is no resource, or its metadata or structure cannot be read without ambiguity. Examples are a repeated key, a label that is no string, a null list element, or an alias without end.",
		Fix:        "Correct the field that the message names.",
		Example:    "refused/malformed-resources",
	})

	ResourceDuplicate = define(Check{
		Name:       "resource-duplicate",
		group:      unreadableInput,
		Severities: []Severity{Error},
		Title:      "A resource exists twice with different content",
		Meaning:    "The build contains one resource more than once with different content. Which one the cluster gets is undefined.",
		Fix:        "Keep one of the resources.",
		Example:    "refused/duplicates-that-differ",
	})

	ResourceDuplicateIdentical = define(Check{
		Name:       "resource-duplicate-identical",
		Severities: []Severity{Info},
		Title:      "A resource exists several times with equal content",
		Meaning:    "The build contains one resource several times with equal content. It counts once, and the cluster has one after all are applied.",
		Fix:        "Remove the copies, for example by listing the resource in one layer alone.",
		Example:    "generated/identical-duplicates",
	})

	ExternalResourceDiffers = define(Check{
		Name:       "external-resource-differs",
		group:      unreadableInput,
		Severities: []Severity{Error},
		Title:      "ExternalResources contradict another declaration",
		Meaning:    "An ExternalResources declares a workload, Service, Namespace or node that the build or another ExternalResources has, too, and the two differ in what affects traffic. It is unknown which of them runs in the cluster.",
		Fix:        "Remove the declaration from the ExternalResources, or make both equal.",
		Example:    "refused/external-resources-that-differ",
	})

	ImportInexact = define(Check{
		Name:       "import-inexact",
		Severities: []Severity{Warning},
		Title:      "An imported resource differs from the one in the cluster",
		Meaning:    "tenantfence import writes a resource, and some of what affects its traffic has no field in ExternalResources, or the input does not show it.",
		Fix:        "Write this resource itself, with the annotation config.kubernetes.io/local-config, or export what the message names.",
		Untested:   "only tenantfence import reports it: import.txtar",
	})

	ImportLeftOut = define(Check{
		Name:       "import-left-out",
		Severities: []Severity{Warning},
		Title:      "A resource that affects the proof is not imported",
		Meaning:    "The input of tenantfence import has a resource that affects traffic, such as a policy, and ExternalResources have no field for it.",
		Fix:        "List the resource in the build, as the message states.",
		Untested:   "only tenantfence import reports it: import.txtar",
	})

	ResourceWithoutNamespace = define(Check{
		Name:       "resource-without-namespace",
		Severities: []Severity{Error},
		Title:      "A workload or Service has no namespace",
		Meaning:    "A Service, or a resource that makes pods, has no metadata.namespace yet. tenantfence cannot assign it to a Tenant.",
		Fix:        "Set metadata.namespace in the resource, or list the fence in a layer above the one whose kustomization.yaml sets namespace.",
		Example:    "refused/unreadable-build",
	})

	VariableUnsubstituted = define(Check{
		Name:       "variable-unsubstituted",
		group:      unreadableInput,
		Severities: []Severity{Error, Warning},
		Title:      "A variable that affects traffic has no value",
		Meaning:    "A policy, an agent setting, or a field that decides which pods policies select refers to ${NAME}, which has no value. Nothing is proved. A policy that affects no Tenant is left out instead, with a warning.",
		Fix:        "Add NAME to spec.variables of the TenantFence, with the value that Flux substitutes. Write ${NAME} without functions of Flux.",
		Example:    "refused/policy-variables",
	})
)
