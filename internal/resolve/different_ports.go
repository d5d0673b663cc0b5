package resolve

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/internal/flow"
)

// reportDifferentPorts reports that two tenants declare a flow between the same pods on different
// ports. It reports the flow at its egress side, and returns false if the ports are not the cause.
func (r *resolver) reportDifferentPorts(f *declaredFlow, e resolvedPeer) bool {
	other, reverse := r.flowOnOtherPorts(f, e)
	if other == nil {
		return false
	}
	if f.direction == flow.Ingress && reverse.tenant == f.tenant && reverse.group == singleTenant {
		agreed, _ := r.agreements(other, reverse)
		if same, _ := r.flowOnOtherPorts(other, reverse); len(agreed) == 0 && same == f {
			return true
		}
	}
	r.refuseConsent(f, e, fmt.Sprintf("does not declare %s: its flow %q has %s, and this flow has %s: write the same in both, or add", oppositeSide(f), other.name, portList(other.portsOf(reverse)), portList(f.portsOf(e))))
	return true
}

// flowOnOtherPorts is the first flow of the other tenant between the same pods, in the opposite
// direction. Unless a flow differs in its L7 rules, it differs in its ports.
func (r *resolver) flowOnOtherPorts(f *declaredFlow, e resolvedPeer) (*declaredFlow, resolvedPeer) {
	for _, other := range e.tenant.flows {
		if other.direction == f.direction || other.via != "" || other.tls != nil || other.fromProfile {
			continue
		}
		for _, reverse := range other.resolvedPeers {
			if isICMP(f.portsOf(e)) != isICMP(other.portsOf(reverse)) {
				continue
			}
			if len(r.sharedDestinations(f, e, other, reverse)) > 0 && len(r.commonGrants(f, e, other, reverse)) == 0 {
				return other, reverse
			}
		}
	}
	return nil, resolvedPeer{}
}

func isICMP(ports []flow.Port) bool {
	return slices.ContainsFunc(ports, func(p flow.Port) bool { return p.Protocol == flow.ICMP })
}

// portList is "port 443/TCP" or "ports 443/TCP, 80/TCP".
func portList(ports []flow.Port) string {
	var list []string
	for _, p := range flow.MergeProtocols(ports) {
		list = append(list, p.String())
	}
	what := "port "
	if isICMP(ports) {
		what = "type "
	}
	if len(list) > 1 {
		what = strings.TrimSpace(what) + "s "
	}
	return what + truncatedList(list)
}
