package endpoints

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
)

// ID is the position of an endpoint in a Set. The first has 1.
type ID int32

// Set has every endpoint about which policies are asked. Policies are compiled for a complete set:
// an endpoint that is added later is unknown to them.
type Set struct {
	// Endpoints are first the listed ones: pods of the build, representatives of what policies
	// distinguish, and endpoints outside the cluster. Flows to the others are decided, and they are
	// not listed as peers.
	Endpoints []Endpoint
	// Listed is the number of listed endpoints, and Deployed that of pods of the build.
	Listed, Deployed int
	// Elsewhere are further pods of the build. Nothing is asked about them, but their named ports count.
	Elsewhere []Endpoint
	// Networks are those that something other than the policies distinguishes.
	Networks []netip.Prefix

	// byKey has the endpoints that policies can distinguish, for those that are not of the set.
	byKey map[string]ID
}

// Of returns the endpoint with an ID.
func (s *Set) Of(id ID) Endpoint { return s.Endpoints[id-1] }

// Selections are what a set of policies distinguishes.
type Selections struct {
	Pods, Nodes []Selection
	// AllLabels reports that the policies select pods by labels that Cilium omits from identities.
	AllLabels bool
	// Entities are the entities that the enforcer distinguishes.
	Entities []v1alpha1.Entity
	// Networks are distinguished. A labelled one is distinguished even if it has all addresses of a
	// family. Excluded addresses are those of the cluster, and represent no network.
	Networks []netip.Prefix
	Labelled map[netip.Prefix]bool
	Excluded []netip.Prefix
	// Names are DNS names and patterns.
	Names []string
}

// Union returns what some sets of policies distinguish together.
func Union(all ...Selections) Selections {
	out := Selections{Labelled: map[netip.Prefix]bool{}}
	for _, one := range all {
		out.Pods, out.Nodes = append(out.Pods, one.Pods...), append(out.Nodes, one.Nodes...)
		out.AllLabels = out.AllLabels || one.AllLabels
		out.Entities, out.Names = append(out.Entities, one.Entities...), append(out.Names, one.Names...)
		out.Networks, out.Excluded = append(out.Networks, one.Networks...), append(out.Excluded, one.Excluded...)
		maps.Copy(out.Labelled, one.Labelled)
	}
	return out
}

// NewSet returns a set of the pods of a build.
func NewSet(pods []Endpoint) *Set {
	s := &Set{byKey: map[string]ID{}}
	s.List(pods...)
	s.Deployed = s.Listed
	return s
}

// AddRepresentatives adds the endpoints that policies distinguish in an environment. It adds a pod
// for each selector and namespace, and a pod without labels for each namespace. It adds the same for a
// namespace that does not exist yet. Each pod has every port that policies name. It also adds an
// address inside and outside each network, each DNS name, each entity, and a node for each node
// selector. It returns a BudgetError if they exceed the budget.
func (s *Set) AddRepresentatives(env Environment, all ...Selections) error {
	pods, err := s.representativePods(env, all)
	if err != nil {
		return err
	}
	s.List(pods...)
	return s.AddNonPods(env, all...)
}

// AddNonPods adds what AddRepresentatives adds, without the pods.
func (s *Set) AddNonPods(env Environment, all ...Selections) error {
	for _, c := range env.CIDRs {
		p, err := ParseNetwork(c)
		if err != nil {
			return err
		}
		s.Networks = append(s.Networks, p)
	}
	var nodes []Selection
	for _, one := range all {
		nodes = append(nodes, one.Nodes...)
	}
	if len(nodes) > 0 {
		representatives, err := RepresentativeNodes(env, nodes)
		if err != nil {
			return err
		}
		s.List(representatives...)
	}
	s.listOutside(all)
	return nil
}

func (s *Set) listOutside(all []Selections) {
	for _, one := range all {
		for _, e := range one.Entities {
			s.List(Endpoint{Kind: EntityEndpoint, Name: string(e)})
		}
	}
	for _, one := range all {
		s.List(AddressInEach(slices.Concat(one.Networks, s.Networks), one.Labelled, one.Excluded)...)
	}
	for _, one := range all {
		for _, name := range one.Names {
			s.List(Endpoint{Kind: NameEndpoint, Name: name})
		}
	}
}

// List adds listed endpoints. Pods of different names are all listed, also where nothing
// distinguishes them.
func (s *Set) List(all ...Endpoint) {
	for _, ep := range all {
		key := ep.key()
		if at, known := s.byKey[key]; known && (ep.Kind != PodEndpoint || s.Of(at).Name == ep.Name) {
			continue
		}
		s.add(key, ep)
	}
	s.Listed = len(s.Endpoints)
}

// Ask adds endpoints that are decided and not listed.
func (s *Set) Ask(all ...Endpoint) {
	for _, ep := range all {
		if s.isOwn(ep) {
			continue
		}
		if key := ep.key(); !s.has(key) {
			s.add(key, ep)
		}
	}
}

func (s *Set) add(key string, ep Endpoint) {
	ep.ID = ID(len(s.Endpoints) + 1)
	s.Endpoints = append(s.Endpoints, ep)
	if !s.has(key) {
		s.byKey[key] = ep.ID
	}
}

func (s *Set) has(key string) bool { _, ok := s.byKey[key]; return ok }

// Find returns an endpoint of the set or, for another endpoint, the one that policies cannot distinguish
// from it. It reports whether the set has one.
func (s *Set) Find(ep Endpoint) (ID, bool) {
	if s.isOwn(ep) {
		return ep.ID, true
	}
	id, ok := s.byKey[ep.key()]
	return id, ok
}

// isOwn reports whether an endpoint is of the set. One of another set may have the same ID.
func (s *Set) isOwn(ep Endpoint) bool {
	if ep.ID < 1 || int(ep.ID) > len(s.Endpoints) {
		return false
	}
	own := &s.Endpoints[ep.ID-1]
	return own.Kind == ep.Kind && own.Name == ep.Name && own.Cluster == ep.Cluster && own.Namespace == ep.Namespace && own.ServiceAccount == ep.ServiceAccount &&
		maps.Equal(own.NamespaceLabels, ep.NamespaceLabels) && maps.Equal(own.Labels, ep.Labels) && maps.Equal(own.AllLabels, ep.AllLabels) && slices.Equal(own.Ports, ep.Ports)
}

// Known returns the listed endpoints.
func (s *Set) Known() []Endpoint { return slices.Clone(s.Endpoints[:s.Listed]) }

// Pods returns the pods of the build.
func (s *Set) Pods() []Endpoint { return s.Endpoints[:s.Deployed] }

// Index makes the endpoints of a set that was read as data findable.
func (s *Set) Index() {
	s.byKey = map[string]ID{}
	for _, ep := range s.Endpoints {
		if key := ep.key(); !s.has(key) {
			s.byKey[key] = ep.ID
		}
	}
}

// key is equal for endpoints that no policy can distinguish.
func (e Endpoint) key() string {
	switch e.Kind {
	case PodEndpoint, NodeEndpoint:
	case AddressEndpoint:
		// An address of the apiserver, and one of a node, belong to more entities.
		return fmt.Sprint(e.Kind, " ", e.Name, slices.Contains(e.Entities, v1alpha1.EntityKubeAPIServer), slices.Contains(e.Entities, v1alpha1.EntityRemoteNode))
	default:
		return string(e.Kind) + " " + e.Name
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %q %q %q", e.Kind, e.Cluster, e.Namespace, e.ServiceAccount)
	for _, m := range []map[string]string{e.NamespaceLabels, e.Labels, e.AllLabels} {
		b.WriteByte(';')
		for _, k := range slices.Sorted(maps.Keys(m)) {
			fmt.Fprintf(&b, "%q=%q", k, m[k])
		}
	}
	for _, p := range e.Ports {
		fmt.Fprintf(&b, ";%q=%d/%s", p.Name, p.Port, p.Protocol)
	}
	return b.String()
}
