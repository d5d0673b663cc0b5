package policy

import (
	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/report"
)

// Fence is the resolved form of Tenants and profile. It is the whole input for planning policies.
type Fence struct {
	// Name is the fence's name, which every generated policy has. Profile refers to the resource
	// with the profile.
	Name    string
	Profile report.Reason
	Cluster v1alpha1.Cluster
	// Agent is the configuration of Cilium's agents. Overrides are those of some nodes.
	Agent     cilium.Agent
	Overrides []AgentOverride
	// AllowsIsolate reports that every allow policy isolates the pods that it selects.
	AllowsIsolate bool
	// Mesh reports that the inputs name clusters of a mesh.
	Mesh bool
	// Policies is the form of the policies. Omitted: Cilium.
	Policies v1alpha1.PolicyForm
	Baseline v1alpha1.Baseline
	// Children are the children of Tenants, as the profile declares them.
	Children []v1alpha1.ChildTenants
	// Grants are the grants of all declared flows, in a stable order.
	Grants []Grant
	// Flows are the declared flows with their result, in a stable order.
	Flows []DeclaredFlow
	// ClusterHostnames are public names that resolve to a Service of this cluster, or to the entity
	// ingress.
	ClusterHostnames []ClusterHostname
	// NamespaceLabels are the labels of every tenant namespace.
	NamespaceLabels map[string]string
	// BaselineTenants are tenants in shared namespaces that own pods which the baseline selects
	// (DNS, monitoring).
	BaselineTenants []string
	// SourceRanges are the networks that load balancers must admit, where policies cannot
	// distinguish clients.
	SourceRanges []SourceRanges
	// EntityAddresses are the peers that replace an entity, if the policy form has no such entity.
	// Other entities are peers themselves.
	EntityAddresses map[v1alpha1.Entity][]Peer
	// EgressProxy connects to DNS names. Nil: no flow needs it.
	EgressProxy *EgressProxy
	// Representatives is the largest number of representative pods or nodes of a proof. Omitted:
	// the default.
	Representatives int
	// Unfenced are the namespaces with workloads that have no tenant and are not excluded, sorted.
	Unfenced []string
	// UndecidedKinds are kinds that the profile accepts although the proof does not decide them.
	UndecidedKinds []v1alpha1.UndecidedKind
	// Clusterwide puts the baseline and the default-deny into cluster-wide policies. Nil: each
	// namespace has its own.
	Clusterwide *Clusterwide

	// tenants are sorted by name, and nodes have the order of the profile. tenantsIn has the tenants
	// with pods in a namespace.
	tenants, nodes []*Owner
	tenantsIn      map[string][]*Owner
}

// EnforcesClusterNetworkPolicies reports whether agents enforce ClusterNetworkPolicies.
func (f *Fence) EnforcesClusterNetworkPolicies() bool {
	return f.Cluster.CNI != v1alpha1.CNIKubernetes && f.Has(cilium.ClusterNetworkPolicies) && f.Agent.Enabled(cilium.EnableClusterNetworkPolicy)
}

// SourceRanges are the networks that may reach a Service of type LoadBalancer.
type SourceRanges struct {
	Namespace, Service string
	CIDRs              []string
}

// Grant allows connections from the pods of one side to those of the other: one declared flow,
// between one source and one destination, after consent and limits. Each fenced side gets its own
// policy.
type Grant struct {
	Family Family
	From   Peer
	To     Peer
	// Ports are destination ports. Empty means every port.
	Ports []flow.Port
	// SourcePorts are the ports in the form that the egress side needs. Empty: the egress side uses
	// Ports.
	SourcePorts []flow.Port
	// L7 narrows the allowed traffic on the ports.
	L7 flow.L7
	// DNSNames are the names that pods at From resolve to reach To, if To is pods.
	DNSNames []string
	// Source and Destination are the declarations on each side. If only one side declares the
	// grant, the other is nil.
	Source, Destination *Declaration
}

// DeclaredFlow is a flow that a Tenant or the profile declares.
type DeclaredFlow struct {
	Reason report.Reason
	// NotGenerated reports that no policy contains the flow: an optional flow without its peer, a
	// peer that selects no other tenant, or a profile flow for which no tenant has pods.
	NotGenerated bool
	// ConsentingFlows are the consenting flows of other tenants, if they are in the policies.
	ConsentingFlows []report.Reason
	// PartlyGenerated reports that some of its peers, or their tenants, are in no policy.
	PartlyGenerated bool
}

// Declaration is a flow of a Tenant or of the profile, as declared.
type Declaration struct {
	// Kind is Nodes if nodes own the flow, and not a tenant. Owner is the name of either. It is also
	// set for flows that the profile declares for each tenant.
	Kind  PeerKind
	Owner string
	// Flow is the name of the flow.
	Flow string
	// AllTenants reports that the profile declares the flow for every tenant.
	AllTenants bool
	// Peers are the peers of the flow, as declared.
	Peers []v1alpha1.Peer
	// Ports are the ports of the flow, as declared: protocol ANY is not expanded. None: every port.
	Ports []flow.Port
	// Subject selects the pods that the flow applies to.
	Subject endpoints.Selector
	// Via is the egress point whose pods connect, if they are not the tenant's.
	Via string
	// Policy is the name of its policy, if neither the flow nor the egress point determines it.
	Policy string
	Reason report.Reason
}

// IsOf reports whether an owner declares it.
func (d *Declaration) IsOf(o *Owner) bool {
	return o != nil && d.Owner == o.Name && (d.Kind == Nodes) == o.IsNodes()
}

// GeneratesPolicies reports whether policies may be generated for an enforcement. If allows isolate
// by themselves, none may be generated in AllowOnly.
func (f *Fence) GeneratesPolicies(e v1alpha1.Enforcement) bool {
	return e == v1alpha1.Enforce || f.Additive()
}

// IsEnforced reports whether a peer is default-denied: pods of a tenant, or nodes, in Enforce.
func (f *Fence) IsEnforced(p Peer) bool {
	owner := f.OwnerOf(p)
	return owner != nil && owner.Enforcement == v1alpha1.Enforce
}

// WithAgent returns the fence with another configuration of Cilium's agents.
func (f *Fence) WithAgent(agent cilium.Agent) *Fence {
	out := *f
	out.Agent = agent
	return &out
}

// Additive reports whether an allow does not isolate by itself.
func (f *Fence) Additive() bool {
	return f.Policies != v1alpha1.PoliciesKubernetes && f.Has(cilium.AdditivePolicies) && !f.AllowsIsolate
}

// Handles reports whether the enforcer forwards a protocol at all, where policies allow it.
func (f *Fence) Handles(p v1alpha1.Protocol) bool {
	return f.Cluster.CNI == v1alpha1.CNIKubernetes || f.Agent.Handles(p)
}

// EntityPeers returns the peers that an entity becomes. Empty: the entity has no peer.
func (f *Fence) EntityPeers(e v1alpha1.Entity) []Peer {
	if peers, ok := f.EntityAddresses[e]; ok {
		return peers
	}
	return []Peer{{Kind: Entities, Entities: []v1alpha1.Entity{e}}}
}

// AllNodes returns every node as peers: the entities host and remote-node.
func (f *Fence) AllNodes() []Peer {
	if peers, ok := f.EntityAddresses[v1alpha1.EntityRemoteNode]; ok {
		return peers
	}
	return []Peer{AnyNode()}
}

// NodeDNSPeers returns the peers where nodes themselves serve the cluster's DNS: the pod's own node
// for a NodeLocal DNSCache, every node for resolver pods with hostNetwork.
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
