package policy

// EgressNamesConfigMap is the name of the ConfigMap that holds what the egress proxy lets through.
const EgressNamesConfigMap = "tenantfence-egress-names"

// EgressProxy is the proxy through which tenants reach names, where policies know none.
type EgressProxy struct {
	Namespace string
	// Port that it listens on.
	Port int32
	// Allowed are the names that tenants asked for, a list for each flow.
	Allowed []AllowedNames
	// ClusterCIDRs are the addresses of the cluster, as far as they are known, and of the proxy's
	// own node: no name leads there. None is in another.
	ClusterCIDRs []string
}

// AllowedNames are the names and patterns of one flow, and the ports on which they may be
// reached over TCP.
type AllowedNames struct {
	Tenant string
	Names  []string
	Ports  []Port
	Reason Reason
}
