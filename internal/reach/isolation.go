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

// Proof has the input of a proof: a view of what the policies decide, and the declared flows.
type Proof struct {
	// View has every endpoint about which the proof asks: see Compile.
	View      *flow.View
	Fence     *policy.Fence
	Endpoints Endpoints
	// Pods are further pods that count as pods of the build.
	Pods []endpoints.Endpoint
	// NetworkPolicyForm is the NetworkPolicy form of the policies: what it declares is declared.
	// Nil: none.
	NetworkPolicyForm *policy.Fence
	// Policies are those of the build.
	Policies map[flow.PolicyID]*resource.Policy
	// Slice is the part of the fence that the proof is about: its pods and nodes, and their flows. Their
	// peers are all endpoints. Omitted: the whole fence.
	Slice report.Slice
	// Known are the parts of all other tenants, which are not decided again, and Whole is the fence with all of them.
	// Nil: all tenants of the slice are decided.
	Known map[string]Part
	Whole *policy.Fence
	// Sources are the resources that declare flows, by kind and name: "Tenant/acme".
	Sources map[string]report.Ref
	// IntentUnknown reports that nothing is known of what is declared: what is allowed is
	// listed, and not enforced.
	IntentUnknown bool
	// ListAccess requests the list of what policies allow.
	ListAccess bool
	Progress   report.Progress
}

// Isolated is what a proof of isolation found.
type Isolated struct {
	report.Isolation
	Findings report.Findings
	// Parts are the parts of tenants that were decided, by name.
	Parts map[string]*Part
	// Largest is the pod or node of the build with the most entries in its policy map: of those that the slice has, and
	// without a tenant.
	Largest flow.Largest
}

// Isolation finds what the policies allow at fenced pods that nothing declares. Each side of a flow
// is decided alone.
func (p Proof) Isolation() (Isolated, error) {
	var out Isolated
	known := p.View.Set.Known()
	s := p.newSearch()
	pods := p.fenced(known)
	for i, pod := range flow.Ahead(pods, p.View) {
		p.Progress.Report("proving isolation: pods", i, len(pods))
		for _, d := range flow.Directions() {
			if err := s.search(pod, d); err != nil {
				return out, err
			}
		}
		tenant := p.Fence.OwnerOfPod(pod.Namespace, pod.Labels).Tenant()
		s.parts.of(tenant).Pods++
		s.parts.addSize(p.View, tenant, pod)
	}
	s.parts.addUnclaimed(s, known)
	err := s.searchNodes(known)
	for _, operator := range p.Endpoints.undecidedOperatorPolicies() {
		s.tally.openNamespace(operator.Namespace)
	}
	s.parts.addNamespaces(p.Fence, s.tally.namespaces)
	if p.ListAccess {
		out.Access = s.access.list(p.Endpoints.Reasons)
	}
	if err == nil && !p.IntentUnknown {
		out.Declared, out.Findings = s.declaredFlows(known)
	}
	s.count(&out)
	out.Parts, out.Findings = s.parts, append(s.findings(), out.Findings...)
	return out, err
}

// search goes through the openings of pods and nodes.
type search struct {
	Proof
	expectation *Expectation
	classes     *classes
	leaks       leaks
	conflicts   conflicts
	tally       tally
	access      access
	parts       parts
}

// count adds what was inspected, and what is known of other tenants.
func (s *search) count(out *Isolated) {
	fence, slice := s.counted()
	for _, part := range s.Known {
		s.tally.add(part)
		out.add(part)
	}
	for _, part := range s.parts {
		out.add(*part)
	}
	s.tally.addNotGenerated(fence, slice)
	out.Namespaces, out.Nodes = s.tally.count()
}

func (i *Isolated) add(p Part) {
	i.Pods, i.Openings, i.Largest = i.Pods+p.Pods, i.Openings+p.Openings, i.Largest.Max(p.Largest)
}

// counted returns the fence and the slice of it that is counted.
func (p Proof) counted() (*policy.Fence, report.Slice) {
	if p.Known == nil {
		return p.Fence, p.Slice
	}
	return p.Whole, report.Slice{}
}

func (p Proof) newSearch() *search {
	x := NewExpectation(p.fences()...)
	return &search{Proof: p, expectation: x, classes: newClasses(x), parts: parts{}}
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
		return ep.Kind != endpoints.PodEndpoint || ep.Cluster != "" || !p.Slice.Includes(owner.Tenant()) || !p.Fence.UnclaimedNamespace(ep.Namespace) && (owner == nil || !p.Fence.GeneratesPolicies(owner.Enforcement))
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

func (s *search) search(pod endpoints.Endpoint, d flow.Direction) error {
	v := s.expectation.viewOf(pod, d)
	s.tally.inspect(v)
	openings, err := s.View.Openings(pod, d)
	var conflict flow.ConflictError
	switch {
	case errors.As(err, &conflict):
		s.tally.open(v)
		s.conflicts.add(v, s.sourceOf(v.owner), conflict.Error())
		return nil
	case err != nil:
		return fmt.Errorf("prove isolation: %w", err)
	}
	s.parts.of(v.owner.Tenant()).Openings += len(openings)
	if s.ListAccess {
		s.access.add(v, openings)
	}
	for i := range openings {
		if len(openings[i].Policies) == 0 {
			s.tally.open(v)
			s.leaks.leakOf(v, flow.Opening{}, "").subjects.add(pod.Name)
			continue
		}
		s.searchOpening(v, &openings[i])
	}
	return nil
}

// searchOpening adds what nothing declares of an opening.
func (s *search) searchOpening(v view, o *flow.Opening) {
	if len(o.L7.ShadowedBy) > 0 {
		for peer := range o.Peers.All() {
			s.add(v, *o, *peer)
		}
		return
	}
	parts := s.classes.undeclared(v, o)
	if len(parts) == 0 {
		return
	}
	for peer := range o.Peers.All() {
		for _, rest := range parts[s.classes.classOf(peer)] {
			s.add(v, rest, *peer)
		}
	}
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
	others, err := s.View.Openings(peer, v.direction.Opposite())
	if err != nil {
		return true
	}
	return others.Allow(o.Ports, v.isSubject)
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
