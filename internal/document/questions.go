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
	// Egress and Ingress are omitted for endpoints that no policy can select.
	Egress  *Selected `json:"egress,omitempty"`
	Ingress *Selected `json:"ingress,omitempty"`
}

// Selected states which policies select an endpoint in one direction.
type Selected struct {
	// Isolated reports whether anything is denied. If not, everything is allowed.
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
}

// Path is a way from one endpoint to another.
type Path struct {
	From string `json:"from"`
	To   string `json:"to"`
	// Hops are the connections in a row, from the source to the destination.
	Hops []Connection `json:"hops"`
}
