package policy

// EgressNames is the name of the ConfigMap that holds what the egress proxy lets through.
const EgressNames = "tenantfence-egress-names"

// EgressProxy is the proxy through which tenants reach names, where policies know none.
type EgressProxy struct {
	Namespace string
	// Port that it listens on.
	Port int32
	// Allowed are the names that tenants asked for, a list for each flow.
	Allowed []AllowedNames
	// Inside are the addresses of the cluster, as far as they are known, and of the proxy's
	// own node: no name leads there. None is in another.
	Inside []string
}

// AllowedNames are the names and patterns of one flow, and the ports on which they may be
// reached over TCP.
type AllowedNames struct {
	Tenant string
	Names  []string
	Ports  []Port
	Reason Reason
}
