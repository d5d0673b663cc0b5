package resolve

import (
	"cmp"
	"slices"

	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// portNumbers are the numbers that pods of the build give a port name, sorted.
func (r *facts) portNumbers(p flow.Port, pods ...policy.Peer) []flow.Port {
	var out []flow.Port
	for _, peer := range pods {
		for _, w := range r.index.WorkloadsIn(peer.Namespace, peer.Pods) {
			for _, n := range w.Ports {
				if n.Name == p.Name && n.Protocol == p.Protocol {
					out = append(out, flow.Port{Port: int32(n.Port), Protocol: p.Protocol})
				}
			}
		}
	}
	slices.SortFunc(out, func(a, b flow.Port) int { return cmp.Compare(a.Port, b.Port) })
	return slices.Compact(out)
}

// portNumber is the number of a port name, if the pods of the build that have the name agree on it.
func (r *facts) portNumber(p flow.Port, pods ...policy.Peer) (flow.Port, bool) {
	if !p.IsNamed() {
		return p, true
	}
	if all := r.portNumbers(p, pods...); len(all) == 1 {
		return all[0], true
	}
	return p, false
}

// resolvePortNames are the ports, with numbers instead of names if these are known.
func (r *facts) resolvePortNames(ports []flow.Port, pods ...policy.Peer) []flow.Port {
	var out []flow.Port
	for _, p := range ports {
		if n, ok := r.portNumber(p, pods...); ok {
			p = n
		}
		out = append(out, p)
	}
	return out
}

// clientPorts returns the ports of a Service itself, to which clients connect.
func clientPorts(ports []resource.ServicePort) []flow.Port {
	var out []flow.Port
	for _, p := range ports {
		out = append(out, flow.Port{Port: p.Port, Protocol: p.Protocol})
	}
	return out
}

// servicePortMistake is a port of a Service that a flow declares instead of its pods' port.
type servicePortMistake struct {
	port, target flow.Port
	service      string
}

// servicePortMistakes are the ports of Services among some ports of pods, except those that the
// pods have too.
func (r *facts) servicePortMistakes(ports []flow.Port, to policy.Peer) []servicePortMistake {
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

// selectsPeerPods reports whether a Service selects some of a peer's pods.
func (r *facts) selectsPeerPods(s *resource.Service, at policy.Peer) bool {
	behind := endpoints.Selector{MatchLabels: s.Selector}
	return slices.ContainsFunc(r.index.WorkloadsIn(at.Namespace, at.Pods), func(w *resource.Workload) bool { return endpoints.Selects(behind, w.Labels) })
}

// declaresPort reports whether pods of the build declare a port, or a Service has it as its target.
func (r *facts) declaresPort(p flow.Port, at policy.Peer) bool {
	if slices.ContainsFunc(r.index.WorkloadsIn(at.Namespace, at.Pods), func(w *resource.Workload) bool { return slices.Contains(w.DeclaredPorts, p) }) {
		return true
	}
	return slices.ContainsFunc(r.index.ServicesIn(at.Namespace), func(s *resource.Service) bool {
		return slices.ContainsFunc(s.Ports, func(sp resource.ServicePort) bool { return sp.Target() == p })
	})
}

// namespaceOfService finds an unqualified name among the tenant's own namespaces.
func (r *facts) namespaceOfService(f *declaredFlow, name string) string {
	if in := r.namespacesOfService(f, name); len(in) > 0 {
		return in[0]
	}
	if len(f.tenant.Namespaces) > 0 {
		return f.tenant.Namespaces[0]
	}
	return ""
}

func (r *facts) namespacesOfService(f *declaredFlow, name string) []string {
	return slices.DeleteFunc(slices.Clone(f.tenant.Namespaces), func(ns string) bool { return r.index.Service(ns, name) == nil })
}
