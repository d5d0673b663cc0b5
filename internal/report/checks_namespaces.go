package report

// Checks on the namespaces of Tenants, shared namespaces and peers that are namespaces.
var (
	NamespaceClaimedTwice = define(Check{
		Name:       "namespace-claimed-twice",
		Severities: []Severity{Error},
		Title:      "Two Tenants claim one namespace or one pod",
		Meaning:    "Two Tenants claim the same namespace, or their spec.pods select the same pods of a shared namespace. A namespace that is not shared, and each pod, belongs to one Tenant: else the flows of one Tenant would allow traffic of another.",
		Fix:        "Remove the namespace from one of the Tenants, or narrow spec.pods so that no pod matches both.",
		Example:    "refused/namespaces",
	})

	NamespaceExcluded = define(Check{
		Name:       "namespace-excluded",
		Severities: []Severity{Error},
		Title:      "A Tenant claims an excluded namespace",
		Meaning:    "The Tenant claims a namespace that the FenceProfile lists in excludedNamespaces. No Tenant can have such a namespace.",
		Fix:        "Remove the namespace from spec.namespaces of the Tenant, or remove its entry from excludedNamespaces.",
		Example:    "refused/namespaces",
	})

	NamespaceLabelsInGenerator = define(Check{
		Name:       "namespace-labels-in-generator",
		Severities: []Severity{Warning},
		Title:      "A generator sees no labels of namespaces",
		Meaning:    "The fence runs as a generator, which reads no Namespaces. The peer with namespaceLabels therefore does not include the namespaces of Tenants, and the cluster denies these flows.",
		Fix:        "Name the Tenants as peers, or list the TenantFence in transformers of the kustomization.",
		Example:    "generated/generator-namespace-labels",
	})

	NamespaceLabelsOutsideLimits = define(Check{
		Name:       "namespace-labels-outside-limits",
		Severities: []Severity{Error},
		Title:      "A peer by namespace labels is outside the limits",
		Meaning:    "The flow selects namespaces by namespaceLabels, and limits.namespaceLabels does not allow this to the Tenant.",
		Fix:        "Name the namespaces or the Tenants instead, or set limits.namespaceLabels: true in the FenceProfile; for one Tenant alone, in an entry of overrides.",
		Example:    "refused/outside-each-limit",
	})

	NamespaceLabelsSpoofable = define(Check{
		Name:       "namespace-labels-spoofable",
		Severities: []Severity{Warning},
		Title:      "Others can join a peer by namespace labels",
		Meaning:    "The peer selects namespaces without a Tenant by namespaceLabels, also those that are created later. Anyone with the permission to label a namespace can add pods to the peer; {} selects every namespace of the cluster.",
		Fix:        "Name the namespaces instead, as namespace: NAME, where they are known.",
		Example:    "generated/namespace-labels",
	})

	NamespaceNotInBuild = define(Check{
		Name:       "namespace-not-in-build",
		Severities: []Severity{Error},
		Title:      "A namespace of a Tenant is not in the build",
		Meaning:    "The Tenant claims a namespace, or gets it from tenants.namespacePattern, and the build contains no such Namespace.",
		Fix:        `Add the Namespace to the build. Where something else creates it, declare it in an ExternalResources. Where the names of namespaces follow another pattern, set tenants.namespacePattern in the FenceProfile.`,
		Example:    "refused/namespaces",
	})

	NamespaceNotListed = define(Check{
		Name:       "namespace-not-listed",
		Severities: []Severity{Error},
		Title:      "A Tenant leaves out a namespace with workloads",
		Meaning:    "The FenceProfile gives the namespace to this Tenant alone, and spec.namespaces of the Tenant does not list it. The namespace has workloads, and no policy denies traffic there.",
		Fix:        "Add the namespace to spec.namespaces of the Tenant, or move the workloads to another namespace.",
		Example:    "refused/namespace-omitted",
	})

	NamespaceFencedInPart = define(Check{
		Name:       "namespace-fenced-in-part",
		Severities: []Severity{Info},
		Title:      "A Tenant fences some pods of its namespace",
		Meaning:    "spec.pods selects some pods of the Tenant's own namespace. These are fenced as in a shared namespace. Nothing is denied for the other pods, also for those that are created later. Reports count the namespace as isolated in part.",
		Fix:        "Remove spec.pods to fence all pods of the namespace.",
		Example:    "generated/namespace-fenced-in-part",
	})

	NamespaceNotShared = define(Check{
		Name:       "namespace-not-shared",
		Severities: []Severity{Error},
		Title:      "spec.pods in a namespace of a Tenant that must be in Enforce",
		Meaning:    "The Tenant has spec.pods, and one of its namespaces is not in sharedNamespaces. The pods of this namespace that spec.pods does not select would stay unfenced, and the profile requires Enforce of this Tenant.",
		Fix:        "Remove spec.pods. If the other pods may stay unfenced, add AllowOnly to limits.enforcement of the FenceProfile, for all Tenants or by an override. If several Tenants have the namespace, list it in sharedNamespaces.",
		Example:    "refused/shared-namespaces",
	})

	NamespaceOutsideLimits = define(Check{
		Name:       "namespace-outside-limits",
		Severities: []Severity{Error, Warning},
		Title:      "A namespace is outside the limits of its tenant",
		Meaning:    "The flow names pods or a Service of a namespace, and some of these pods may belong to no Tenant. The namespace is not in limits.namespaces of the declaring Tenant. It is a warning if another Tenant fences the namespace in part: the flow then includes the pods of that Tenant alone.",
		Fix:        "Remove the peer, or add the namespace to limits.namespaces in the FenceProfile; for one Tenant alone, in an entry of overrides.",
		Example:    "refused/outside-each-limit",
	})

	NamespaceShared = define(Check{
		Name:       "namespace-shared",
		Severities: []Severity{Error},
		Title:      "A shared namespace is claimed without spec.pods",
		Meaning:    "The Tenant claims a namespace that the FenceProfile lists in sharedNamespaces, and has no spec.pods. A Tenant owns only the selected pods of a shared namespace.",
		Fix:        "Select the pods of the Tenant in spec.pods, or remove the namespace from sharedNamespaces.",
		Example:    "refused/shared-namespaces",
	})

	NamespaceUnclaimed = define(Check{
		Name:       "namespace-unclaimed",
		Severities: []Severity{Error},
		Title:      "The profile does not give a namespace to the Tenant",
		Meaning:    "The Tenant claims a namespace that neither tenants.namespacePattern nor tenants.claims of the FenceProfile gives to it. The pattern never gives the namespaces of Kubernetes itself, default and kube-*; only tenants.claims does.",
		Fix:        "Add the namespace to tenants.claims under the name of the Tenant in the FenceProfile, or remove it from the Tenant.",
		Example:    "refused/namespace-of-kubernetes",
	})

	NamespaceUnfenced = define(Check{
		Name:       "namespace-unfenced",
		Severities: []Severity{Error, Warning},
		Title:      "A namespace belongs to no Tenant",
		Meaning:    "The namespace has no Tenant and is not excluded. Where it has workloads, the fence denies nothing there (warning). With scope: Cluster and enforcement: Enforce, default-deny applies to it, and only the baseline allows traffic (error).",
		Fix:        "Give the namespace a Tenant, or list it in excludedNamespaces of the FenceProfile with the reason.",
		Example:    "refused/namespace-omitted",
	})

	PodsMayOverlap = define(Check{
		Name:       "pods-may-overlap",
		Severities: []Severity{Error},
		Title:      "A future pod could belong to two Tenants",
		Meaning:    "Two Tenants share a namespace, and a pod that is created later could match spec.pods of both. The flows of one Tenant would then allow traffic of the other.",
		Fix:        "Select by the same label key in spec.pods.matchLabels of both Tenants, each with its own value.",
		Example:    "refused/shared-namespaces",
	})

	PodsUnfenced = define(Check{
		Name:       "pods-unfenced",
		Severities: []Severity{Warning},
		Title:      "No Tenant selects some pods of a shared namespace",
		Meaning:    "Some workloads of a shared namespace match spec.pods of no Tenant. The fence denies nothing to or from these pods, whatever the scope.",
		Fix:        "Select the pods in spec.pods of a Tenant.",
		Example:    "generated/shared-namespace",
	})

	ProxyPodsUnfenced = define(Check{
		Name:       "proxy-pods-unfenced",
		Severities: []Severity{Error},
		Title:      "Pods of an egress point or edge proxy are unfenced",
		Meaning:    "The FenceProfile names pods as egressPoints or edgeProxy. Their namespace has no Tenant, or is shared and the selector does not select pods of exactly one Tenant. Default-deny does not apply to all of these pods.",
		Fix:        "Give the namespace a Tenant. In a shared namespace, correct the selector in the FenceProfile or spec.pods of the Tenant.",
		Example:    "refused/profile-without-matching-pods",
	})

	SelectorSpansTenants = define(Check{
		Name:       "selector-spans-tenants",
		Severities: []Severity{Error},
		Title:      "A selector of the profile selects pods of several owners",
		Meaning:    "A selector of baseline.dns, baseline.monitoring or egressProxy selects pods of several Tenants in a shared namespace, or pods with and without a Tenant. Tenants label their own pods there, so any of them could take the role that the profile grants.",
		Fix:        "Give these pods one Tenant, and add the label of that Tenant to the selector in the FenceProfile.",
		Example:    "refused/cluster-hostnames-in-shared-namespaces",
	})
)
