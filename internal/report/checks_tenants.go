package report

// Checks on Tenants, overrides, limits and L7 rules.
var (
	L7RuleShadowed = define(Check{
		Name:       "l7-rule-shadowed",
		Severities: []Severity{Error, Warning},
		Title:      "L7 rules have no effect",
		Meaning:    "Another policy or flow allows the same connections on the same port without L7 rules. Cilium then allows every request or DNS name, and the L7 rules restrict nothing. The finding names both flows, or the policies that are hand-written. For pods in AllowOnly, a finding about policies of the build is a warning.",
		Fix:        "Narrow the peers or ports of the other policy or flow, or add L7 rules there too. Else remove the L7 rules that have no effect.",
		Example:    "refused/shadowed-l7-rules",
	})

	LimitsRaisedByPattern = define(Check{
		Name:       "limits-raised-by-pattern",
		Severities: []Severity{Warning},
		Title:      "A name pattern gives a Tenant wider limits",
		Meaning:    "A pattern in overrides[].tenants raises limits, or loosens enforcement to AllowOnly, for a Tenant that the FenceProfile does not name. Anyone who can add a Tenant gets these rights by choosing a matching name.",
		Fix:        "Bind the matching names to files in tenants.allowedPaths, or list the Tenants by name in the override.",
		Example:    "generated/limits-raised-by-pattern",
	})

	LooserThanProfile = define(Check{
		Name:       "looser-than-profile",
		Severities: []Severity{Error},
		Title:      "A Tenant is looser than the profile",
		Meaning:    "The Tenant sets enforcement: AllowOnly against Enforce in the profile, or baseline.intraNamespace: true against false. A Tenant may be stricter than the profile; limits.enforcement alone allows a looser enforcement.",
		Fix:        "Remove the field from the Tenant. For enforcement, alternatively add AllowOnly to limits.enforcement of the FenceProfile.",
		Example:    "refused/looser-than-the-profile",
	})

	SecretOutsideLimits = define(Check{
		Name:       "secret-outside-limits",
		Severities: []Severity{Error},
		Title:      "A TLS Secret is outside the limits of its tenant",
		Meaning:    "The flow names a Secret in tls.terminating or tls.originating that no pattern of limits.secrets matches. The proxy of Cilium would use this Secret on behalf of the Tenant.",
		Fix:        `Name another Secret, or add "namespace/name" to limits.secrets in the FenceProfile; for one Tenant alone, in an entry of overrides.`,
		Example:    "refused/tls",
	})

	TenantDuplicate = define(Check{
		Name:       "tenant-duplicate",
		Severities: []Severity{Error},
		Title:      "Two Tenants have the same name",
		Meaning:    "The build contains more than one Tenant with this name, so its namespaces, limits and flows are ambiguous.",
		Fix:        "Give each Tenant its own name, or list the Tenant once.",
		Example:    "refused/duplicates-that-differ",
	})

	TenantOutsideAllowedPaths = define(Check{
		Name:       "tenant-outside-allowed-paths",
		Severities: []Severity{Error},
		Title:      "A Tenant is not in a file that its name is bound to",
		Meaning:    "An entry of tenants.allowedPaths binds the name of the Tenant to files, and the Tenant is in another file. Every entry with the name must allow the file, so that no other author can take the rights of the name.",
		Fix:        "Choose another name, move the Tenant to an allowed file, or add its file to the entry in the FenceProfile.",
		Example:    "refused/tenant-names-bound-to-other-files",
	})

	TenantPathUnknown = define(Check{
		Name:       "tenant-path-unknown",
		Severities: []Severity{Error},
		Title:      "The file of a Tenant with a bound name is unknown",
		Meaning:    "An entry of tenants.allowedPaths binds the name of the Tenant to files, and the host of the function does not pass on the file of the Tenant. Kustomize, for instance, does not record it.",
		Fix:        "Run tenantfence build or render, or kpt, instead of kustomize alone; for other causes, follow the message. Where these commands run kustomize, list the TenantFence in the layer that is built.",
		Untested:   "only a host that records no files reports it, and golden cases have files: tenant-names.txtar",
	})

	TenantsMissing = define(Check{
		Name:       "tenants-missing",
		Severities: []Severity{Error, Warning},
		Title:      "The build has no Tenants",
		Meaning:    "The build has no Tenants, so the fence generates nothing but host policies and removes its earlier policies (warning). With an inline profile, nothing shows that the Tenants were read, and the fence refuses to remove existing policies (error).",
		Fix:        "List the Tenants in this layer or in one below it. If the policies must go, use a FenceProfile among the items, or remove them by hand.",
		Example:    "generated/no-tenants",
	})

	TLSBetweenTenants = define(Check{
		Name:       "tls-between-tenants",
		Severities: []Severity{Error},
		Title:      "A flow with tls has pods of another Tenant as peer",
		Meaning:    "The flow has tls, and its peer selects pods of another Tenant. That Tenant would have to consent to the handling of its TLS, and no field expresses this consent.",
		Fix:        "Remove tls from the flow, or remove the peer.",
		Example:    "refused/tls",
	})

	TLSSettingsConflict = define(Check{
		Name:       "tls-settings-conflict",
		Severities: []Severity{Error},
		Title:      "Two flows intercept the same TLS with different secrets",
		Meaning:    "Two flows of a Tenant have http rules for the same pods, peer and port, and different secrets in tls, or only one of them has secrets. Cilium merges the two rules into one.",
		Fix:        "Write the same secrets in both flows, or give them different ports or peers.",
		Example:    "refused/tls-with-different-secrets",
	})

	UndecidedKindWithoutEffect = define(Check{
		Name:       "undecided-kind-without-effect",
		Severities: []Severity{Error},
		Title:      "undecidedKinds lists a kind that is decided",
		Meaning:    "The entry of undecidedKinds accepts a kind that tenantfence always decides. The entry has no effect: findings about such resources stay.",
		Fix:        "Remove the entry from undecidedKinds of the FenceProfile.",
		Example:    "refused/agent-configuration",
	})
)

// Checks on children and parents of Tenants.
var (
	ChildByPattern = define(Check{
		Name:       "child-by-pattern",
		Severities: []Severity{Warning},
		Title:      "A name pattern makes a Tenant a child",
		Meaning:    "A pattern in tenants.children[].names makes a Tenant that the FenceProfile does not name a child. Anyone who can add a Tenant gets the consent that the parent gives its children by choosing a matching name.",
		Fix:        "Bind the matching names to files in tenants.allowedPaths, or list the Tenants by name in tenants.children.",
		Example:    "generated/children-consent-partly",
	})

	ChildNotInBuild = define(Check{
		Name:       "child-not-in-build",
		Severities: []Severity{Warning},
		Title:      "A name of a child has no Tenant, and a similar one has no parent",
		Meaning:    "No Tenant of the build has a name in tenants.children[].names, and a Tenant with a similar name is neither a child nor a parent. The name may be mistyped. The similar Tenant is no child then.",
		Fix:        "Correct the name. If both names are right, no change is needed.",
		Example:    "generated/children-names",
	})

	ChildrenConsents = define(Check{
		Name:       "children-consents",
		Severities: []Severity{Info},
		Title:      "A peer for children includes those that consent",
		Meaning:    "The finding counts the children of the Tenant for which the peer is in a policy. Each of them, or the profile for it, declares its side of the flow. Children for which only a part of it is declared are listed.",
		Fix:        "No change is needed. To include a further child, declare the flow in its Tenant from the other side.",
		Example:    "generated/children",
	})

	ChildrenUndeclared = define(Check{
		Name:       "children-undeclared",
		Severities: []Severity{Error},
		Title:      "The profile declares no children or parent of a Tenant",
		Meaning:    "A flow of the Tenant has the peer children: true or parent: true, and no entry of tenants.children in the FenceProfile gives the Tenant children or a parent. The build fails.",
		Fix:        "Add the Tenant to tenants.children of the FenceProfile, remove the peer, or set optional: true on the flow.",
		Example:    "refused/children",
	})

	ChildrenUnused = define(Check{
		Name:       "children-unused",
		Severities: []Severity{Warning, Info},
		Title:      "A peer for children or the parent includes no pods",
		Meaning:    "No child has pods that the peer selects, or none of them declares its side of the flow (warning). In allTenants, the parent of a Tenant may lack the pods (warning). Or the build has no such child or parent yet (info). The flow allows nothing through this peer.",
		Fix:        "Correct pods, declare the pods as external resources, or declare the flow in a child. If no child exists yet, no change is needed.",
		Example:    "generated/children-consent-partly",
	})

	EveryTenantIsChild = define(Check{
		Name:       "every-tenant-is-child",
		Severities: []Severity{Info},
		Title:      "A pattern makes every Tenant a child",
		Meaning:    "The pattern * in tenants.children[].names of the FenceProfile makes every other Tenant a child of the parent. The parent's peer children: true then means the same as anyTenant: true, and needs no limit.",
		Fix:        "Check that every Tenant may get the consent of the parent. Otherwise list the names of its children.",
		Example:    "generated/children-every-tenant",
	})

	ParentConflict = define(Check{
		Name:       "parent-conflict",
		Severities: []Severity{Error},
		Title:      "Entries of tenants.children contradict each other",
		Meaning:    "Two entries of tenants.children in the FenceProfile give one Tenant different parents, or the entries together make a Tenant its own ancestor. Either makes it unclear whose child the Tenant is, so the build fails, also if the Tenant is not in the build.",
		Fix:        "Narrow the names of one of the entries.",
		Example:    "refused/children-contradict",
	})

	ParentNotInBuild = define(Check{
		Name:       "parent-not-in-build",
		Severities: []Severity{Warning},
		Title:      "The build has children without their parent",
		Meaning:    "An entry of tenants.children in the FenceProfile makes Tenants of the build children of a Tenant that the build does not have. No flow between them can be declared.",
		Fix:        "Correct the name of the parent, or add its Tenant to the build.",
		Example:    "refused/children",
	})
)

// Checks on flows between tenants and the consent that they need.
var (
	AnyTenantConsents = define(Check{
		Name:       "any-tenant-consents",
		Severities: []Severity{Info},
		Title:      "A peer for all tenants includes those that consent",
		Meaning:    "The finding counts the tenants, or pairs of tenants, for which the peer is in a policy. In each, the other tenant declares its side of the flow. Tenants that declare only a part of it are listed.",
		Fix:        "No change is needed. To include a further tenant, declare the flow in its Tenant from the other side.",
		Example:    "generated/any-tenant",
	})

	AnyTenantOutsideLimits = define(Check{
		Name:       "any-tenant-outside-limits",
		Severities: []Severity{Error},
		Title:      "An anyTenant peer is outside the limits of its tenant",
		Meaning:    "The flow has the peer anyTenant: true, and limits.anyTenant of its tenant does not permit it. The build fails.",
		Fix:        "Name the tenants one by one, or set limits.anyTenant: true in the FenceProfile; for one tenant alone, in an entry of overrides.",
		Example:    "refused/outside-each-limit",
	})

	AnyTenantUnused = define(Check{
		Name:       "any-tenant-unused",
		Severities: []Severity{Warning},
		Title:      "A peer for all tenants includes no tenant",
		Meaning:    "No other tenant has pods that the peer selects, or none of them declares its side of the flow. The flow allows nothing through this peer.",
		Fix:        "Correct pods, declare the pods as external resources, or declare the flow in the other Tenant. In the FenceProfile, fullMesh: true allows the flow without consent.",
		Example:    "refused/hand-written-cross-tenant-policies",
	})

	ConsentMissing = define(Check{
		Name:       "consent-missing",
		group:      disagreement,
		Severities: []Severity{Error, Warning},
		Title:      "The other tenant does not declare its side of a flow",
		Meaning:    "A flow between two tenants needs a flow in both Tenants, with matching pods, ports and L7 rules. The other tenant declares none, so nothing allows the connection. The finding is a warning if the peer includes several tenants and still allows others. It is an error if the peer is a namespace with pods of the other tenant, and nothing denies the flow with them.",
		Fix:        "Add the flow that the message shows to spec.ingress or spec.egress of the other Tenant, or remove the peer.",
		Example:    "refused/consent",
	})

	ConsentPartial = define(Check{
		Name:       "consent-partial",
		Severities: []Severity{Warning, Info},
		Title:      "The other tenant declares a part of a flow",
		Meaning:    "The other tenant declares only some of the pods, ports or L7 rules of the flow. The policies allow what both sides declare, and the rest is denied.",
		Fix:        "Add the flow that the message shows to the other Tenant, or reduce this flow to the part that both declare.",
		Example:    "generated/tenants-consent-partly",
	})

	FlowsWithoutConsent = define(Check{
		Name:       "flows-without-consent",
		Severities: []Severity{Info},
		Title:      "A flow of the profile allows tenants without consent",
		Meaning:    "The flow of allTenants allows connections between the counted pairs of tenants, and the other tenant does not have to declare its side.",
		Fix:        "Check the number of pairs. Remove fullMesh: true from the flow, or narrow pods and the peer, where the tenants must consent.",
		Example:    "generated/all-tenants-any-tenant-without-consent",
	})

	ClusterHostnameWithoutTenant = define(Check{
		Name:       "cluster-hostname-without-tenant",
		Severities: []Severity{Error},
		Title:      "tenant of a cluster hostname is missing or wrong",
		Meaning:    "In a shared namespace any of its tenants can write the Service, so the FenceProfile must name the Tenant that owns the pods. Here tenant is missing, does not match the namespace, or the Service also selects pods of another owner.",
		Fix:        "Set clusterHostnames[].tenant to the Tenant that owns the pods, or add the pod labels of that Tenant to the selector of the Service.",
		Example:    "refused/cluster-hostnames-in-shared-namespaces",
	})

	ContainerPortUndeclared = define(Check{
		Name:       "container-port-undeclared",
		Severities: []Severity{Error},
		Title:      "No container declares the target port of a Service",
		Meaning:    "The Service is in a shared namespace, and any tenant of the namespace can write it. No container of the selected pods declares its target port, so the author of the Service could choose any port of the pods of another tenant.",
		Fix:        "Declare the port in ports of the containers, or correct targetPort of the Service.",
		Example:    "refused/cluster-hostnames-in-shared-namespaces",
	})

	EgressPointShared = define(Check{
		Name:       "egress-point-shared",
		Severities: []Severity{Info},
		Title:      "Several tenants share an egress point",
		Meaning:    "The pods of the egress point reach every destination that any of the listed tenants declares. Policies do not distinguish the tenants behind it: only the application in these pods can.",
		Fix:        "Make sure that the application authorizes each tenant, or add a separate entry of egressPoints for each tenant.",
		Example:    "generated/egress-point-of-several-tenants",
	})
)
