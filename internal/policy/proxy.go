package policy

import (
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/report"
)

// EgressNamesConfigMap is the name of the ConfigMap with the names that the egress proxy allows.
const EgressNamesConfigMap = "tenantfence-egress-names"

// EgressProxy is the proxy that connects tenants to DNS names, for policy forms without FQDN peers.
type EgressProxy struct {
	Namespace string
	// Port is the listening port.
	Port int32
	// Allowed are the names that tenants declare, one list for each flow.
	Allowed []AllowedNames
	// ClusterCIDRs are the known addresses of the cluster and of the proxy's own node. The proxy
	// denies names that resolve to them.
	ClusterCIDRs []string
}

// AllowedNames are the names and patterns of one flow, and their allowed TCP ports.
type AllowedNames struct {
	Tenant string
	Names  []string
	Ports  []flow.Port
	Reason report.Reason
}
