package netpol

import (
	"encoding/json"
	"maps"
	"net/netip"
	"slices"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
)

// Options are the addresses of the cluster. They may overlap: some networks give pods
// addresses of the nodes' range.
type Options struct {
	// PodCIDRs are the ranges of the pods' addresses. Pods have an address of each family
	// that is here. Omitted: not known, so that a pod may have any address.
	PodCIDRs []string
	// ServiceCIDRs are the ranges of Services' addresses, which are nowhere outside the
	// cluster. Omitted: none.
	ServiceCIDRs []string
	// NodeCIDRs are the ranges of the nodes' addresses. Omitted: not known, so that a node
	// may have any address.
	NodeCIDRs []string
	// APIServer are the addresses of the apiserver itself, not of its Service, as addresses
	// or networks. Omitted: not known, so that it may have any address.
	APIServer []string
}

// Program is a set of policies, parsed once.
type Program struct {
	cluster cluster
	// policies are those of each namespace, in order.
	policies map[string][]*compiled
	// networks are those that rules distinguish.
	networks []netip.Prefix
}

// Read parses policies, each a JSON document of kind NetworkPolicy. A flow.RejectedError names every
// policy that the apiserver would reject, or that is of another kind.
func Read(opts Options, policies []json.RawMessage) (*Program, error) {
	c, err := newCluster(opts)
	if err != nil {
		return nil, err
	}
	p := &Program{cluster: c, policies: map[string][]*compiled{}}
	if err := p.load(policies); err != nil {
		return nil, err
	}
	return p, nil
}

// Selections returns what the policies distinguish. It has no DNS names: to a NetworkPolicy, a name is
// an address of the world.
func (p *Program) Selections() endpoints.Selections {
	c := p.cluster
	out := endpoints.Selections{
		AllLabels: true,
		Networks:  slices.Concat(p.networks, c.nodes.knownSet().Prefixes(), c.apiServer.knownSet().Prefixes()),
		Excluded:  slices.Concat(c.pods.knownSet().Prefixes(), c.services.knownSet().Prefixes()),
	}
	for _, o := range p.entities(nil) {
		if name := v1alpha1.Entity(o.endpoint.Name); !slices.Contains(out.Entities, name) {
			out.Entities = append(out.Entities, name)
		}
	}
	for _, ns := range slices.Sorted(maps.Keys(p.policies)) {
		for _, one := range p.policies[ns] {
			for _, s := range one.selections(ns) {
				s.Policy = one.id.String()
				out.Pods = append(out.Pods, s)
			}
		}
	}
	return out
}

// HasDenies reports that a NetworkPolicy has no deny rules.
func (p *Program) HasDenies() bool { return false }

// Compile compiles the policies for the endpoints of a set. NetworkPolicy does not inspect connections,
// so requests make no difference.
//
// A node reaches its own pods regardless of policies. Policies decide about the other direction, as the
// reference of the API states.
func (p *Program) Compile(set *endpoints.Set, _ flow.Denies) (flow.Table, error) {
	t := &table{program: p, set: set, cells: p.cellsFor(set), index: newIndex(set), matched: map[string][]endpoints.ID{}, blockCells: map[*rule][]int{}}
	for _, pod := range set.Pods() {
		if err := checkPod(pod); err != nil {
			return nil, err
		}
	}
	for _, all := range p.policies {
		for _, one := range all {
			for _, rules := range one.rules {
				for _, r := range rules {
					t.match(r)
				}
			}
		}
	}
	t.findPeers()
	return t, nil
}

// selections are what a policy's selectors require of pods: of those that it selects and of its
// peers, each with the ports that rules name there.
func (p *compiled) selections(namespace string) []endpoints.Selection {
	subject := endpoints.Selection{Requirements: append(endpoints.InNamespace(namespace), endpoints.RequirementsOf(p.source, endpoints.PodLabel)...)}
	var out []endpoints.Selection
	for _, r := range p.rules[flow.Ingress] {
		subject.Ports = append(subject.Ports, r.named()...)
		out = append(out, r.selections(nil)...)
	}
	for _, r := range p.rules[flow.Egress] {
		// They may be the names of a pod that no selector selects.
		out = append(out, endpoints.Selection{Ports: r.named()})
		out = append(out, r.selections(r.named())...)
	}
	return append(out, subject)
}

// selections are what a rule's peers require of pods, and the ports that the rule names there.
func (r *rule) selections(ports []endpoints.NamedPort) []endpoints.Selection {
	var out []endpoints.Selection
	for _, p := range r.peers {
		if p.isBlock() {
			continue
		}
		where := endpoints.InNamespace(p.namespace)
		if p.namespaces != nil {
			where = endpoints.RequirementsOf(*p.source.NamespaceSelector, endpoints.NamespaceLabel)
		}
		pods := endpoints.RequirementsOf(endpoints.SelectorOf(p.source.PodSelector), endpoints.PodLabel)
		out = append(out, endpoints.Selection{Requirements: append(where, pods...), Ports: ports})
	}
	return out
}

// named returns the ports that a rule names.
func (r *rule) named() []endpoints.NamedPort {
	var out []endpoints.NamedPort
	for _, p := range r.ports {
		if p.name != "" {
			out = append(out, endpoints.NamedPort{Name: p.name, Protocol: p.Protocol})
		}
	}
	return out
}
