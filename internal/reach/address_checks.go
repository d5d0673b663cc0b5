package reach

import (
	"fmt"
	"net/netip"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/cilium"
)

// checkGatewayAddress returns an error where a case connects to the address of a Gateway: it ends at a
// proxy of the cluster.
func (e Endpoints) checkGatewayAddress(c v1alpha1.FlowCase) error {
	addr, err := netip.ParseAddr(c.To)
	if e.Fence.Cluster.CNI == v1alpha1.CNIKubernetes {
		return nil
	}
	g := e.Index.GatewayByAddress(addr)
	switch {
	case g == nil || err != nil:
		return nil //nolint:nilerr // What is no address is no Gateway's.
	case e.Index.IsCiliumGateway(g):
		return fmt.Errorf("%s is the address of Gateway %s/%s, where Cilium's proxy decides by the pods behind its routes, which are not known: write a case to ingress, and one to these pods and their own port", c.To, g.Ref.Namespace, g.Ref.Name)
	}
	return fmt.Errorf("%s is the address of Gateway %s/%s, so connections to it end at the pods of its proxy: write these pods", c.To, g.Ref.Namespace, g.Ref.Name)
}

// checkAddressFamily returns an error where a case is about an address of an IP family that agents do
// not handle.
func (e Endpoints) checkAddressFamily(c v1alpha1.FlowCase) error {
	if e.Fence.Cluster.CNI == v1alpha1.CNIKubernetes {
		return nil
	}
	for _, endpoint := range []string{c.From, c.To} {
		addr, err := netip.ParseAddr(endpoint)
		if err != nil || e.Fence.Agent.HandlesFamily(addr) {
			continue
		}
		key := cilium.FamilyKey(addr)
		return fmt.Errorf("agents do not handle the IP family of %s: %s is \"false\" (%s): state %s in cluster.ciliumConfig as the agents have it, or write an address of the other family", endpoint, key, e.Fence.Agent.Origin(key), key)
	}
	return nil
}
