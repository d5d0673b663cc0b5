package reach

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// APIServer returns the networks in which the apiserver is, as far as they are known: those that
// the profile declares, and the addresses behind its Service.
func (e Endpoints) APIServer() []netip.Prefix {
	var out []netip.Prefix
	if server := e.Fence.Cluster.APIServer; server != nil {
		for _, c := range server.CIDRs {
			if p, err := netip.ParsePrefix(c); err == nil {
				out = append(out, p.Masked())
			}
		}
	}
	for _, a := range e.Index.APIServerAddresses() {
		out = append(out, netip.PrefixFrom(a, a.BitLen()))
	}
	return out
}

// Nodes returns the networks in which nodes are, as far as they are known.
func (e Endpoints) Nodes() []netip.Prefix {
	out := addressesOf(policy.Peer{CIDRs: e.Fence.Cluster.NodeCIDRs}).Prefixes()
	for _, n := range e.Index.Nodes {
		for _, a := range n.Addresses {
			out = append(out, netip.PrefixFrom(a, a.BitLen()))
		}
	}
	return out
}

// serviceByAddress is the Service of the build that has an address, as FlowTests write it. Its
// connections are translated before any policy decides.
func (e Endpoints) serviceByAddress(f v1alpha1.FlowEndpoint) (v1alpha1.FlowEndpoint, bool) {
	addr, err := netip.ParseAddr(f.Name)
	if f.Form != v1alpha1.AddressForm || err != nil {
		return f, false
	}
	o, known := e.Index.OwnerOf(addr)
	if !known || o.Service == nil || o.PodAddress {
		return f, false
	}
	return v1alpha1.FlowEndpoint{Form: v1alpha1.ServiceForm, TenantOrNamespace: o.Service.Ref.Namespace, Name: o.Service.Ref.Name}, true
}

// serviceAddressTargets are the destinations of connections to the address of a Service.
func (e Endpoints) serviceAddressTargets(c v1alpha1.FlowCase, at v1alpha1.FlowEndpoint) ([]flow.Flow, error) {
	if c.ICMP != "" {
		return nil, fmt.Errorf("%s is Service %s/%s, and no Service forwards icmp: write its pods", c.To, at.TenantOrNamespace, at.Name)
	}
	flows, err := e.serviceTargets(c, at)
	if err != nil {
		return nil, fmt.Errorf("%s is Service %s/%s: %w", c.To, at.TenantOrNamespace, at.Name, err)
	}
	return flows, nil
}

// endpointsOfAddress are the endpoints that may have an address, if it is not that of a Service: a
// pod behind one, a node, the apiserver, or an address outside the cluster.
func (e Endpoints) endpointsOfAddress(name string) ([]endpoints.Endpoint, error) {
	addr, err := netip.ParseAddr(name)
	if err != nil {
		return nil, fmt.Errorf("%q is not an address", name)
	}
	addr = addr.Unmap()
	owner, known := e.Index.OwnerOf(addr)
	switch {
	case known && owner.PodAddress:
		return e.serviceEndpoints(v1alpha1.FlowEndpoint{TenantOrNamespace: owner.Service.Ref.Namespace, Name: owner.Service.Ref.Name})
	case known && owner.Service != nil && !owner.Public:
		return nil, fmt.Errorf("%s is Service %s/%s, and no connection comes from a Service's address: write its pods", name, owner.Service.Ref.Namespace, owner.Service.Ref.Name)
	case e.Fence.Cluster.CNI == v1alpha1.CNIKubernetes:
		return []endpoints.Endpoint{{Kind: endpoints.AddressEndpoint, Name: name}}, nil
	}
	return e.ciliumEndpoints(name, addr, owner.Node)
}

// ciliumEndpoints are what Cilium takes an address for: the node that has it, or an entity. Cilium
// knows none of the cluster's own by an address; another enforcer decides by the address itself.
func (e Endpoints) ciliumEndpoints(name string, addr netip.Addr, nodeOwner *resource.Node) ([]endpoints.Endpoint, error) {
	c := e.Fence.Cluster
	inCIDRs := func(cidrs []string) bool { return addressesOf(policy.Peer{CIDRs: cidrs}).Contains(addr) }
	server := slices.ContainsFunc(e.APIServer(), func(p netip.Prefix) bool { return p.Contains(addr) })
	node := nodeOwner != nil || inCIDRs(c.NodeCIDRs)
	plain := endpoints.Endpoint{Kind: endpoints.AddressEndpoint, Name: name}
	switch {
	case server && node:
		plain.Entities = []v1alpha1.Entity{v1alpha1.EntityKubeAPIServer, v1alpha1.EntityRemoteNode}
	case server:
		plain.Entities = []v1alpha1.Entity{v1alpha1.EntityKubeAPIServer}
	case nodeOwner != nil:
		return []endpoints.Endpoint{{Kind: endpoints.NodeEndpoint, Name: "node/" + nodeOwner.Ref.Name, Labels: nodeOwner.Labels}}, nil
	case node:
		return []endpoints.Endpoint{
			{Kind: endpoints.EntityEndpoint, Name: string(v1alpha1.EntityHost)},
			{Kind: endpoints.EntityEndpoint, Name: string(v1alpha1.EntityRemoteNode)},
		}, nil
	case inCIDRs(c.PodCIDRs):
		return nil, fmt.Errorf("%s is in cluster.podCIDRs, and which pod has it is unknown: write the pod", name)
	case inCIDRs(c.ServiceCIDRs):
		return nil, fmt.Errorf("%s is in cluster.serviceCIDRs, and no Service of the build has it: write the Service as service/namespace/name, or declare it as an external resource with its clusterIP", name)
	}
	return []endpoints.Endpoint{plain}, nil
}
