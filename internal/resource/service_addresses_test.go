package resource_test

import (
	"testing"
)

// TestAddressAnnotations: source ranges may be a list of denied networks, and a Gateway's address
// may be an annotation of its Service.
func TestAddressAnnotations(t *testing.T) {
	t.Parallel()
	index := indexOf(t,
		`{apiVersion: v1, kind: Service, metadata: {namespace: shop, name: lb, annotations: {service.cilium.io/src-ranges-policy: deny}}, spec: {type: LoadBalancer, loadBalancerSourceRanges: [128.0.0.0/1]}}`,
		`{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {namespace: shop, name: gw}, spec: {gatewayClassName: cilium, infrastructure: {annotations: {lbipam.cilium.io/ips: 203.0.113.9}}}}`)
	if have := index.Services[0].SourceRanges; len(have) != 2 || have[0] != "0.0.0.0/1" || have[1] != "::/0" {
		t.Errorf("it admits %v", have)
	}
	if have := index.Gateways[0].Addresses; len(have) != 1 || have[0].String() != "203.0.113.9" {
		t.Errorf("the Gateway has %v", have)
	}
}
