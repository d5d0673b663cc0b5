package resolve

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
)

// reportDifferentPorts reports that two tenants declare a flow between the same pods on different
// ports. It reports the flow at its egress side, and returns false if the ports are not the cause.
func (r *agreePass) reportDifferentPorts(f *declaredFlow, e resolvedPeer) bool {
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
func (r *agreePass) flowOnOtherPorts(f *declaredFlow, e resolvedPeer) (*declaredFlow, resolvedPeer) {
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

// reportServicePort reports a port of a Service in a flow to its pods: agents decide on the port
// of the pods.
func (r *pass) reportServicePort(severity report.Severity, f *declaredFlow, m servicePortMistake) {
	port := strings.TrimSuffix(m.target.String(), "/"+string(m.target.Protocol))
	fix := "write port: " + port
	if f.direction == flow.Egress {
		fix += ", or the peer service: " + m.service
	}
	r.report(severity, report.ServicePortAsPodPort, f.ref, f.path.Child("ports"), "port %s is that of Service %s, and its pods listen on %s, on which policies decide: %s", m.port, m.service, port, fix)
}

// refusesServicePort reports whether the port of a Service in a flow is an error.
func refusesServicePort(all report.Findings, ref report.Ref, field string) bool {
	return slices.ContainsFunc(all, func(o report.Finding) bool {
		return o.Check == report.ServicePortAsPodPort && o.Severity == report.Error && o.Resource == ref && o.Field == field
	})
}

// mistakenFlow is the flow, of two that differ in their ports alone, that declares a port of a
// Service instead of its pods' port.
func (r *agreePass) mistakenFlow(f *declaredFlow, e resolvedPeer) (*declaredFlow, servicePortMistake) {
	for _, other := range e.tenant.flows {
		if other.direction == f.direction || other.via != "" {
			continue
		}
		for _, reverse := range other.resolvedPeers {
			for _, to := range r.sharedDestinations(f, e, other, reverse) {
				if m, ok := r.onlyMistake(f, e, other.portsOf(reverse), to); ok {
					return f, m
				}
				if m, ok := r.onlyMistake(other, reverse, f.portsOf(e), to); ok {
					return other, m
				}
			}
		}
	}
	return nil, servicePortMistake{}
}

// sharedDestinations are the destination pods that two flows have in common.
func (r *agreePass) sharedDestinations(f *declaredFlow, e resolvedPeer, other *declaredFlow, reverse resolvedPeer) []policy.Peer {
	var out []policy.Peer
	for _, mine := range f.own {
		for _, theirs := range other.own {
			if reverse.peer.Kind != policy.Pods || reverse.peer.Namespace != mine.Namespace || theirs.Namespace != e.peer.Namespace {
				continue
			}
			near, ok1 := r.commonPods(mine, reverse.peer)
			far, ok2 := r.commonPods(theirs, e.peer)
			switch {
			case !ok1 || !ok2:
			case f.direction == flow.Egress:
				out = append(out, far)
			default:
				out = append(out, near)
			}
		}
	}
	return out
}

// onlyMistake is the port of a Service in a flow whose pods' port the opposite flow declares.
func (r *agreePass) onlyMistake(f *declaredFlow, e resolvedPeer, opposite []flow.Port, to policy.Peer) (servicePortMistake, bool) {
	if e.ports != nil {
		return servicePortMistake{}, false // The peer is a Service, with its own ports.
	}
	for _, m := range r.servicePortMistakes(flow.ExpandProtocols(f.ports), to) {
		if _, ok := r.commonPorts([]flow.Port{m.target}, opposite, to); ok {
			return m, true
		}
	}
	return servicePortMistake{}, false
}
