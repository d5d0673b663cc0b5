package resolve

import (
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// servicePortMistake is a port of a Service that a flow declares instead of its pods' port.
type servicePortMistake struct {
	port, target flow.Port
	service      string
}

// reportServicePort reports a port of a Service in a flow to its pods: agents decide on the port
// of the pods.
func (r *resolver) reportServicePort(severity report.Severity, f *declaredFlow, m servicePortMistake) {
	if severity == report.Error {
		r.findings = slices.DeleteFunc(r.findings, func(o report.Finding) bool {
			return o.Check == report.ServicePortAsPodPort && o.Severity == report.Warning && o.Resource == f.ref && o.Field == f.path.Child("ports").String()
		})
	}
	port := strings.TrimSuffix(m.target.String(), "/"+string(m.target.Protocol))
	fix := "write port: " + port
	if f.direction == flow.Egress {
		fix += ", or the peer service: " + m.service
	}
	r.report(severity, report.ServicePortAsPodPort, f.ref, f.path.Child("ports"), "port %s is that of Service %s, and its pods listen on %s, on which policies decide: %s", m.port, m.service, port, fix)
}

// warnServicePorts warns about the ports of Services in a flow to their pods.
func (r *resolver) warnServicePorts(f *declaredFlow, ports []flow.Port, to policy.Peer) {
	for _, m := range r.servicePortMistakes(ports, to) {
		r.reportServicePort(report.Warning, f, m)
	}
}

// servicePortMistakes are the ports of Services among some ports of pods, except those that the
// pods have too.
func (r *resolver) servicePortMistakes(ports []flow.Port, to policy.Peer) []servicePortMistake {
	var out []servicePortMistake
	for _, s := range r.index.ServicesIn(to.Namespace) {
		if len(s.Selector) == 0 || s.Headless() {
			continue
		}
		for _, p := range s.Ports {
			target := p.Target()
			servicePort := flow.Port{Port: p.Port, Protocol: p.Protocol}
			if target == servicePort || !slices.Contains(ports, servicePort) || !r.selectsPeerPods(s, to) || r.declaresPort(servicePort, to) {
				continue
			}
			out = append(out, servicePortMistake{port: servicePort, target: target, service: s.Ref.Namespace + "/" + s.Ref.Name})
		}
	}
	return out
}

// mistakenFlow is the flow, of two that differ in their ports alone, that declares a port of a
// Service instead of its pods' port.
func (r *resolver) mistakenFlow(f *declaredFlow, e resolvedPeer) (*declaredFlow, servicePortMistake) {
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
func (r *resolver) sharedDestinations(f *declaredFlow, e resolvedPeer, other *declaredFlow, reverse resolvedPeer) []policy.Peer {
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
func (r *resolver) onlyMistake(f *declaredFlow, e resolvedPeer, opposite []flow.Port, to policy.Peer) (servicePortMistake, bool) {
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

// selectsPeerPods reports whether a Service selects some of a peer's pods.
func (r *resolver) selectsPeerPods(s *resource.Service, at policy.Peer) bool {
	behind := endpoints.Selector{MatchLabels: s.Selector}
	return slices.ContainsFunc(r.index.WorkloadsIn(at.Namespace, at.Pods), func(w *resource.Workload) bool { return endpoints.Selects(behind, w.Labels) })
}

// declaresPort reports whether pods of the build declare a port, or a Service has it as its target.
func (r *resolver) declaresPort(p flow.Port, at policy.Peer) bool {
	if slices.ContainsFunc(r.index.WorkloadsIn(at.Namespace, at.Pods), func(w *resource.Workload) bool { return slices.Contains(w.DeclaredPorts, p) }) {
		return true
	}
	return slices.ContainsFunc(r.index.ServicesIn(at.Namespace), func(s *resource.Service) bool {
		return slices.ContainsFunc(s.Ports, func(sp resource.ServicePort) bool { return sp.Target() == p })
	})
}
