package report

import "github.com/tenantfence/tenantfence/internal/flow"

// Subject is what a report is about.
type Subject struct {
	// Fence is the name of the fence, and Profile its profile.
	Fence   string
	Profile Reason
	// Enforcer is the enforcer with its version: "Cilium 1.19".
	Enforcer string
	// Resources and Workloads count the resources of the build and its workloads.
	Resources, Workloads int
	// Policies counts the generated policies.
	Policies int
	// Baseline describes what every tenant may reach, and what may reach it.
	Baseline []string
	// Tenants are the flows of each tenant.
	Tenants []TenantFlows
	// Denied is an example of a denied flow. Nil: no FlowTest expects Deny.
	Denied *DeniedFlow
}

// DeniedFlow is a flow of a FlowTest that is denied, as expected.
type DeniedFlow struct {
	Test, Case string
	Flow       flow.Flow
	// Side is the side that denies the flow.
	Side flow.Direction
	// Policies have deny rules that deny the flow. Empty: no policy allows it.
	Policies []string
	// DefaultDeny are the policies that isolate the endpoint on this side. Empty: its tenant is in
	// AllowOnly, or its policies are not generated.
	DefaultDeny []string
	// AllowOnly reports that the tenant on this side is in AllowOnly, so the flow is denied once it is in
	// Enforce.
	AllowOnly bool
}
