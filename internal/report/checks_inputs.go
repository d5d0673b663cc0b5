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
		Fix:        "Correct the field that the finding names; docs/api.md describes every field.",
		Example:    "refused/invalid-external-resources",
	})
	InvalidFenceProfile = define(Check{
		Name:       "invalid-fenceprofile",
		group:      unreadableInput,
		Severities: []Severity{Error},
		Title:      "A FenceProfile is not valid",
		Meaning:    "A field of the FenceProfile does not exist, is missing, or has a value that the API does not accept. The build is refused.",
		Fix:        "Correct the field that the finding names; docs/api.md describes every field.",
		Example:    "refused/invalid-fenceprofile",
	})
	InvalidFlowTest = define(Check{
		Name:       "invalid-flowtest",
		group:      unreadableInput,
		Severities: []Severity{Error},
		Title:      "A FlowTest is not valid",
		Meaning:    "A field of the FlowTest does not exist, is missing, or has a value that the API does not accept. Its cases cannot be decided, so the build is refused.",
		Fix:        "Correct the field that the finding names; docs/api.md describes every field.",
		Example:    "refused/many-errors",
	})
	InvalidTenant = define(Check{
		Name:       "invalid-tenant",
		group:      unreadableInput,
		Severities: []Severity{Error},
		Title:      "A Tenant is not valid",
		Meaning:    "A field of the Tenant does not exist, is missing, or has a value that the API does not accept, also after the substitution of a variable. The build is refused.",
		Fix:        "Correct the field that the finding names; docs/api.md describes every field.",
		Example:    "refused/invalid-names-and-networks",
	})
	InvalidTenantFence = define(Check{
		Name:       "invalid-tenantfence",
		group:      unreadableInput,
		Severities: []Severity{Error},
		Title:      "The TenantFence is not valid",
		Meaning:    "A field of the TenantFence, its inline profile or its inline tenants does not exist, is missing, or has a value that the API does not accept. The build is refused.",
		Fix:        "Correct the field that the finding names; docs/api.md describes every field.",
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
