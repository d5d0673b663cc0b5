package document

// Graph is the output of tenantfence graph -o json.
type Graph struct {
	// Fence is the name of the fence. Omitted: the build has no Tenants.
	Fence string `json:"fence,omitempty"`
	// Selected are the names to which --tenant restricts the graph. Omitted: it has all pods of the build.
	Selected []string `json:"selected,omitzero"`
	// AsEnforced reports that every tenant counts as one in Enforce (--as-enforced).
	AsEnforced bool `json:"asEnforced"`
	// Verification is the result of --verify on the same input. Omitted: nothing was verified, and nothing is proved.
	Verification *Verification `json:"verification,omitempty"`
	Groups       []GraphGroup  `json:"groups"`
	Nodes        []GraphNode   `json:"nodes"`
	// Edges are the connections. Between nodes that nothing isolates they are omitted: a node that is open to
	// egress reaches every node that is open to ingress, and every endpoint that is no pod.
	Edges         []GraphEdge   `json:"edges"`
	Findings      []Finding     `json:"findings"`
	FindingCounts FindingCounts `json:"findingCounts"`
}

// Verification is the result of verifying policies.
type Verification struct {
	// Outcome is the first words of the last line of tenantfence verify.
	// +enum=verified;not verified;nothing to verify against
	Outcome string `json:"outcome"`
	// Reasons are the reasons why something is not verified, other than findings and FlowTests.
	Reasons []string `json:"reasons"`
}

// GraphGroup has the nodes of a Tenant, of a namespace, or of another kind.
type GraphGroup struct {
	// Kind is "Tenant", "Namespace" (pods without a Tenant), "Cluster" (another cluster of the mesh),
	// "Entities" (nodes, the apiserver and other entities) or "Outside" (the world, networks and DNS names).
	// +enum=Tenant;Namespace;Cluster;Entities;Outside
	Kind string `json:"kind"`
	// Name is omitted for the kinds Entities and Outside.
	Name       string   `json:"name,omitempty"`
	Namespaces []string `json:"namespaces,omitzero"`
	// Enforcement is that of a Tenant, "Enforce" or "AllowOnly".
	Enforcement string `json:"enforcement,omitempty"`
	// IsolationProved reports that --verify proved the isolation of these pods.
	IsolationProved bool `json:"isolationProved"`
}

// GraphNode is a pod, an entity, a network or a DNS name.
type GraphNode struct {
	// Name is an endpoint as FlowTests write it, or a network.
	Name string `json:"name"`
	// Group is the position of its group, from 0.
	Group int `json:"group"`
	// OpenEgress and OpenIngress report that nothing isolates the pod in this direction.
	OpenEgress  bool `json:"openEgress"`
	OpenIngress bool `json:"openIngress"`
}

// GraphEdge is traffic that is allowed from each of some nodes to each of others.
type GraphEdge struct {
	// From and To are positions of nodes, from 0.
	From    []int          `json:"from"`
	To      []int          `json:"to"`
	Traffic []GraphTraffic `json:"traffic"`
}

// GraphTraffic is one range of ports.
type GraphTraffic struct {
	// Ports are the destination ports.
	Ports Ports `json:"ports"`
	// Decision is "allowed", or "depends" if a policy allows only some of what an endpoint may be.
	// +enum=allowed;depends
	Decision string `json:"decision"`
	// L7 are the requests, DNS names or server names to which the sides restrict the traffic.
	L7      []string `json:"l7"`
	Egress  Side     `json:"egress"`
	Ingress Side     `json:"ingress"`
	// DeclaredBy are the fields that declare the policies. An empty list: the policies are hand-written.
	DeclaredBy []string `json:"declaredBy"`
}
