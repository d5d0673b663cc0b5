package document

// Reach is the output of tenantfence reach -o json.
type Reach struct {
	// Subject is the argument that names the endpoints.
	Subject string `json:"subject"`
	// AsEnforced reports that every tenant counts as one in Enforce (--as-enforced).
	AsEnforced bool           `json:"asEnforced"`
	Subjects   []ReachSubject `json:"subjects"`
	// From are the connections that the subjects open. Omitted: they were not asked for.
	From []Connection `json:"from,omitzero"`
	// To are the connections that others open to the subjects. Omitted: they were not asked for.
	To []Connection `json:"to,omitzero"`
	// LaterFrom and LaterTo represent pods that are not in the build: both sides allow connections with
	// them, too. Omitted: they were not asked for.
	LaterFrom []string `json:"laterFrom,omitzero"`
	LaterTo   []string `json:"laterTo,omitzero"`
	// Paths are the shortest ways to everything that is reached with --hops. Omitted: without --hops.
	Paths         []Path        `json:"paths,omitzero"`
	Findings      []Finding     `json:"findings"`
	FindingCounts FindingCounts `json:"findingCounts"`
}

// ReachSubject is an endpoint that was asked about.
type ReachSubject struct {
	Name string `json:"name"`
	// Owner is the Tenant of a pod, as "Tenant/acme". Omitted: no tenant has it.
	Owner string `json:"owner,omitempty"`
	// AllowOnly reports that the Tenant is in AllowOnly, where its policies deny nothing.
	AllowOnly bool `json:"allowOnly"`
	// Egress and Ingress are omitted for endpoints that no policy can select.
	Egress  *Selected `json:"egress,omitempty"`
	Ingress *Selected `json:"ingress,omitempty"`
}

// Selected states which policies select an endpoint in one direction.
type Selected struct {
	// Isolated reports whether everything is denied that no policy allows. If not, everything is allowed that
	// no deny rule denies.
	Isolated bool     `json:"isolated"`
	Policies []string `json:"policies"`
}

// Connection is what the policies at both sides allow from one endpoint to another, on a range of ports.
type Connection struct {
	// From and To are endpoints as FlowTests write them, or networks.
	From string `json:"from"`
	To   string `json:"to"`
	// Ports are the destination ports.
	Ports Ports `json:"ports"`
	// Decision is "allowed", or "depends" if a policy allows only some of what an endpoint may be.
	// +enum=allowed;depends
	Decision string `json:"decision"`
	// L7 are the requests, DNS names or server names to which the sides restrict the connection. An empty
	// list restricts nothing.
	L7      []string `json:"l7"`
	Egress  Side     `json:"egress"`
	Ingress Side     `json:"ingress"`
	// DeclaredBy are the fields that declare the policies. An empty list: the policies are hand-written, or
	// none isolates the endpoints.
	DeclaredBy []string `json:"declaredBy"`
	// Note explains the decision. Omitted: it needs no explanation.
	Note string `json:"note,omitempty"`
}

// Path is a way from one endpoint to another.
type Path struct {
	From string `json:"from"`
	To   string `json:"to"`
	// Hops are the connections in a row, from the source to the destination.
	Hops []Connection `json:"hops"`
}

// Explain is the output of tenantfence explain -o json.
type Explain struct {
	// From and To are the arguments that name the endpoints.
	From string `json:"from"`
	To   string `json:"to"`
	// Decision is that of all flows, and "depends" if they differ, or if a policy allows only some of what
	// an endpoint may be.
	// +enum=allowed;denied;depends
	Decision string `json:"decision"`
	// AsEnforced reports that every tenant counts as one in Enforce (--as-enforced).
	AsEnforced bool            `json:"asEnforced"`
	Flows      []ExplainedFlow `json:"flows"`
	// Proposals are what to add, so that denied flows are allowed.
	Proposals     []Proposal    `json:"proposals"`
	Findings      []Finding     `json:"findings"`
	FindingCounts FindingCounts `json:"findingCounts"`
}

// ExplainedFlow is a decided flow, and why each side decides as it does.
type ExplainedFlow struct {
	// From and To are endpoints as FlowTests write them. A Service is translated to its pods.
	From string `json:"from"`
	To   string `json:"to"`
	// Port is the destination port: "443/TCP", "*/UDP", "*" for every port, or "ICMP EchoRequest".
	Port string `json:"port"`
	// +enum=allowed;denied;depends
	Decision string `json:"decision"`
	// Note explains the decision where the sides alone do not.
	Note    string        `json:"note,omitempty"`
	Egress  ExplainedSide `json:"egress"`
	Ingress ExplainedSide `json:"ingress"`
}

// ExplainedSide is what one side of a flow decides.
type ExplainedSide struct {
	// Decision is "not enforced" if no policy can select the endpoint at this side.
	// +enum=allowed;denied;depends;not enforced
	Decision string `json:"decision"`
	// Policies are those that decide. An empty list: nothing isolates the endpoint, or no policy allows the
	// flow.
	Policies []string `json:"policies"`
	// L7 are the L7 rules that narrow the allowed traffic. Omitted: none.
	L7 string `json:"l7,omitempty"`
	// ShadowedBy are policies that allow everything on the port, so that the L7 rules of others have no
	// effect.
	ShadowedBy []string `json:"shadowedBy"`
	// DeclaredBy are the fields that declare the policies that decide.
	DeclaredBy []string `json:"declaredBy"`
	// Owner is the Tenant of a pod, as "Tenant/acme". Omitted: no tenant has it.
	Owner string `json:"owner,omitempty"`
	// Selected has the policies that select the endpoint in this direction. Omitted: no policy can.
	Selected *Selected `json:"selected,omitempty"`
	// Nearest is the rule that differs least from one that allows the flow. Omitted: the flow is allowed, or
	// the policies allow nothing in this direction.
	Nearest *NearMiss `json:"nearest,omitempty"`
}

// NearMiss is a rule that allows another flow, and differs from a denied one in one part.
type NearMiss struct {
	// Differs is the part, from the least difference to the largest.
	// +enum=request;dns;port;protocol;labels;namespace;peer
	Differs string `json:"differs"`
	// Policies have the rule, and DeclaredBy are the fields behind them.
	Policies   []string `json:"policies"`
	DeclaredBy []string `json:"declaredBy"`
	// Text states what the rule allows, and what differs.
	Text string `json:"text"`
}

// Proposal is what to add, so that the flows between two endpoints are allowed and no other connection is.
// It is applied and decided. A later proposal includes the earlier ones.
type Proposal struct {
	From string `json:"from"`
	To   string `json:"to"`
	// Ports are those of the flows.
	Ports []string `json:"ports"`
	// Entries are added to Tenants.
	Entries []ProposedEntry `json:"entries"`
	// Limits are added to the profile, by the platform team.
	Limits []ProposedEntry `json:"limits"`
	// Contradicts are the FlowTest cases that expect the flows to be denied, and the forbiddenPaths of the
	// profile: the build is refused until they change, too.
	Contradicts []string `json:"contradicts"`
	// Problem is why nothing is proposed.
	Problem string `json:"problem,omitempty"`
}

// ProposedEntry is a list of elements to append to a field.
type ProposedEntry struct {
	// Resource is a Tenant, a FenceProfile or a TenantFence: "Tenant/acme".
	Resource string `json:"resource"`
	// File is the file of the resource. Omitted: it is unknown.
	File string `json:"file,omitempty"`
	// Field is the list. An element of a list of flows has its name as index: "spec.egress[db].ports".
	Field string `json:"field"`
	// YAML are the elements.
	YAML string `json:"yaml"`
}
