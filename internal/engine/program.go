package engine

import (
	"cmp"
	"encoding/json"
	"net/netip"
	"slices"

	cmtypes "github.com/cilium/cilium/pkg/clustermesh/types"
	"github.com/cilium/cilium/pkg/policy/types"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
)

// Options are facts about the whole cluster.
type Options struct {
	// ClusterName is the cluster's name in its cluster mesh. Omitted: the name in Agent.
	ClusterName string
	// Agent is the configuration of the agents. Omitted: the defaults of the Helm chart.
	Agent cilium.Agent
	// Mesh reports whether other clusters exist. Omitted: pods of another cluster exist only if
	// a policy names that cluster.
	Mesh bool
	// NodeCIDRs are the node networks that the profile declares. Omitted: unknown.
	NodeCIDRs []string
	// APIServer are the known networks of the apiserver, and Nodes the known networks of nodes
	// (declared or in the build). An apiserver within Nodes runs on a node, so CIDR rules do not
	// match it. Omitted: the apiserver may run on a node, or have an address that no CIDR rule
	// contains.
	APIServer, Nodes []netip.Prefix
}

// Program is a set of policies, parsed once. It is safe for concurrent use.
type Program struct {
	options Options
	cluster string
	agent   cilium.Agent
	// mesh reports whether a selector without a cluster matches pods of other clusters.
	mesh bool
	// loaded are the policies with their rules, in order. within are the namespaces of those that are compiled. Nil: all.
	loaded []loaded
	within endpoints.NamespaceSet
	// names are the toFQDNs selectors of the policies.
	names nameIndex
	// selections has the requirements of each pod selector. The first element has none: it selects
	// any pod.
	selections  []endpoints.Selection
	selectionAt map[string]int
	// nodes are the requirements of node selectors.
	nodes []endpoints.Selection
	// prefixes are the networks that policies distinguish. labelsNetworks reports whether a selector requires
	// the label of one.
	prefixes       []netip.Prefix
	labelsNetworks bool
	// l4Allows are the allow rules without L7 rules.
	l4Allows map[mergeKey]types.PolicyEntries
	groups   []group
	// matchesGroups reports whether a selector requires labels of groups.
	matchesGroups bool
	// represented are the keys of the selectors that represent has handled.
	represented map[string]bool
	// hasDenies reports whether a policy has deny rules.
	hasDenies bool
	// firstIdentity is the lowest number of pods' identities, for tests. 0: Cilium's own.
	firstIdentity uint32
}

var _ flow.Program = (*Program)(nil)

// Read parses policies. Each is a JSON document of kind CiliumNetworkPolicy,
// CiliumClusterwideNetworkPolicy, NetworkPolicy, ClusterNetworkPolicy if the agents enforce it, or a
// CiliumCIDRGroup that policies refer to. A flow.RejectedError names every policy that Cilium rejects.
//
// Read does not check policies against the schema of their CRD: Validate does.
func Read(opts Options, policies []json.RawMessage) (_ *Program, err error) {
	p := newProgram(opts)
	unlock, err := p.enter(newUser())
	if err != nil {
		return nil, err
	}
	defer unlock()
	defer recoverError(&err)
	if err := p.load(policies); err != nil {
		return nil, err
	}
	p.names.classify()
	return p, nil
}

func newProgram(opts Options) *Program {
	return &Program{
		options:     opts,
		cluster:     cmp.Or(opts.ClusterName, opts.Agent.Value(cilium.ClusterName)),
		agent:       opts.Agent,
		mesh:        opts.Mesh && !opts.Agent.Enabled(cilium.DefaultLocalCluster),
		selections:  make([]endpoints.Selection, 1),
		selectionAt: map[string]int{},
		names:       newNameIndex(),
		represented: map[string]bool{},
		l4Allows:    map[mergeKey]types.PolicyEntries{},
	}
}

// localCluster is the cluster that a selector without a cluster matches, or any cluster.
func (p *Program) localCluster() string {
	if !p.agent.Enabled(cilium.DefaultLocalCluster) {
		return cmtypes.PolicyAnyCluster
	}
	return p.cluster
}

// HasDenies reports whether a policy has deny rules.
func (p *Program) HasDenies() bool { return p.hasDenies }

// Selections returns what the policies distinguish.
func (p *Program) Selections() endpoints.Selections {
	out := endpoints.Selections{
		Pods: p.selections, Nodes: p.nodes, Entities: p.entities(), Networks: slices.Clone(p.prefixes), Labelled: map[netip.Prefix]bool{},
	}
	for _, g := range p.groups {
		if !p.matchesGroups {
			break
		}
		for _, network := range g.prefixes() {
			out.Labelled[network] = true
			out.Networks = append(out.Networks, network)
		}
	}
	for _, s := range p.names.all {
		out.Names = append(out.Names, s.text)
	}
	return out
}

// unmanaged are pods that started before Cilium, and initial are pods without labels yet. A
// Tenant cannot name them.
const (
	unmanaged v1alpha1.Entity = "unmanaged"
	initial   v1alpha1.Entity = "init"
)

// entities returns the entities that agents distinguish.
func (p *Program) entities() []v1alpha1.Entity {
	out := []v1alpha1.Entity{
		v1alpha1.EntityHost, v1alpha1.EntityRemoteNode, v1alpha1.EntityHealth, v1alpha1.EntityIngress,
		v1alpha1.EntityKubeAPIServer, unmanaged, initial,
	}
	families := p.families()
	if len(families) == 1 {
		return append(out, v1alpha1.EntityWorld)
	}
	for _, f := range families {
		out = append(out, f.entity)
	}
	return out
}
