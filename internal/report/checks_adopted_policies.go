package report

import "github.com/tenantfence/tenantfence/internal/cilium"

// Checks on resources that the function adopts or patches, and on the annotations that request it.
var (
	AnnotationUnknown = define(Check{
		Name:       "annotation-unknown",
		Severities: []Severity{Error},
		Title:      "An annotation of tenantfence.dev does not exist",
		Meaning:    "A resource has an annotation of the domain tenantfence.dev that tenantfence does not know, so the annotation has no effect. It may be misspelled.",
		Fix:        "Write tenantfence.dev/adopt or tenantfence.dev/patch, or remove the annotation.",
		Example:    "refused/generated-policies-withheld",
	})

	AdoptedPolicyPresent = define(Check{
		Name:       "adopted-policy-present",
		Severities: []Severity{Error},
		Title:      "A finished build still has an adopted policy",
		Meaning:    "An entry of spec.adopt of the TenantFence replaces a hand-written policy by a generated one. The finished build has the hand-written policy, or the target has generated policies alone and the inputs have it. So what it allows still applies.",
		Fix:        "Delete the policy from the source that applies it, such as a file of the inputs or a layer above the fence. If the output is older than the entry, build again. tenantfence render never writes or deletes hand-written policies.",
		Untested:   "internal/cli/testdata/script/adopt-as.txtar",
	})

	AdoptionRefused = define(Check{
		Name:       "adoption-refused",
		Severities: []Severity{Error},
		Title:      "A policy in spec.adopt cannot be adopted",
		Meaning:    "An entry of spec.adopt of the TenantFence names a policy that must stay: a fence generates it, it has the annotation tenantfence.dev/patch, or another build deploys it. Or no policy with the name in as is generated in its namespace. Nothing is removed.",
		Fix:        "Correct name, as, kind or namespaces of the entry, or remove it.",
		Example:    "refused/adopt-as",
	})

	AdoptWithoutEffect = define(Check{
		Name:       "adopt-without-effect",
		Severities: []Severity{Warning, Info},
		Title:      "No generated policy has the name of the adopted one",
		Meaning:    "A hand-written resource has the annotation tenantfence.dev/adopt, and the function generates no policy of that name. The function does not adopt the resource. The finding is an info about an entry of spec.adopt for which neither policy exists.",
		Fix:        "Correct the name, or remove the annotation or the entry.",
		Example:    "refused/patch-and-adopt-annotations",
	})

	PatchAspectUnknown = define(Check{
		Name:       "patch-aspect-unknown",
		Severities: []Severity{Error},
		Title:      "The patch annotation names an unknown aspect",
		Meaning:    "The annotation tenantfence.dev/patch lists a word that is not an aspect. The function patches nothing in the policy.",
		Fix:        "List enforcement, dns or labels, separated by commas.",
		Example:    "refused/patch-and-adopt-annotations",
	})

	PatchKindUnsupported = define(Check{
		Name:       "patch-kind-unsupported",
		Severities: []Severity{Error},
		Title:      "The patch annotation is on a resource of another kind",
		Meaning:    "A resource that is no policy has the annotation tenantfence.dev/patch. The function patches only a CiliumNetworkPolicy, CiliumClusterwideNetworkPolicy or NetworkPolicy.",
		Fix:        "Remove the annotation tenantfence.dev/patch.",
		Example:    "refused/patch-and-adopt-annotations",
	})

	PatchNamespaceUnfenced = define(Check{
		Name:       "patch-namespace-unfenced",
		Severities: []Severity{Warning},
		Title:      "A policy to patch is not in a Tenant's namespace",
		Meaning:    "A policy has the annotation tenantfence.dev/patch, and it is not about a namespace of a Tenant of this fence. The function patches nothing in the policy.",
		Fix:        "List the namespace in a Tenant, or remove the annotation.",
		Example:    "refused/patch-and-adopt-annotations",
	})

	PatchIsolates = define(Check{
		Name:       "patch-isolates",
		Severities: []Severity{Error},
		Title:      "A policy to patch isolates pods in AllowOnly",
		Meaning:    "The Tenant is in AllowOnly, and the policy to patch with the aspect enforcement isolates the pods that it selects. A NetworkPolicy always does so, and before Cilium " + cilium.AdditivePolicies.Introduced() + " every policy does.",
		Fix:        "Remove the policy until the Tenant is in Enforce, or remove enforcement from the annotation tenantfence.dev/patch.",
		Example:    "refused/patch-and-adopt-annotations",
	})

	PatchDNSMixed = define(Check{
		Name:       "patch-dns-mixed",
		Severities: []Severity{Error},
		Title:      "DNS shares an entry of toPorts with something else",
		Meaning:    "The policy has the aspect dns to patch, and an entry of toPorts has the DNS port together with other ports or L7 rules. A DNS rule in that entry would deny the other traffic.",
		Fix:        "Use a separate entry of toPorts for DNS, or remove dns from the annotation tenantfence.dev/patch.",
		Example:    "refused/patch-and-adopt-annotations",
	})

	PatchDNSRuleMissing = define(Check{
		Name:       "patch-dns-rule-missing",
		Severities: []Severity{Warning},
		Title:      "A policy to patch has no rule for the cluster's DNS",
		Meaning:    "The policy has the aspect dns to patch, but no egress rule to the DNS pods of baseline.dns on their port number. Or its Tenant removes DNS from the selected pods, and the policy has no names in toFQDNs. The aspect changes nothing.",
		Fix:        "Add or rewrite the rule, or remove dns from the annotation tenantfence.dev/patch.",
		Example:    "refused/patch-and-adopt-annotations",
	})

	SourceRangesReplaced = define(Check{
		Name:       "source-ranges-replaced",
		Severities: []Severity{Warning},
		Title:      "The function replaces networks of a load balancer",
		Meaning:    "A Service already has other networks in loadBalancerSourceRanges. The function replaces them with the networks that agentIngress of a Tenant declares, so the load balancer denies the earlier networks.",
		Fix:        "Add each network that still needs access to cidrs of the entry in agentIngress.",
		Example:    "refused/patch-and-adopt-annotations",
	})
)
