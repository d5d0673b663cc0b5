package resource

import (
	"maps"
	"net/netip"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// AddressOwner is the resource that has an address in the build: a Service, a Node, or pods that
// the EndpointSlices of a Service list.
type AddressOwner struct {
	Service *Service
	Node    *Node
	// Public reports that clients outside the cluster reach the Service by this address.
	// Connections from pods to it are translated too.
	Public bool
	// PodAddress reports that the address belongs to a pod of the Service.
	PodAddress bool
}

// addressAnnotations request addresses for a Service from a load balancer.
var addressAnnotations = []string{
	"lbipam.cilium.io/ips", "io.cilium/lb-ipam-ips", "metallb.io/loadBalancerIPs", "metallb.universe.tf/loadBalancerIPs", "kube-vip.io/loadbalancerIPs",
}

func serviceAddresses(n *yaml.RNode) (inside, public []netip.Addr, err error) {
	var in struct {
		Spec struct {
			Type           string   `json:"type"`
			ClusterIP      string   `json:"clusterIP"`
			ClusterIPs     []string `json:"clusterIPs"`
			ExternalIPs    []string `json:"externalIPs"`
			LoadBalancerIP string   `json:"loadBalancerIP"`
		} `json:"spec"`
		Status struct {
			LoadBalancer struct {
				Ingress []struct {
					IP string `json:"ip"`
				} `json:"ingress"`
			} `json:"loadBalancer"`
		} `json:"status"`
	}
	if err := decode(n, &in); err != nil {
		return nil, nil, err
	}
	public = addresses(in.Spec.ExternalIPs)
	if in.Spec.Type == "LoadBalancer" {
		public = append(public, addresses([]string{in.Spec.LoadBalancerIP})...)
		for _, i := range in.Status.LoadBalancer.Ingress {
			public = append(public, addresses([]string{i.IP})...)
		}
		for _, key := range addressAnnotations {
			public = append(public, addresses(strings.Split(n.GetAnnotations()[key], ","))...)
		}
	}
	return addresses(append([]string{in.Spec.ClusterIP}, in.Spec.ClusterIPs...)), public, nil
}

// NodeAddresses returns the addresses in a Node's status.
func NodeAddresses(n *yaml.RNode) ([]netip.Addr, error) {
	var in struct {
		Status struct {
			Addresses []struct {
				Address string `json:"address"`
			} `json:"addresses"`
		} `json:"status"`
	}
	if err := decode(n, &in); err != nil {
		return nil, err
	}
	var texts []string
	for _, a := range in.Status.Addresses {
		texts = append(texts, a.Address)
	}
	return addresses(texts), nil
}

// addresses parses texts, and skips those that are no address, such as "None" and host names.
func addresses(texts []string) []netip.Addr {
	var out []netip.Addr
	for _, t := range texts {
		if a, err := netip.ParseAddr(strings.TrimSpace(t)); err == nil && a.Zone() == "" {
			out = append(out, a.Unmap())
		}
	}
	return out
}

// indexAddressOwners records the owner of each address, after all resources are read. The Service's
// own address has precedence, then a Node's.
func (x *Index) indexAddressOwners() {
	add := func(list []netip.Addr, o AddressOwner) {
		for _, a := range list {
			if _, has := x.owners[a]; !has {
				x.owners[a] = o
			}
		}
	}
	for _, s := range x.Services {
		add(s.Addresses, AddressOwner{Service: s})
	}
	for _, s := range x.Services {
		add(s.PublicAddresses, AddressOwner{Service: s, Public: true})
	}
	for _, name := range slices.Sorted(maps.Keys(x.Nodes)) {
		add(x.Nodes[name].Addresses, AddressOwner{Node: x.Nodes[name]})
	}
	for _, e := range x.Slices {
		if s := x.Service(e.Ref.Namespace, e.Service); s != nil && len(s.Selector) > 0 {
			add(e.PodAddresses(), AddressOwner{Service: s, PodAddress: true})
		}
	}
}

// OwnerOf returns the owner of an address in the build.
func (x *Index) OwnerOf(a netip.Addr) (AddressOwner, bool) {
	o, ok := x.owners[a.Unmap()]
	return o, ok
}

// OwnedAddress is an address of the build with its owner.
type OwnedAddress struct {
	Address netip.Addr
	AddressOwner
}

// OwnedAddresses returns all addresses of the build with an owner, sorted.
func (x *Index) OwnedAddresses() []OwnedAddress {
	var out []OwnedAddress
	for a, o := range x.owners {
		out = append(out, OwnedAddress{a, o})
	}
	slices.SortFunc(out, func(a, b OwnedAddress) int { return a.Address.Compare(b.Address) })
	return out
}
