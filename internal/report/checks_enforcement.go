package report

import "github.com/tenantfence/tenantfence/internal/cilium"

// Checks on the reach of default-deny: enforcement, scope and stages.
var (
	AllNamespacesDefaultDenied = define(Check{
		Name:       "all-namespaces-default-denied",
		Severities: []Severity{Info},
		Title:      "Default-deny covers every namespace of the cluster",
		Meaning:    "With scope Cluster and enforcement Enforce, the cluster-wide policies deny traffic in every namespace, including namespaces that are not in the build. Tenants in AllowOnly and the namespaces that the message lists are the exceptions.",
		Fix:        "List each namespace that needs no default-deny in excludedNamespaces of the FenceProfile, with the reason.",
		Example:    "generated/scope-cluster",
	})

	AllTenantsFlowUnused = define(Check{
		Name:       "all-tenants-flow-unused",
		Severities: []Severity{Info},
		Title:      "A flow of allTenants applies to no tenant",
		Meaning:    "No tenant of the build has pods that the flow selects, or the flow is inactive for every tenant. It is in no policy.",
		Fix:        "Correct pods or the peers of the flow, or remove it from allTenants of the FenceProfile.",
		Example:    "generated/all-tenants-flow-by-pods",
	})

	AllowOnly = define(Check{
		Name:       "allow-only",
		Severities: []Severity{Info},
		Title:      "Tenants in AllowOnly are not isolated",
		Meaning:    "The listed tenants are in AllowOnly. The fence has no default-deny for their pods, so the cluster still allows traffic that no flow declares.",
		Fix:        "Set enforcement: Enforce, in the FenceProfile or the Tenant, as soon as the flows of the tenant are complete.",
		Example:    "generated/allow-only",
	})

	AllowPolicyIsolates = define(Check{
		Name:       "allow-policy-isolates",
		Severities: []Severity{Warning, Info},
		Title:      "An allow also isolates the pods that it selects",
		Meaning:    "The pods that an allow selects are isolated at once: in every stage, the enforcer denies them other connections in that direction. This holds for NetworkPolicies, for Cilium older than " + cilium.AdditivePolicies.Introduced() + ", and for enable-non-default-deny-policies: \"false\". Tenants in AllowOnly therefore get no policies.",
		Fix:        "Complete the flows of a tenant before you enforce it. To allow before you deny, use policies: Cilium, Cilium " + cilium.AdditivePolicies.Introduced() + " or newer, and the default of enable-non-default-deny-policies.",
		Example:    "generated/cilium-1.15",
	})

	AllowedPathUnused = define(Check{
		Name:       "allowed-path-unused",
		Severities: []Severity{Warning},
		Title:      "A name in allowedPaths belongs to no Tenant",
		Meaning:    "No Tenant of the build has the name, and no entry binds a Tenant with a similar name. If that Tenant is intended, its name is not restricted to the paths, and any file can define it.",
		Fix:        "Correct the name in tenants.allowedPaths[].names of the FenceProfile.",
		Example:    "refused/agent-configuration",
	})

	HostPolicyIsolatesNode = define(Check{
		Name:       "host-policy-isolates-node",
		Severities: []Severity{Warning},
		Title:      "Host policies can cut off a node",
		Meaning:    "The entry of nodes denies every connection in its directions that no flow allows. In Enforce this applies now, in AllowOnly it applies once you enforce the entry. A missing flow can cut off the node from the API server, other nodes or SSH.",
		Fix:        "Enable the host firewall and put the host endpoint of one node into audit mode: cilium-dbg endpoint config HOST_ENDPOINT PolicyAuditMode=Enabled. Then set enforcement: Enforce. Add a flow for each needed connection that cilium-dbg monitor -t policy-verdict --related-to HOST_ENDPOINT shows with the action audit.",
		Example:    "generated/nodes-in-allow-only",
	})

	DNSNamesDenyEarly = define(Check{
		Name:       "dns-names-deny-early",
		Severities: []Severity{Warning},
		Title:      "The stage Baseline already denies DNS names",
		Meaning:    "From Cilium " + cilium.AdditivePolicies.Introduced() + " to " + cilium.WildcardL7.Before() + ", baseline.dns.names restricts tenants in Enforce as soon as the stage Baseline is applied. Agents refuse DNS queries for every other name before the stage DefaultDeny exists.",
		Fix:        "Keep the tenants in AllowOnly until baseline.dns.names is complete, or use Cilium " + cilium.WildcardL7.Introduced() + " or newer.",
		Example:    "generated/fqdn-through-allow-only-egress-point",
	})

	L7DeniesEarly = define(Check{
		Name:       "l7-denies-early",
		Severities: []Severity{Warning},
		Title:      "The stage Allow already denies by L7 rules",
		Meaning:    "From Cilium " + cilium.AdditivePolicies.Introduced() + " to " + cilium.WildcardL7.Before() + ", the L7 rules of the listed flows restrict tenants and nodes in Enforce as soon as the stage Allow is applied. On the ports of these flows, agents deny every request that no rule allows.",
		Fix:        "Keep the tenants and nodes in AllowOnly until the rules in http, dns and tls are complete, or use Cilium " + cilium.WildcardL7.Introduced() + " or newer.",
		Example:    "generated/http-in-allow-only",
	})

	GeneratorSeesNoResources = define(Check{
		Name:       "generator-sees-no-resources",
		Severities: []Severity{Info},
		Title:      "A generator sees no other resources",
		Meaning:    "The function runs as a generator, so its input holds no workloads, Services or Namespaces. Whether the namespaces, pods and ports in Tenants and FenceProfile exist is not checked.",
		Fix:        "List the fence under transformers of the kustomization, so that the function sees the resources of the build.",
		Example:    "generated/generator",
	})
)
