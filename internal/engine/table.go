package engine

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	envoypolicy "github.com/cilium/cilium/pkg/envoy/policy"
	"github.com/cilium/cilium/pkg/identity"
	"github.com/cilium/cilium/pkg/identity/identitymanager"
	ipcachetypes "github.com/cilium/cilium/pkg/ipcache/types"
	ciliumpolicy "github.com/cilium/cilium/pkg/policy"
	"github.com/cilium/cilium/pkg/policy/types"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
)

// table has the policies of a program, compiled for the endpoints of a set.
type table struct {
	*Program
	user  user
	set   *endpoints.Set
	repo  *ciliumpolicy.Repository
	ports portRegistry
	// rules has the rules by the namespace of their policy, "" for cluster-wide policies.
	rules map[string][]subjectRule
	// conflictingPorts are the named ports that egress rules do not resolve before Cilium 1.20.
	conflictingPorts map[endpoints.NamedPort]bool
	// covered are addresses of networks that together have all addresses of a family.
	covered map[v1alpha1.Entity][]netip.Addr
	// nodeAddresses are those of numbered nodes. Nil: nodes have an address in each network, or in none.
	nodeAddresses *nodeAddresses

	identities map[string]*identity.Identity
	allocated  map[identity.NumericIdentity]uint32
	// byScope has the identities of each scope. deployed reports whether a listed endpoint has an identity
	// that is no representative pod.
	byScope  map[int][]identity.NumericIdentity
	deployed map[identity.NumericIdentity]bool
	places   *places
	// ends are what is known of each endpoint.
	ends  []end
	peers []flow.Peer
}

// end is what is known of an endpoint.
type end struct {
	cases []flow.Case
	err   error
	// subject is the endpoint as policies select it. Nil: they do not.
	subject *subject
}

// Compile compiles the policies for the endpoints of a set.
func (p *Program) Compile(set *endpoints.Set, denies flow.Denies) (_ flow.Table, err error) {
	as := newUser()
	unlock, err := p.enter(as)
	if err != nil {
		return nil, err
	}
	defer unlock()
	defer recoverError(&err)
	t := &table{
		Program: p, user: as, set: set, ports: newPortRegistry(), rules: map[string][]subjectRule{}, covered: map[v1alpha1.Entity][]netip.Addr{},
		identities: map[string]*identity.Identity{}, allocated: map[identity.NumericIdentity]uint32{},
		byScope: map[int][]identity.NumericIdentity{}, deployed: map[identity.NumericIdentity]bool{}, places: newPlaces(),
	}
	t.repo = ciliumpolicy.NewPolicyRepository(discardLogger, identity.ListReservedIdentities(), secrets{},
		envoypolicy.NewEnvoyL7RulesTranslator(discardLogger, secrets{}), identitymanager.NewIDManager(discardLogger), nil)
	t.repo.GetSelectorCache().SetLocalIdentityNotifier(noNotifier{})
	t.repo.SetNamedPortsGetter(t.ports)
	for _, id := range ownEndpoints {
		// Agents do this for the endpoints of their node.
		t.repo.UpdateIdentities(identity.IdentityMap{id: reserved(id).LabelArray}, nil)
	}
	t.byScope[reservedScope] = slices.DeleteFunc(identity.GetAllReservedIdentities(), func(id identity.NumericIdentity) bool {
		return scopeOf(id) != reservedScope || slices.Contains(ciliumpolicy.AllAggregates, id)
	})
	if p.triesNodes() && !p.labelsNetworks {
		if t.nodeAddresses, err = p.newNodeAddresses(p.networks()); err != nil {
			return nil, err
		}
	}
	t.addPolicies(denies)
	if !p.agent.Has(cilium.NamedEgressPorts) {
		t.conflictingPorts = conflictingPorts(slices.Concat(set.Pods(), set.Elsewhere))
	}
	for _, f := range p.families() {
		if t.covered[f.entity], err = p.coveringAddresses(f); err != nil {
			return nil, err
		}
	}
	if err := t.learnAll(); err != nil {
		return nil, err
	}
	t.sharePorts()
	t.places.sort()
	return t, nil
}

// learnAll learns every endpoint of the set, and the peers that openings list.
func (t *table) learnAll() error {
	for i, ep := range t.set.Endpoints {
		one, peers, err := t.learn(ep)
		switch {
		case err != nil && i < t.set.Listed:
			return err
		case err != nil:
			one.err = err
		}
		t.ends = append(t.ends, one)
		if i >= t.set.Listed {
			continue
		}
		t.peers = append(t.peers, peers...)
		for _, p := range peers {
			id := identity.NumericIdentity(p.Case)
			t.deployed[id] = t.deployed[id] || !p.Representative
		}
	}
	return nil
}

// addPolicies adds the policies to the repository. Without deny rules, their entries still default-deny,
// but have no peers.
func (t *table) addPolicies(denies flow.Denies) {
	for _, l := range t.loaded {
		if !t.compiles(l) {
			continue
		}
		entries := make(types.PolicyEntries, len(l.entries))
		for i, entry := range l.entries {
			one := *entry
			if one.IsDeny() && denies == flow.WithoutDenies {
				one.Verdict, one.L3 = types.Allow, nil
			}
			one.L3 = t.placed(one.L3, l.namespace())
			entries[i] = &one
		}
		t.addRules(l.namespace(), entries)
		t.repo.ReplaceByResource(entries, ipcachetypes.NewResourceID(l.kind, l.namespace(), l.Name))
	}
}

func (t *table) Peers() []flow.Peer { return t.peers }
func (t *table) Cells() []flow.Cell { return nil }
func (t *table) Protocols() []v1alpha1.Protocol {
	return slices.DeleteFunc(flow.Protocols(), func(p v1alpha1.Protocol) bool { return !t.agent.Handles(p) })
}

func (t *table) Cases(id endpoints.ID) ([]flow.Case, error) {
	return t.ends[id-1].cases, t.ends[id-1].err
}

// subjectRule is the selector of a rule's subject: pods or nodes.
type subjectRule struct {
	*types.LabelSelector
	policy        flow.PolicyID
	ingress, node bool
	// effect is equal for rules with the same effect on a pod.
	effect string
}

// addRules records the rules of a policy as they are enforced.
func (t *table) addRules(namespace string, entries types.PolicyEntries) {
	for _, entry := range entries {
		effect := strconv.Itoa(len(t.rules[namespace]))
		if entry.L3 == nil && entry.IsAllow() {
			// It has no peer, and may default-deny a direction.
			effect = fmt.Sprintf("%v %v %v %v", entry.Ingress, entry.DefaultDeny, entry.Tier, entry.Priority)
		}
		t.rules[namespace] = append(t.rules[namespace], subjectRule{entry.Subject, policyID(entry.Labels), entry.Ingress, entry.Node, effect})
	}
}

// Selecting implements flow.Table.
func (t *table) Selecting(id endpoints.ID, d flow.Direction) flow.Policies {
	s := t.ends[id-1].subject
	if s == nil {
		return nil
	}
	var out flow.Policies
	for _, ns := range slices.Compact([]string{"", t.set.Of(id).Namespace}) {
		for _, r := range t.rules[ns] {
			if r.node == s.node && r.ingress == (d == flow.Ingress) && r.Matches(s.labels) {
				out = append(out, r.policy)
			}
		}
	}
	return out.Sorted()
}

// Class names the rules that select a pod, and its ports. Other endpoints have classes of their own.
func (t *table) Class(id endpoints.ID) (string, error) {
	ep, s := t.set.Of(id), t.ends[id-1].subject
	switch {
	case s == nil:
		return "", t.ends[id-1].err
	case ep.Kind != endpoints.PodEndpoint:
		return "endpoint " + strconv.Itoa(int(id)), nil
	}
	var effects, ports []string
	for _, ns := range []string{"", ep.Namespace} {
		for _, r := range t.rules[ns] {
			if !r.node && r.Matches(s.labels) {
				effects = append(effects, ns+" "+r.effect)
			}
		}
	}
	slices.Sort(effects)
	for name, p := range s.ports {
		ports = append(ports, fmt.Sprintf("%q %v", name, p))
	}
	slices.Sort(ports)
	return fmt.Sprintf("%q %q %q", ep.Namespace, strings.Join(slices.Compact(effects), ","), ports), nil
}
