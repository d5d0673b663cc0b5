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
	"github.com/tenantfence/tenantfence/internal/policy"
)

// Options say what is true of the whole cluster.
type Options struct {
	// ClusterName is the cluster's name in its mesh. Omitted: the agent's.
	ClusterName string
	// Agent is how the agents are configured. Omitted: the Helm chart's defaults.
	Agent policy.Agent
	// Mesh reports that other clusters exist. Omitted: pods of others are known only where a
	// policy names a cluster.
	Mesh bool
	// NodeCIDRs are the ranges of the nodes' addresses. Omitted: unknown.
	NodeCIDRs []string
	// APIServer are the networks in which the apiserver is. Those that Nodes, the networks of
	// nodes, hold are of an apiserver on a node, which networks of policies do not match.
	// Omitted: it may be a node, or at some address in no network of a policy.
	APIServer, Nodes []netip.Prefix
}

// Engine decides flows as Cilium would. It is safe for concurrent use.
type Engine struct {
	options Options
	cluster string
	agent   policy.Agent
	// mesh reports that other clusters exist, whose pods a selector without a cluster matches.
	mesh  bool
	repo  *ciliumpolicy.Repository
	ports portRegistry
	// names are the policies' toFQDNs selectors, selections what those of pods require,
	// first of any pod, nodes what those of nodes do, prefixes the networks that they tell
	// apart, and plain their rules that look into nothing.
	names       nameIndex
	selections  []policy.Selection
	selectionAt map[string]int
	nodes       []policy.Selection
	prefixes    []netip.Prefix
	l4Allows    map[mergeKey]types.PolicyEntries
	subjects    subjects
	// coveredBy are the addresses in networks that hold all of a family, by its entity, worked
	// out of the first coveredOf prefixes.
	coveredBy          map[v1alpha1.Entity][]netip.Addr
	coveredPrefixCount int
	// groups are the CiliumCIDRGroups, byGroup reports that a selector is about their labels,
	// and represented are the selectors that represent is done with.
	groups        []group
	matchesGroups bool
	represented   map[string]bool

	identities map[string]*identity.Identity
	allocated  map[identity.NumericIdentity]uint32
	pods       map[string]*knownPod
	// conflictingPorts are names of ports that rules about egress do not find, before 1.20.
	conflictingPorts map[policy.NamedPort]bool
	// cachedEntries is how many entries the policy maps of pods have that are kept.
	cachedEntries int
	// largest is the largest of them.
	largest largest

	// knownEndpoints are the endpoints that are known, in order; known has them by identity.
	knownEndpoints []policy.Endpoint
	learned        map[string]bool
	// hasDenies says that some policy has deny rules, and undenied enforces the same policies
	// without them.
	hasDenies     bool
	policies      []json.RawMessage
	withoutDenies *Engine
	// transform changes policies before they are enforced.
	transform           func(types.PolicyEntries)
	endpointsByIdentity map[identity.NumericIdentity][]policy.Endpoint
	knownIDs            []identity.NumericIdentity

	// generation counts what was learned since the policies were distilled: a new
	// identity, or a new named port.
	generation  int
	resolved    map[*identity.Identity]ciliumpolicy.SelectorPolicy
	policyNames map[labels.LabelArrayListString][]string
}

var _ policy.Engine = (*Engine)(nil)

// New returns an engine that enforces the policies, each a JSON document of kind
// CiliumNetworkPolicy, CiliumClusterwideNetworkPolicy, NetworkPolicy or, where the options
// have it, ClusterNetworkPolicy, or a CiliumCIDRGroup that they refer to. A policy.RejectedError names every policy that Cilium
// rejects.
//
// The pods are those that are known up front, so that named ports resolve; Decide
// takes others as well. Policies are not held against their CRD's schema: see
// Validate.
func New(opts Options, policies []json.RawMessage, pods []policy.Endpoint) (_ *Engine, err error) {
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
		cluster:             cmp.Or(opts.ClusterName, opts.Agent.Value(policy.ClusterName)),
		agent:               opts.Agent,
		mesh:                opts.Mesh && !opts.Agent.Enabled(policy.DefaultLocalCluster),
		ports:               newPortRegistry(),
		identities:          map[string]*identity.Identity{},
		allocated:           map[identity.NumericIdentity]uint32{},
		pods:                map[string]*knownPod{},
		endpointsByIdentity: map[identity.NumericIdentity][]policy.Endpoint{},
		subjects:            subjects{rules: map[string][]subjectRule{}, openings: map[string][]policy.Opening{}},

		selections:  make([]policy.Selection, 1),
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
		// As agents do for the endpoints of their node.
		e.repo.UpdateIdentities(identity.IdentityMap{id: reserved(id).LabelArray}, nil)
	}
	return e
}

// localCluster is the cluster that a selector without one matches. Omitted: all.
func (e *Engine) localCluster() string {
	if !e.agent.Enabled(policy.DefaultLocalCluster) {
		return cmtypes.PolicyAnyCluster
	}
	return e.cluster
}

// start loads the policies and makes the pods known.
func (e *Engine) start(policies []json.RawMessage, pods []policy.Endpoint) error {
	if err := e.load(policies); err != nil {
		return err
	}
	e.policies = policies
	if !e.agent.Has(policy.NamedEgressPorts) {
		e.conflictingPorts = conflictingPorts(pods)
	}
	for _, pod := range pods {
		if err := e.learn(pod); err != nil {
			return err
		}
	}
	return nil
}

// Decide judges one flow. The headerMatches of HTTP, and what a listener of its own does,
// are not looked into: a flow that they restrict counts as allowed, and asking for a
// request that only they could let pass is an error. Policies with the same rules in
// conflict are an error, since the agent then enforces none of them.
func (e *Engine) Decide(f policy.Flow) (_ policy.Verdict, err error) {
	unlock, err := e.enter()
	if err != nil {
		return policy.Verdict{}, err
	}
	defer unlock()
	defer recoverError(&err)
	v, err := e.decide(f)
	if err != nil {
		return policy.Verdict{}, fmt.Errorf("%s: %w", f, err)
	}
	return v, nil
}

func (e *Engine) decide(f policy.Flow) (policy.Verdict, error) {
	v := policy.Verdict{
		Egress:  policy.Side{Decision: policy.NotEnforced},
		Ingress: policy.Side{Decision: policy.NotEnforced},
	}
	if f.From.Kind == policy.NameEndpoint {
		return v, fmt.Errorf("a name is never the source of a flow: Cilium knows it only as a destination")
	}
	if err := e.checkHostDecidable(f); err != nil {
		return v, err
	}
	// Both ends first: an end that is new changes what the other one's policy selects.
	from, err := e.variantsFor(f.From, f.To)
	if err != nil {
		return v, err
	}
	to, err := e.variantsFor(f.To, f.From)
	if err != nil {
		return v, err
	}
	var notes [2]string
	if e.decides(f.From, policy.Egress) {
		if v.Egress, notes[0], err = e.decideSide(f.From, to, f, policy.Egress); err != nil {
			return v, fmt.Errorf("egress of %s: %w", f.From.Name, err)
		}
	}
	if e.decides(f.To, policy.Ingress) {
		if v.Ingress, notes[1], err = e.decideSide(f.To, from, f, policy.Ingress); err != nil {
			return v, fmt.Errorf("ingress of %s: %w", f.To.Name, err)
		}
	}
	v.Note = joinNotes(notes[:])
	return v, nil
}
