package policy

import (
	"slices"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
)

// Fence is what Tenants and profile come to, once resolved: all that is needed to
// plan policies.
type Fence struct {
	// Name is the fence's, which every generated policy carries. Profile is the
	// resource that holds the profile, without a field.
	Name    string
	Profile Reason
	Cluster v1alpha1.Cluster
	// Agent is how Cilium's agents are configured, and Overrides are those of some nodes.
	Agent     Agent
	Overrides []AgentOverride
	// AllowsIsolate reports that agents take every allow for one that isolates.
	AllowsIsolate bool
	// Mesh reports that the cluster's inputs name clusters of a mesh.
	Mesh bool
	// Policies is their form. Omitted: Cilium.
	Policies v1alpha1.PolicyForm
	Baseline v1alpha1.Baseline
	// Tenants, sorted by name.
	Tenants []Tenant
	// Nodes are the profile's, by name, for host policies.
	Nodes []Node
	// Grants of the tenants' and the profile's flows, in a stable order.
	Grants []Grant
	// Flows are the declared ones, each with what became of it, in a stable order.
	Flows []DeclaredFlow
	// ClusterHostnames are public names that end at pods of this cluster.
	ClusterHostnames []ClusterHostname
	// NamespaceLabels are those of every tenant's namespace.
	NamespaceLabels map[string]string
	// BaselineTenants have, in namespaces that they share, pods that the baseline names.
	BaselineTenants []string
	// SourceRanges are what load balancers must admit, where policies cannot tell
	// clients apart.
	SourceRanges []SourceRanges
	// EntityAddresses are the peers that an entity comes to where the form knows none. An
	// entity that is not here is a peer itself.
	EntityAddresses map[v1alpha1.Entity][]Peer
	// EgressProxy leads to names, nil where no flow needs it.
	EgressProxy *EgressProxy
	// Representatives is the most representative pods or nodes of a proof. Omitted: the
	// default.
	Representatives int
	// UndecidedKinds are kinds that the profile accepts, though the proof does not decide them.
	UndecidedKinds []v1alpha1.UndecidedKind
	// Clusterwide has the baseline and default-deny in cluster-wide policies, once for
	// all namespaces. Nil: they are written into each namespace.
	Clusterwide *Clusterwide

	owners map[string][]*Tenant
}

// EnforcesClusterNetworkPolicies reports whether agents decide ClusterNetworkPolicies.
func (f *Fence) EnforcesClusterNetworkPolicies() bool {
	return f.Cluster.CNI != v1alpha1.CNIKubernetes && f.Has(ClusterNetworkPolicies) && f.Agent.Enabled(EnableClusterNetworkPolicy)
}

// SourceRanges are the networks from which a Service of type LoadBalancer may be
// reached.
type SourceRanges struct {
	Namespace, Service string
	CIDRs              []string
}

// Tenant is a Tenant with every default, pattern and limit applied.
type Tenant struct {
	Name, ID   string
	Namespaces []string
	// Pods are those of the namespaces that are the tenant's: all or, in namespaces that
	// it shares, some.
	Pods           Selector
	Enforcement    v1alpha1.Enforcement
	IntraNamespace bool
	// EnforcementReason is the field that says the enforcement.
	EnforcementReason Reason
}

// Grant lets the pods of one end open connections to the other end: one declared
// flow, between one source and one destination, after consent and limits. Each end
// that is fenced gets its half.
type Grant struct {
	Family Family
	From   Peer
	To     Peer
	// Ports at To: none means every port.
	Ports []Port
	// SourcePorts are the same ports as the source's half must say them. None means
	// that it says them as Ports does.
	SourcePorts []Port
	// L7 narrows what passes on the ports.
	L7 L7
	// DNSNames are those by which pods at From ask DNS for To, where To is pods.
	DNSNames []string
	// Source and Destination declared the grant from their end. Where only one end
	// did, the other's is nil.
	Source, Destination *Declaration
}

// DeclaredFlow is a flow that a Tenant or the profile declares.
type DeclaredFlow struct {
	Reason Reason
	// NotGenerated reports that no policy has any of it: an optional flow without its peer, a peer
	// that selects no other tenant, a flow of the profile for which no tenant has the pods.
	NotGenerated bool
	// ConsentingFlows are the flows of others that agree to it, where these are in the policies.
	ConsentingFlows []Reason
	// PartlyGenerated reports that some of its peers, or of their tenants, are in no policy.
	PartlyGenerated bool
}

// Declaration is a flow of a Tenant or of the profile, as it was written.
type Declaration struct {
	// Tenant is whose flow it is: also for the profile's flows, which are each
	// tenant's.
	Tenant string
	// Flow is its name.
	Flow string
	// Node is the entry of the profile's nodes whose flow it is, instead of a tenant's.
	Node string
	// AllTenants says that the profile declared it for every tenant.
	AllTenants bool
	// Subject are the pods it was declared for.
	Subject Selector
	// Via is the egress point whose pods connect, where they are not the tenant's.
	Via string
	// Policy is the name of the policy that holds it, where it is named neither after
	// the flow nor after the egress point.
	Policy string
	Reason Reason
}

// GeneratesPolicies says whether policies may land at all at a tenant, or at nodes, of some
// enforcement: where an allow isolates by itself, one must not land in AllowOnly.
func (f *Fence) GeneratesPolicies(e v1alpha1.Enforcement) bool {
	return e == v1alpha1.Enforce || f.Additive()
}

// IsEnforced says whether a peer is closed: pods of a tenant, or nodes, in Enforce.
func (f *Fence) IsEnforced(p Peer) bool {
	if n := f.NodeOf(p); n != nil {
		return n.Enforcement == v1alpha1.Enforce
	}
	owner := f.OwnerOf(p)
	return p.Kind == Pods && owner != nil && owner.Enforcement == v1alpha1.Enforce
}

// FullyEnforced is the fence once every tenant and all nodes are enforced for which something
// is generated now.
func (f *Fence) FullyEnforced() *Fence {
	out := *f
	out.owners = nil
	out.Tenants, out.Nodes = slices.Clone(f.Tenants), slices.Clone(f.Nodes)
	for i := range out.Tenants {
		if t := &out.Tenants[i]; f.GeneratesPolicies(t.Enforcement) {
			t.Enforcement = v1alpha1.Enforce
		}
	}
	for i := range out.Nodes {
		if n := &out.Nodes[i]; f.GeneratesPolicies(n.Enforcement) {
			n.Enforcement = v1alpha1.Enforce
		}
	}
	return &out
}

// Additive says whether an allow closes nothing by itself.
func (f *Fence) Additive() bool {
	return f.Policies != v1alpha1.PoliciesKubernetes && f.Has(AdditivePolicies) && !f.AllowsIsolate
}

// Handles reports whether the enforcer passes a protocol on at all, where policies allow it.
func (f *Fence) Handles(p v1alpha1.Protocol) bool {
	return f.Cluster.CNI == v1alpha1.CNIKubernetes || f.Agent.Handles(p)
}

// EntityPeers is what an entity comes to as a peer. None: nothing.
func (f *Fence) EntityPeers(e v1alpha1.Entity) []Peer {
	if peers, ok := f.EntityAddresses[e]; ok {
		return peers
	}
	return []Peer{{Kind: Entities, Entities: []v1alpha1.Entity{e}}}
}

// AllNodes are the entities host and remote-node as peers: every node.
func (f *Fence) AllNodes() []Peer {
	if peers, ok := f.EntityAddresses[v1alpha1.EntityRemoteNode]; ok {
		return peers
	}
	return []Peer{AnyNode()}
}

// NodeDNSPeers are the peers at which nodes themselves serve the cluster's DNS: the pod's own
// node for a NodeLocal DNSCache, every node for resolver pods with hostNetwork.
func (f *Fence) NodeDNSPeers() []Peer {
	switch dns := f.Baseline.DNS; {
	case dns.HostNetwork:
		return f.AllNodes()
	case dns.NodeLocal:
		return f.EntityPeers(v1alpha1.EntityHost)
	default:
		return nil
	}
}
