package netpol

import (
	"fmt"
	"net/netip"

	"go4.org/netipx"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
)

// The scopes of cases. Only pods have cases of their own.
const (
	pods = iota
	// outside has everything that policies match by its address alone.
	outside
	// ownNode is the node of the other endpoint.
	ownNode
	// unknownPod is a pod, and only its address is known.
	unknownPod
)

// caseOf identifies a pod. 0 is no pod.
func caseOf(id endpoints.ID) flow.CaseID { return flow.CaseID(id) } //nolint:gosec // An ID is not negative.

// Cases returns the cases that an endpoint represents.
func (t *table) Cases(id endpoints.ID) ([]flow.Case, error) {
	c := t.program.cluster
	switch ep := t.set.Of(id); ep.Kind {
	case endpoints.PodEndpoint:
		if ep.Cluster != "" {
			return nil, fmt.Errorf("%q is a pod of another cluster, and NetworkPolicy matches such pods by address alone: write its address", ep.Name)
		}
		if err := checkPod(ep); err != nil {
			return nil, err
		}
		return t.unknownAddresses(ep, c.pods, flow.Case{ID: caseOf(id), Scope: pods})
	case endpoints.NodeEndpoint:
		// A pod always allows its own node. Policies decide about other nodes.
		return t.unknownAddresses(ep, c.nodes, flow.Case{Scope: outside})
	case endpoints.EntityEndpoint:
		return t.entityCases(ep)
	case endpoints.AddressEndpoint:
		return t.addressCases(ep)
	case endpoints.NameEndpoint:
		if !endpoints.IsName(ep.Name) {
			return nil, fmt.Errorf("%q is not a DNS name", ep.Name)
		}
		return t.outsideCases(ep, c.splitByFamily(c.outside), fmt.Sprintf("NetworkPolicy knows no names: %s may have any address outside the cluster", ep.Name))
	default:
		return nil, fmt.Errorf("endpoint %q has the unknown kind %q", ep.Name, ep.Kind)
	}
}

// unknownAddresses are the cases of what has some address of a range, that is not known.
func (t *table) unknownAddresses(ep endpoints.Endpoint, r ranges, template flow.Case) ([]flow.Case, error) {
	template.Where = "is not known"
	if r.isKnown {
		template.Where = "is one of " + flow.FormatAddresses(r.set)
	}
	return t.withFamilies(ep, t.program.cluster.splitByFamily(r.set), template)
}

func (t *table) outsideCases(ep endpoints.Endpoint, over []family, note string) ([]flow.Case, error) {
	return t.withFamilies(ep, over, flow.Case{Scope: outside, Where: "is any outside the cluster", Note: note})
}

func (t *table) withFamilies(ep endpoints.Endpoint, over []family, one flow.Case) ([]flow.Case, error) {
	var out []flow.Case
	for _, f := range over {
		one.When, one.Cells = f.what, t.cells.of(f.set)
		out = append(out, one)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%q has no address: the networks of the cluster leave none", ep.Name)
	}
	return out, nil
}

func (t *table) entityCases(ep endpoints.Endpoint) ([]flow.Case, error) {
	c := t.program.cluster
	switch name := v1alpha1.Entity(ep.Name); name {
	case v1alpha1.EntityHost:
		return t.unknownAddresses(ep, c.nodes, flow.Case{Scope: ownNode})
	case v1alpha1.EntityRemoteNode:
		return t.unknownAddresses(ep, c.nodes, flow.Case{Scope: outside})
	case v1alpha1.EntityKubeAPIServer:
		return t.unknownAddresses(ep, c.apiServer, flow.Case{Scope: outside})
	case v1alpha1.EntityWorld:
		return t.outsideCases(ep, c.splitByFamily(c.outside), "")
	case v1alpha1.EntityWorldIPv4, v1alpha1.EntityWorldIPv6:
		var only []family
		for _, f := range families(c.outside) {
			if (f.what == "over IPv4") == (name == v1alpha1.EntityWorldIPv4) {
				only = append(only, f)
			}
		}
		return t.outsideCases(ep, only, "")
	case v1alpha1.EntityHealth, v1alpha1.EntityIngress:
		return nil, fmt.Errorf("only Cilium has the entity %q, and another enforcer is set: write the pods or addresses", name)
	case v1alpha1.EntityAll, v1alpha1.EntityCluster:
		return nil, fmt.Errorf("entity %q is many endpoints, not one: ask for each of them", name)
	default:
		return nil, fmt.Errorf("unknown entity %q", name)
	}
}

// addressCases returns what may have an address: a pod, the node of the other endpoint or another, or
// something else.
func (t *table) addressCases(ep endpoints.Endpoint) ([]flow.Case, error) {
	addr, err := endpoints.ParseAddress(ep.Name)
	if err != nil {
		return nil, err
	}
	c := t.program.cluster
	if c.services.contains(addr) {
		return nil, fmt.Errorf("%s is a Service's address, and policies see the pods behind it: ask for them", addr)
	}
	one := flow.Case{Scope: outside, Cells: t.cells.of(singleAddress(addr))}
	var out []flow.Case
	if c.pods.contains(addr) {
		pod := one
		pod.Scope, pod.UnknownPod, pod.When = unknownPod, true, "for a pod"
		pod.Note = fmt.Sprintf("%s is in the range of the pods, and which pod has it is not known", addr)
		out = append(out, pod)
	}
	if c.nodes.contains(addr) {
		own := one
		own.Scope, own.When, one.When = ownNode, "for the pod's own node", "for another node"
		out = append(out, own, one)
	}
	if len(out) == 0 {
		out = append(out, one)
	}
	return out, nil
}

func singleAddress(addr netip.Addr) *netipx.IPSet {
	return setOf([]netip.Prefix{netip.PrefixFrom(addr, addr.BitLen())}, nil)
}

func checkPod(pod endpoints.Endpoint) error {
	switch {
	case pod.Kind != endpoints.PodEndpoint:
		return fmt.Errorf("%q is no pod", pod.Name)
	case pod.Namespace == "":
		return fmt.Errorf("pod %q has no namespace", pod.Name)
	}
	for _, p := range pod.Ports {
		if _, err := (flow.Flow{Protocol: p.Protocol}).PortRanges(); err != nil {
			return fmt.Errorf("pod %q: port %q: %w", pod.Name, p.Name, err)
		}
	}
	return nil
}
