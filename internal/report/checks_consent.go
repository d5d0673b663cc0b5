package report

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
