package reach

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// Proof has the input of a proof: an engine that enforces the policies, and the declared flows.
type Proof struct {
	Engine    flow.Engine
	Fence     *policy.Fence
	Endpoints Endpoints
	// NetworkPolicyForm is the NetworkPolicy form of the policies: what it declares is declared.
	// Nil: none.
	NetworkPolicyForm *policy.Fence
	// Policies finds policies by the names that the engine gives them: where two have one
	// name, one that is not the fence's.
	Policies map[string]*resource.Policy
	// Sources are the resources that declare flows, by kind and name: "Tenant/acme".
	Sources map[string]report.Ref
	// IntentUnknown reports that nothing is known of what is declared: what is allowed is
	// listed, and not enforced.
	IntentUnknown bool
	// ListAccess requests the list of what policies allow.
	ListAccess bool
	Progress   report.Progress
}

// Isolation finds what the policies allow at fenced pods that nothing declares. Each side of a flow
// is decided alone.
func (p Proof) Isolation() (report.Isolation, report.Findings, error) {
	var counted report.Isolation
	known, err := p.Engine.Representatives(p.surroundings())
	if err != nil {
		return counted, nil, fmt.Errorf("add representative endpoints: %w", err)
	}
	s := p.newSearch(&counted)
	pods := p.fenced(known)
	for i, pod := range pods {
		p.Progress.Report("proving isolation: pods", i, len(pods))
		for _, d := range flow.Directions() {
			if err := s.search(pod, d); err != nil {
				return counted, nil, err
			}
		}
	}
	counted.Pods = len(pods)
	err = s.searchNodes(known)
	s.tally.addNotGenerated(p.Fence)
	for _, operator := range p.Endpoints.undecidedOperatorPolicies() {
		s.tally.openNamespace(operator.Namespace)
	}
	counted.Namespaces, counted.Nodes = s.tally.count()
	if p.ListAccess {
		counted.Access = s.access.list(p.Endpoints.Reasons)
	}
	if err != nil || p.IntentUnknown {
		return counted, s.findings(), err
	}
	declared, found := s.declaredFlows(known)
	counted.Declared = declared
	return counted, append(s.findings(), found...), nil
}

func (p Proof) newSearch(counted *report.Isolation) *search {
	return &search{Proof: p, expectation: NewExpectation(p.fences()...), openings: map[string][]flow.Opening{}, counted: counted}
}

// HostNetworkFindings lists the hostNetwork pods, which no policy selects.
func (p Proof) HostNetworkFindings() report.Findings {
	var pods []string
	for _, w := range p.Endpoints.Index.Workloads {
		if w.HostNetwork {
			pods = append(pods, w.Ref.Namespace+"/"+w.Ref.Kind+"/"+w.Ref.Name)
		}
	}
	if len(pods) == 0 {
		return nil
	}
	return report.Findings{report.New(report.HostNetworkPods, report.Info, report.Ref{}, "", "%s", "no policy selects hostNetwork pods, and they reach every pod of their node, as the node does: "+strings.Join(pods, ", "))}
}

// fenced returns the known pods of tenants for which policies are generated, and those in unclaimed
// namespaces that cluster-wide policies default-deny.
func (p Proof) fenced(known []endpoints.Endpoint) []endpoints.Endpoint {
	return slices.DeleteFunc(slices.Clone(known), func(ep endpoints.Endpoint) bool {
		owner := p.Fence.OwnerOfPod(ep.Namespace, ep.Labels)
		return ep.Kind != endpoints.PodEndpoint || ep.Cluster != "" || !p.Fence.UnclaimedNamespace(ep.Namespace) && (owner == nil || !p.Fence.GeneratesPolicies(owner.Enforcement))
	})
}

// source returns the resource that a reason names.
func (p Proof) source(r report.Reason) report.Ref { return p.Sources[r.Kind+"/"+r.Name] }

func (p Proof) fences() []*policy.Fence {
	if p.NetworkPolicyForm == nil {
		return []*policy.Fence{p.Fence}
	}
	return []*policy.Fence{p.Fence, p.NetworkPolicyForm}
}

func (p Proof) grants() []policy.Grant {
	var out []policy.Grant
	for _, f := range p.fences() {
		out = append(out, f.Grants...)
	}
	return out
}

// surroundings returns the namespaces of the build and of tenants, and the declared networks.
func (p Proof) surroundings() endpoints.Environment {
	s := endpoints.Environment{Namespaces: map[string]map[string]string{}, Selectors: p.selectors(), Budget: p.Fence.Representatives}
	for _, t := range p.Fence.Tenants() {
		for _, ns := range t.Namespaces {
			s.Namespaces[ns] = p.Endpoints.namespaceLabels(ns)
		}
	}
	for ns := range p.Endpoints.Index.Namespaces {
		s.Namespaces[ns] = p.Endpoints.namespaceLabels(ns)
	}
	for _, w := range p.Endpoints.Index.Workloads {
		s.Namespaces[w.Ref.Namespace] = p.Endpoints.namespaceLabels(w.Ref.Namespace)
	}
	for _, g := range p.grants() {
		for _, peer := range []policy.Peer{g.From, g.To} {
			s.CIDRs = append(append(s.CIDRs, peer.CIDRs...), peer.Except...)
		}
	}
	for _, f := range p.fences() {
		for _, e := range slices.Sorted(maps.Keys(f.EntityAddresses)) {
			for _, peer := range f.EntityAddresses[e] {
				s.CIDRs = append(s.CIDRs, peer.CIDRs...)
			}
		}
	}
	return s
}

// selectors returns the selectors with which the expectation distinguishes pods and nodes.
func (p Proof) selectors() []endpoints.Selection {
	var out []endpoints.Selection
	pods := func(s endpoints.Selector) {
		out = append(out, endpoints.Selection{Requirements: endpoints.RequirementsOf(s, endpoints.PodLabel)})
	}
	for _, o := range p.Fence.Owners() {
		pods(o.Selector)
	}
	for _, expected := range NewExpectation(p.fences()...).at {
		for _, w := range expected {
			pods(w.Subject)
			pods(w.Peer.Pods)
			out = append(out, endpoints.Selection{Requirements: endpoints.RequirementsOf(endpoints.Selector{MatchLabels: w.Peer.NamespaceLabels}, endpoints.NamespaceLabel)})
		}
	}
	return out
}

// search goes through the openings of pods and nodes.
type search struct {
	Proof
	expectation *Expectation
	leaks       leaks
	conflicts   conflicts
	tally       tally
	access      access
	counted     *report.Isolation
	// openings are those of peers, cached.
	openings map[string][]flow.Opening
	// cachedPeers is how many peers they have.
	cachedPeers int
}

func (s *search) search(pod endpoints.Endpoint, d flow.Direction) error {
	v := s.expectation.viewOf(pod, d)
	s.tally.inspect(v)
	openings, err := s.openingsOf(pod, d)
	var conflict flow.ConflictError
	switch {
	case errors.As(err, &conflict):
		s.tally.open(v)
		s.conflicts.add(v, s.sourceOf(v.owner), conflict.Error())
		return nil
	case err != nil:
		return fmt.Errorf("prove isolation: %w", err)
	}
	s.counted.Openings += len(openings)
	if s.ListAccess {
		s.access.add(v, openings)
	}
	for _, o := range openings {
		if len(o.Policies) == 0 {
			s.tally.open(v)
			s.leaks.leakOf(v, flow.Opening{}, "").subjects.add(pod.Name)
			continue
		}
		for _, peer := range o.Peers {
			if len(o.L7.ShadowedBy) > 0 {
				s.add(v, o, peer)
				continue
			}
			for _, rest := range v.undeclared(o, peer) {
				s.add(v, rest, peer)
			}
		}
	}
	return nil
}

// maxCachedPeers is how many peers of openings are kept in memory.
const maxCachedPeers = 200_000

func peersOf(openings []flow.Opening) int {
	n := 0
	for _, o := range openings {
		n += len(o.Peers)
	}
	return n
}

func (s *search) openingsOf(pod endpoints.Endpoint, d flow.Direction) ([]flow.Opening, error) {
	key := string(d) + " " + pod.Name
	if have, ok := s.openings[key]; ok {
		return have, nil
	}
	out, err := s.Engine.Openings(pod, d)
	if err != nil {
		return nil, err
	}
	s.cachedPeers += peersOf(out)
	if s.cachedPeers > maxCachedPeers {
		clear(s.openings)
		s.cachedPeers = peersOf(out)
	}
	s.openings[key] = out
	return out, nil
}

func (s *search) add(v view, o flow.Opening, peer endpoints.Endpoint) {
	s.tally.open(v)
	l := s.leaks.leakOf(v, o, kindOf(peer))
	l.pairs.add(v.subject.Name, peer.Name)
	if len(o.L7.ShadowedBy) > 0 {
		l.addShadowed(v, o, peer)
	}
	if l.add(v, peer); !l.open && s.otherSideAllows(v, o, peer) {
		l.setExample(v, peer)
		l.open = true
	}
}

// otherSideAllows reports whether the other side allows a part of an opening, too. What cannot be
// decided counts as open.
func (s *search) otherSideAllows(v view, o flow.Opening, peer endpoints.Endpoint) bool {
	if !peer.IsSelected() || v.subject.Kind == endpoints.NodeEndpoint && v.direction == flow.Egress {
		// A pod always lets its own node in.
		return true
	}
	others, err := s.openingsOf(peer, v.direction.Opposite())
	if err != nil {
		return true
	}
	this := portRange{o.Protocol, o.First, o.Last}
	return slices.ContainsFunc(others, func(other flow.Opening) bool {
		return isUnrestricted(other) ||
			this.overlaps(portRange{other.Protocol, other.First, other.Last}) && slices.ContainsFunc(other.Peers, v.isSubject)
	})
}

// namespaceLabels returns the labels of a namespace, with the one that every namespace has.
func (e Endpoints) namespaceLabels(namespace string) map[string]string {
	labels := map[string]string{}
	if ns := e.Index.Namespaces[namespace]; ns != nil {
		maps.Copy(labels, ns.Labels)
	}
	labels[corev1.LabelMetadataName] = namespace
	return labels
}
