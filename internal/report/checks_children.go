package report

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
