package policy

import (
	"slices"

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
	// Tenants, sorted by name.
	Tenants []Tenant
	// Children are the children of Tenants, as the profile declares them.
	Children []v1alpha1.ChildTenants
	// Nodes are the node entries of the profile, by name, for host policies.
	Nodes []Node
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

	owners map[string][]*Tenant
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

// Tenant is a Tenant with every default, pattern and limit applied.
type Tenant struct {
	Name, ID   string
	Namespaces []string
	// Pods selects the tenant's pods: all pods of its namespaces or, in shared namespaces, some.
	Pods           endpoints.Selector
	Enforcement    v1alpha1.Enforcement
	IntraNamespace bool
	// WithoutDNS reports that no pod has the baseline's DNS. DNSPods selects those that have it.
	// Omitted: all pods of the tenant.
	WithoutDNS bool
	DNSPods    endpoints.Selector
	// EnforcementReason is the field that sets the enforcement.
	EnforcementReason report.Reason
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
	// Tenant owns the flow. It is also set for flows that the profile declares for each tenant.
	Tenant string
	// Flow is the name of the flow.
	Flow string
	// Node is the entry of the profile's nodes that owns the flow, instead of a tenant.
	Node string
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

// GeneratesPolicies reports whether policies may be generated for an enforcement. If allows isolate
// by themselves, none may be generated in AllowOnly.
func (f *Fence) GeneratesPolicies(e v1alpha1.Enforcement) bool {
	return e == v1alpha1.Enforce || f.Additive()
}

// IsEnforced reports whether a peer is default-denied: pods of a tenant, or nodes, in Enforce.
func (f *Fence) IsEnforced(p Peer) bool {
	if n := f.NodeOf(p); n != nil {
		return n.Enforcement == v1alpha1.Enforce
	}
	owner := f.OwnerOf(p)
	return p.Kind == Pods && owner != nil && owner.Enforcement == v1alpha1.Enforce
}

// FullyEnforced returns the fence with Enforce for every tenant and node that has generated
// policies now.
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
