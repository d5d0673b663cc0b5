package engine

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/netip"

	cmtypes "github.com/cilium/cilium/pkg/clustermesh/types"
	envoypolicy "github.com/cilium/cilium/pkg/envoy/policy"
	"github.com/cilium/cilium/pkg/identity"
	"github.com/cilium/cilium/pkg/identity/identitymanager"
	"github.com/cilium/cilium/pkg/labels"
	ciliumpolicy "github.com/cilium/cilium/pkg/policy"
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

// Engine decides flows as Cilium would. It is safe for concurrent use.
type Engine struct {
	options Options
	cluster string
	agent   cilium.Agent
	// mesh reports whether a selector without a cluster matches pods of other clusters.
	mesh  bool
	repo  *ciliumpolicy.Repository
	ports portRegistry
	// names are the toFQDNs selectors of the policies.
	names nameIndex
	// selections has the requirements of each pod selector. The first element has none: it selects
	// any pod.
	selections  []endpoints.Selection
	selectionAt map[string]int
	// nodes are the requirements of node selectors.
	nodes []endpoints.Selection
	// prefixes are the networks that policies distinguish.
	prefixes []netip.Prefix
	// l4Allows are the allow rules without L7 rules.
	l4Allows map[mergeKey]types.PolicyEntries
	subjects subjects
	// coveredBy caches the results of covered, by world entity. It is valid while len(prefixes) ==
	// coveredPrefixCount.
	coveredBy          map[v1alpha1.Entity][]netip.Addr
	coveredPrefixCount int
	groups             []group
	// matchesGroups reports whether a selector requires labels of groups.
	matchesGroups bool
	// represented are the keys of the selectors that represent has handled.
	represented map[string]bool

	identities map[string]*identity.Identity
	allocated  map[identity.NumericIdentity]uint32
	pods       map[string]*knownPod
	// conflictingPorts are the named ports that egress rules do not resolve before Cilium 1.20.
	conflictingPorts map[endpoints.NamedPort]bool
	// cachedEntries is the number of entries in the cached policy maps.
	cachedEntries int
	// largest is the largest policy map.
	largest largest

	// knownEndpoints are the known endpoints, in order. endpointsByIdentity has them by identity.
	knownEndpoints []endpoints.Endpoint
	learned        map[string]bool
	// hasDenies reports whether a policy has deny rules.
	hasDenies bool
	policies  []json.RawMessage
	// withoutDenies enforces the same policies without their deny rules.
	withoutDenies *Engine
	// transform changes policies before they are enforced.
	transform           func(types.PolicyEntries)
	endpointsByIdentity map[identity.NumericIdentity][]endpoints.Endpoint
	knownIDs            []identity.NumericIdentity

	// generation counts new identities and new named ports. Each makes policy maps stale.
	generation  int
	resolved    map[*identity.Identity]ciliumpolicy.SelectorPolicy
	policyNames map[labels.LabelArrayListString][]string
}

var _ flow.Engine = (*Engine)(nil)

// New returns an engine that enforces the policies. Each is a JSON document of kind
// CiliumNetworkPolicy, CiliumClusterwideNetworkPolicy, NetworkPolicy, ClusterNetworkPolicy if
// the agents enforce it, or a CiliumCIDRGroup that policies refer to. A flow.RejectedError
// names every policy that Cilium rejects.
//
// The pods are known from the start, so that named ports resolve. Decide accepts others too.
// New does not check policies against the schema of their CRD: Validate does.
func New(opts Options, policies []json.RawMessage, pods []endpoints.Endpoint) (_ *Engine, err error) {
	e := newEngine(opts)
	unlock, err := e.enter()
	if err != nil {
		return nil, err
	}
	defer unlock()
	defer recoverError(&err)
	return e, e.start(policies, pods)
}

func newEngine(opts Options) *Engine {
	e := &Engine{
		options:             opts,
		cluster:             cmp.Or(opts.ClusterName, opts.Agent.Value(cilium.ClusterName)),
		agent:               opts.Agent,
		mesh:                opts.Mesh && !opts.Agent.Enabled(cilium.DefaultLocalCluster),
		ports:               newPortRegistry(),
		identities:          map[string]*identity.Identity{},
		allocated:           map[identity.NumericIdentity]uint32{},
		pods:                map[string]*knownPod{},
		endpointsByIdentity: map[identity.NumericIdentity][]endpoints.Endpoint{},
		subjects:            subjects{rules: map[string][]subjectRule{}, openings: map[string][]flow.Opening{}},

		selections:  make([]endpoints.Selection, 1),
		selectionAt: map[string]int{},
		names:       newNameIndex(),
		learned:     map[string]bool{},
		represented: map[string]bool{},
		l4Allows:    map[mergeKey]types.PolicyEntries{},
		resolved:    map[*identity.Identity]ciliumpolicy.SelectorPolicy{},
		policyNames: map[labels.LabelArrayListString][]string{},
	}
	e.repo = ciliumpolicy.NewPolicyRepository(discardLogger, identity.ListReservedIdentities(), secrets{},
		envoypolicy.NewEnvoyL7RulesTranslator(discardLogger, secrets{}), identitymanager.NewIDManager(discardLogger), nil)
	e.repo.GetSelectorCache().SetLocalIdentityNotifier(noNotifier{})
	e.repo.SetNamedPortsGetter(e.ports)
	for _, id := range ownEndpoints {
		// Agents do this for the endpoints of their node.
		e.repo.UpdateIdentities(identity.IdentityMap{id: reserved(id).LabelArray}, nil)
	}
	return e
}

// localCluster is the cluster that a selector without a cluster matches, or any cluster.
func (e *Engine) localCluster() string {
	if !e.agent.Enabled(cilium.DefaultLocalCluster) {
		return cmtypes.PolicyAnyCluster
	}
	return e.cluster
}

// start loads the policies and learns the pods.
func (e *Engine) start(policies []json.RawMessage, pods []endpoints.Endpoint) error {
	if err := e.load(policies); err != nil {
		return err
	}
	e.policies = policies
	if !e.agent.Has(cilium.NamedEgressPorts) {
		e.conflictingPorts = conflictingPorts(pods)
	}
	for _, pod := range pods {
		if err := e.learn(pod); err != nil {
			return err
		}
	}
	return nil
}

// Decide decides one flow. The headerMatches of HTTP rules and custom listeners are not
// evaluated: a flow that they restrict counts as allowed. A request that only they could allow
// is an error. Conflicting policies are an error, because the agent then enforces none of
// them.
func (e *Engine) Decide(f flow.Flow) (_ flow.Verdict, err error) {
	unlock, err := e.enter()
	if err != nil {
		return flow.Verdict{}, err
	}
	defer unlock()
	defer recoverError(&err)
	v, err := e.decide(f)
	if err != nil {
		return flow.Verdict{}, fmt.Errorf("%s: %w", f, err)
	}
	return v, nil
}

func (e *Engine) decide(f flow.Flow) (flow.Verdict, error) {
	v := flow.Verdict{
		Egress:  flow.Side{Decision: flow.NotEnforced},
		Ingress: flow.Side{Decision: flow.NotEnforced},
	}
	if f.From.Kind == endpoints.NameEndpoint {
		return v, fmt.Errorf("a DNS name cannot be the source of a flow: Cilium matches names only as destinations")
	}
	if err := e.checkHostDecidable(f); err != nil {
		return v, err
	}
	// Resolve both endpoints first: a new endpoint changes which peers the policies of the other
	// one select.
	from, err := e.variantsFor(f.From, f.To)
	if err != nil {
		return v, err
	}
	to, err := e.variantsFor(f.To, f.From)
	if err != nil {
		return v, err
	}
	var notes [2]string
	if e.decides(f.From, flow.Egress) {
		if v.Egress, notes[0], err = e.decideSide(f.From, to, f, flow.Egress); err != nil {
			return v, fmt.Errorf("egress of %s: %w", f.From.Name, err)
		}
	}
	if e.decides(f.To, flow.Ingress) {
		if v.Ingress, notes[1], err = e.decideSide(f.To, from, f, flow.Ingress); err != nil {
			return v, fmt.Errorf("ingress of %s: %w", f.To.Name, err)
		}
	}
	v.Note = joinNotes(notes[:])
	return v, nil
}
