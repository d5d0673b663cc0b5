package resource

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/internal/report"

	"go4.org/netipx"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// Kinds of Gateways and address pools.
const (
	kindGateway      = "gateway.networking.k8s.io/Gateway"
	kindGatewayClass = "gateway.networking.k8s.io/GatewayClass"
	kindPool         = "cilium.io/CiliumLoadBalancerIPPool"
	// ciliumController is the prefix of the controllerName of Cilium's GatewayClass.
	ciliumController = "io.cilium/"
	ciliumClass      = "cilium"
)

// podlessClasses are prefixes of GatewayClasses whose controllers create no pods for a Gateway.
var podlessClasses = []string{ciliumClass, "traefik", "gke-", "azure-alb", "amazon-vpc-lattice"}

// HasAddresses reports whether a resource has addresses of gateways or load balancers.
func HasAddresses(n *yaml.RNode) bool {
	kind := groupKind(n)
	return kind == kindGateway || kind == kindGatewayClass || kind == kindPool
}

// Gateway is a Gateway of the build.
type Gateway struct {
	Ref   report.Ref
	Class string
	// Addresses are the addresses that it requests or has.
	Addresses []netip.Addr
}

// AddressPool has addresses that Cilium assigns to load balancers.
type AddressPool struct {
	Ref    report.Ref
	Ranges []netipx.IPRange
}

type gateways struct {
	Gateways []*Gateway
	Pools    []*AddressPool
	// classes have the controllerName of each GatewayClass.
	classes map[string]string
}

func (x *Index) addGateway(n *yaml.RNode, kind string) error {
	switch kind {
	case kindGateway:
		return appendParsed(&x.Gateways, n, newGateway)
	case kindPool:
		return appendParsed(&x.Pools, n, newAddressPool)
	}
	controller, err := n.GetString("spec.controllerName")
	if err != nil {
		return nil //nolint:nilerr // A class without a controller has none.
	}
	if x.classes == nil {
		x.classes = map[string]string{}
	}
	x.classes[n.GetName()] = controller
	return nil
}

func newGateway(n *yaml.RNode) (*Gateway, error) {
	type address struct {
		Value string `json:"value"`
	}
	var in struct {
		Spec struct {
			Class     string    `json:"gatewayClassName"`
			Addresses []address `json:"addresses"`
			// Infrastructure is applied to the Gateway's Service.
			Infrastructure struct {
				Annotations map[string]string `json:"annotations"`
			} `json:"infrastructure"`
		} `json:"spec"`
		Status struct {
			Addresses []address `json:"addresses"`
		} `json:"status"`
	}
	if err := decode(n, &in); err != nil {
		return nil, err
	}
	var texts []string
	for _, a := range slices.Concat(in.Spec.Addresses, in.Status.Addresses) {
		texts = append(texts, a.Value)
	}
	for _, key := range addressAnnotations {
		texts = append(texts, strings.Split(in.Spec.Infrastructure.Annotations[key], ",")...)
	}
	return &Gateway{Ref: RefOf(n), Class: in.Spec.Class, Addresses: addresses(texts)}, nil
}

func newAddressPool(n *yaml.RNode) (*AddressPool, error) {
	type block struct {
		CIDR  string `json:"cidr"`
		Start string `json:"start"`
		Stop  string `json:"stop"`
	}
	var in struct {
		Spec struct {
			Disabled bool    `json:"disabled"`
			Blocks   []block `json:"blocks"`
			CIDRs    []block `json:"cidrs"`
		} `json:"spec"`
	}
	if err := decode(n, &in); err != nil {
		return nil, err
	}
	out := &AddressPool{Ref: RefOf(n)}
	for _, b := range slices.Concat(in.Spec.Blocks, in.Spec.CIDRs) {
		if in.Spec.Disabled {
			break
		}
		if p, err := netip.ParsePrefix(b.CIDR); err == nil {
			out.Ranges = append(out.Ranges, netipx.RangeOfPrefix(p.Masked()))
			continue
		}
		from, err := netip.ParseAddr(b.Start)
		to, other := netip.ParseAddr(b.Stop)
		if other != nil {
			to = from
		}
		if r := netipx.IPRangeFrom(from, to); err == nil && r.IsValid() {
			out.Ranges = append(out.Ranges, r)
		}
	}
	return out, nil
}

// Overlaps reports whether a pool has addresses in some networks.
func (p *AddressPool) Overlaps(networks *netipx.IPSet) bool {
	return slices.ContainsFunc(p.Ranges, networks.OverlapsRange)
}

// GatewayByAddress returns the Gateway with an address, or nil.
func (x *Index) GatewayByAddress(a netip.Addr) *Gateway {
	for _, g := range x.Gateways {
		if slices.Contains(g.Addresses, a.Unmap()) {
			return g
		}
	}
	return nil
}

// IsCiliumGateway reports whether Cilium's own proxy serves a Gateway.
func (x *Index) IsCiliumGateway(g *Gateway) bool {
	if controller, ok := x.classes[g.Class]; ok {
		return strings.HasPrefix(controller, ciliumController)
	}
	return g.Class == ciliumClass
}

// findGatewayPods records the Gateways whose controllers may create pods for them, after all
// classes are read.
func (x *Index) findGatewayPods() {
	slices.SortStableFunc(x.Gateways, func(a, b *Gateway) int { return strings.Compare(a.Ref.String(), b.Ref.String()) })
	slices.SortStableFunc(x.Pools, func(a, b *AddressPool) int { return strings.Compare(a.Ref.String(), b.Ref.String()) })
	for _, g := range x.Gateways {
		podless := slices.ContainsFunc(podlessClasses, func(start string) bool { return strings.HasPrefix(g.Class, start) })
		if !podless && !x.IsCiliumGateway(g) {
			x.UnknownPods = append(x.UnknownPods, UnknownPods{Resource: g.Ref, Namespace: g.Ref.Namespace, Reason: "the controller of class " + g.Class + " may create proxy pods for it, also in the controller's own namespace"})
		}
	}
}
