package report

import (
	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/flow"
)

// TenantFlows are the granted flows of a tenant, under the names that their declarations give them.
type TenantFlows struct {
	Tenant      string
	Namespaces  []string
	Enforcement v1alpha1.Enforcement
	// Reaches are the flows from the tenant's pods, and ReachedBy those to them. Both are in the
	// order of the grants.
	Reaches, ReachedBy []NamedFlow
	// Exceptions describe what the tenant does not have of the baseline, and what it fences in part.
	Exceptions []string
}

// NamedFlow is a declared flow with its peers.
type NamedFlow struct {
	Name string
	// Via is the egress point whose pods connect. Empty: the tenant's own pods connect.
	Via string
	// Peers are tenants, namespaces, entities, networks and names.
	Peers []string
	// Ports are the destination ports. Empty: every port.
	Ports []flow.Port
}
