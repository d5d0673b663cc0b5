package report

// Checks on the edge proxy, the egress proxy and egress points.
var (
	EdgeProxyMissing = define(Check{
		Name:       "edge-proxy-missing",
		Severities: []Severity{Error},
		Title:      "A Tenant uses an edge proxy that the profile lacks",
		Meaning:    "The agentIngress of the Tenant has mode EdgeProxy, and the FenceProfile has no edgeProxy. The source of the connections is unknown.",
		Fix:        "Add edgeProxy to the FenceProfile, or set mode: LoadBalancer.",
		Example:    "refused/edge-proxy",
	})

	EdgeProxyPortNotAllowed = define(Check{
		Name:       "edge-proxy-port-not-allowed",
		Severities: []Severity{Error},
		Title:      "A proxy port is not in edgeProxy.ports",
		Meaning:    "The Tenant lists a port in proxyPorts that edgeProxy.ports of the FenceProfile does not cover. The build fails.",
		Fix:        "Choose a port of edgeProxy.ports, or add the port there.",
		Example:    "refused/edge-proxy-ports",
	})

	EdgeProxyPortNotNumeric = define(Check{
		Name:       "edge-proxy-port-not-numeric",
		Severities: []Severity{Error},
		Title:      "A port name has no single number at the edge proxy",
		Meaning:    "edgeProxy.ports is omitted, so the proxy uses the ports of the pods that it serves. One of them is a name without a single number, and the name does not exist at the proxy.",
		Fix:        "List the ports of the proxy in edgeProxy.ports of the FenceProfile.",
		Example:    "refused/edge-proxy-by-port-name",
	})

	EdgeProxyPortTaken = define(Check{
		Name:       "edge-proxy-port-taken",
		Severities: []Severity{Error},
		Title:      "Two tenants use the same port of the edge proxy",
		Meaning:    "Another Tenant already lists the port, or a range with it, in proxyPorts. The proxy distinguishes tenants by port alone, so agents of one tenant would reach the other tenant.",
		Fix:        "Choose another port in proxyPorts of the Tenant.",
		Example:    "refused/edge-proxy-ports",
	})

	EdgeProxyPortsMissing = define(Check{
		Name:       "edge-proxy-ports-missing",
		Severities: []Severity{Warning},
		Title:      "edgeProxy.ports is omitted",
		Meaning:    "The FenceProfile does not list the ports of the edge proxy. Agents can reach every port of the proxy that a Tenant lists in proxyPorts.",
		Fix:        "List the ports of the proxy in edgeProxy.ports of the FenceProfile.",
		Example:    "generated/agents-edge-proxy",
	})

	EdgeProxyPortsShared = define(Check{
		Name:       "edge-proxy-ports-shared",
		Severities: []Severity{Warning},
		Title:      "Agents can reach proxy ports of another tenant",
		Meaning:    "Agents of a tenant without proxyPorts can reach every port that the proxy has for all tenants. Some of these ports are in proxyPorts of another tenant, so the separation by port is incomplete.",
		Fix:        "Set proxyPorts in agentIngress of every tenant that the proxy serves.",
		Example:    "generated/agents-edge-proxy-ports-partly-set",
	})

	EgressPointNotFound = define(Check{
		Name:       "egress-point-not-found",
		Severities: []Severity{Error},
		Title:      "via names no egress point of the profile",
		Meaning:    "The flow connects through an egress point that the FenceProfile does not list in egressPoints. The source of the connection is unknown.",
		Fix:        "Correct via, or add the egress point to egressPoints of the FenceProfile.",
		Example:    "refused/outside-each-limit",
	})

	EgressPointOutsideLimits = define(Check{
		Name:       "egress-point-outside-limits",
		Severities: []Severity{Error},
		Title:      "An egress point is outside the limits of its tenant",
		Meaning:    "The flow names an egress point in via that limits.egressPoints of its tenant does not list. The build fails.",
		Fix:        "Remove via, or add the egress point to limits.egressPoints in the FenceProfile; for one tenant alone, in an entry of overrides.",
		Example:    "refused/outside-each-limit",
	})

	EgressProxyMissing = define(Check{
		Name:       "egress-proxy-missing",
		Severities: []Severity{Error},
		Title:      "Names in a NetworkPolicy need an egress proxy",
		Meaning:    "The flow names an FQDN. NetworkPolicies do not support names, and the FenceProfile has no egressProxy that connects to them.",
		Fix:        "Add egressProxy to the FenceProfile, or replace the names with the cidrs behind them.",
		Example:    "refused/kubernetes-unsupported-rules",
	})

	EgressProxyShared = define(Check{
		Name:       "egress-proxy-shared",
		Severities: []Severity{Info},
		Title:      "Several tenants share the egress proxy",
		Meaning:    "The listed tenants reach names through one egress proxy. The proxy does not distinguish their pods, so each tenant can reach the names of all of them.",
		Fix:        "Accept this for the listed tenants. With cni: Cilium, you can use policies: Cilium instead, where each tenant gets its own rules about names.",
		Example:    "generated/kubernetes-fqdn-through-egress-proxy",
	})

	EgressProxyTCPOnly = define(Check{
		Name:       "egress-proxy-tcp-only",
		Severities: []Severity{Error},
		Title:      "The egress proxy supports TCP alone",
		Meaning:    "The flow reaches names through the egressProxy of the FenceProfile on a port with another protocol. The proxy forwards TCP alone.",
		Fix:        "Remove the port, or replace the names with the cidrs behind them.",
		Example:    "refused/kubernetes-egress-proxy-over-udp",
	})

	EgressProxyUnfenced = define(Check{
		Name:       "egress-proxy-unfenced",
		Severities: []Severity{Warning},
		Title:      "The namespace of the egress proxy has no Tenant",
		Meaning:    "No policy restricts the egress of the proxy. Only the configuration of the proxy restricts the addresses to which it connects.",
		Fix:        "Add a Tenant for egressProxy.namespace.",
		Example:    "generated/kubernetes-policies-under-cilium",
	})
)
