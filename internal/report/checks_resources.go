package report

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
