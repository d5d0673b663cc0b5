package report

import (
	"fmt"
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/flow"
)

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

// Access is what the same policies allow at some pods of one owner, or at some nodes, in one direction.
type Access struct {
	// Owner has the subjects: "Tenant/acme", "nodes workers" or "unclaimed".
	Owner string
	// Namespace is the namespace of the pods. Nodes have none.
	Namespace string
	Direction flow.Direction
	// Subjects are the pods or nodes: those of the build or, without one, representative ones.
	Subjects []string
	// Peers are the endpoints on the other side. The other side may deny the traffic.
	Peers []string
	// Ports are the destination ports.
	Ports []flow.PortRange
	// L7 is the allowed part of the traffic.
	L7 flow.L7
	// Policies allow the traffic. Empty: no policy isolates the subjects.
	Policies []string
	// DeclaredBy lists the fields that declare the policies.
	DeclaredBy []string
}

// DeclaredFlows are the flows that Tenants and the profile declare: every entry of ingress, egress,
// agentIngress and the baseline. Every flow is in exactly one field.
type DeclaredFlows struct {
	// Allowed counts the flows that are fully allowed, on both sides.
	Allowed int
	// PartlyAllowed flows are allowed between some of their endpoints, on some of their ports, or
	// for some of their rules.
	PartlyAllowed []Reason
	Denied        []Reason
	// WithoutEffect flows are in no policy: optional flows that are inactive, and flows without a
	// peer.
	WithoutEffect []Reason
	// Undecided flows have a part that cannot be decided.
	Undecided []Reason
	// Elsewhere are flows of the tenants of a slice that pass between pods and nodes of other slices alone,
	// such as a shared egress point. These slices decide them.
	Elsewhere []Reason
}

// Total is the number of flows.
func (d DeclaredFlows) Total() int {
	return d.Allowed + len(d.PartlyAllowed) + len(d.Denied) + len(d.WithoutEffect) + len(d.Undecided) + len(d.Elsewhere)
}

// String is "7 declared flows allowed on both sides" or, where some are not, "9 declared flows: 7
// allowed on both sides, 1 allowed in part (Tenant/acme spec.egress[llm]), 1 undecided (…)".
func (d DeclaredFlows) String() string {
	if d.Allowed == d.Total() {
		return Count(d.Allowed, "declared flow") + " allowed on both sides"
	}
	parts := []string{fmt.Sprintf("%d allowed on both sides", d.Allowed)}
	for _, part := range []struct {
		flows []Reason
		what  string
	}{
		{d.PartlyAllowed, "allowed in part"}, {d.Denied, "denied"}, {d.WithoutEffect, "without effect"}, {d.Undecided, "undecided"}, {d.Elsewhere, "decided in another slice"},
	} {
		if n := len(part.flows); n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s (%s)", n, part.what, Brief(ReasonStrings(part.flows))))
		}
	}
	return Count(d.Total(), "declared flow") + ": " + strings.Join(parts, ", ")
}

// ReasonStrings formats reasons.
func ReasonStrings(reasons []Reason) []string {
	var out []string
	for _, r := range reasons {
		out = append(out, r.String())
	}
	return out
}
