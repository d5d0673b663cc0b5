package resolve

import (
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
)

// checkPorts compares the ports of a flow with the limits, and port names with the ports of the
// destination pods. Behind a Service, its target ports count.
func (r *endsPass) checkPorts(f *declaredFlow) {
	if f.direction == flow.Ingress || slices.ContainsFunc(f.peers, func(p v1alpha1.Peer) bool { return p.Service == "" }) {
		var to []policy.Peer
		for _, e := range f.resolvedPeers {
			to = append(to, e.peer)
		}
		if f.direction == flow.Ingress {
			to = f.own
		}
		r.checkPortLimits(f, f.ports, to, f.path.Child("ports"))
	}
	if f.direction == flow.Ingress {
		r.checkPortNames(f, f.ports, f.own, f.path.Child("ports").Index)
		for _, own := range f.own {
			r.warnServicePorts(f, flow.ExpandProtocols(f.ports), own)
		}
		return
	}
	for _, e := range f.resolvedPeers {
		r.checkPortsAt(f, e)
	}
}

// checkPortsAt is checkPorts for one peer of egress.
func (r *endsPass) checkPortsAt(f *declaredFlow, e resolvedPeer) {
	at := f.path.Child("ports").Index
	switch {
	case e.ports != nil:
		at = func(int) *field.Path { return e.path }
		// For hostnames, the ports of the flow count, which are checked already.
		if len(e.hostnames) == 0 || e.limitPorts != nil {
			r.checkPortLimits(f, e.portsForLimits(), []policy.Peer{e.peer}, e.path)
		}
	case e.peer.Kind == policy.Pods:
		r.warnServicePorts(f, f.portsOf(e), e.peer)
	}
	if !slices.ContainsFunc(f.portsOf(e), flow.Port.IsNamed) {
		return
	}
	var same []policy.Peer
	for _, other := range f.resolvedPeers {
		if other.path == e.path {
			same = append(same, other.peer)
		}
	}
	r.checkPortNames(f, f.portsOf(e), same, at)
}

// checkPortNames refuses a port name that no destination pod has.
func (r *endsPass) checkPortNames(f *declaredFlow, ports []flow.Port, to []policy.Peer, at func(int) *field.Path) {
	for i, p := range ports {
		switch {
		case !p.IsNamed() || r.index.Partial || r.declaresPortName(p, to):
		case slices.ContainsFunc(to, func(p policy.Peer) bool { return p.Kind != policy.Pods }):
			r.refuse(report.PortNameWithoutPods, f.ref, at(i), "%q is a port name, and only pods name their ports: use the number", p.Name)
		case r.sidecarPort(p, to).Port > 0:
			r.refuse(report.PortNotFound, f.ref, at(i), "%q is a port of a native sidecar (an init container that keeps running), and policies do not know the port names of init containers: use the number %d", p.Name, r.sidecarPort(p, to).Port)
		default:
			r.refuse(report.PortNotFound, f.ref, at(i), "no destination pod has a %s port with the name %q: %s", p.Protocol, p.Name, r.portFix(p, to))
		}
	}
}

// sidecarPort is the number of a named port of a native sidecar among the destination pods, zero if
// none has the name.
func (r *endsPass) sidecarPort(p flow.Port, peers []policy.Peer) flow.Port {
	for _, peer := range peers {
		for _, w := range r.index.WorkloadsIn(peer.Namespace, peer.Pods) {
			if n, ok := w.ResolveTargetPort(p); ok {
				return n
			}
		}
	}
	return flow.Port{}
}

// declaresPortName reports whether a pod of the build has a port of that name, or may have it: if no
// pod is known, one may be created.
func (r *endsPass) declaresPortName(p flow.Port, peers []policy.Peer) bool {
	known := false
	for _, peer := range peers {
		if peer.Kind != policy.Pods {
			return false
		}
		if peer.Namespace == "" {
			return true
		}
		for _, w := range r.index.WorkloadsIn(peer.Namespace, peer.Pods) {
			known = true
			if slices.ContainsFunc(w.Ports, func(n endpoints.NamedPort) bool { return n.Name == p.Name && n.Protocol == p.Protocol }) {
				return true
			}
		}
	}
	return !known
}

// isUnknownPortName reports whether a port is a name that each of some peers is known not to have.
func (r *endsPass) isUnknownPortName(p flow.Port, peers []policy.Peer) bool {
	declares := func(peer policy.Peer) bool { return r.declaresPortName(p, []policy.Peer{peer}) }
	return p.IsNamed() && !r.index.Partial && len(peers) > 0 && !slices.ContainsFunc(peers, declares)
}

// warnHostNetwork warns about peers that are hostNetwork pods alone, which no policy selects.
func (r *endsPass) warnHostNetwork(f *declaredFlow) {
	warn := func(p policy.Peer, at *field.Path, subject, fix string) {
		workloads := r.index.WorkloadsIn(p.Namespace, p.Pods)
		for _, w := range workloads {
			if !w.HostNetwork {
				return
			}
		}
		if len(workloads) > 0 {
			r.warn(report.HostNetworkNotSelectable, f.ref, at,
				"all pods of namespace %q that the %s selects use hostNetwork, so they have the identity of their node, and no policy selects them: %s", p.Namespace, subject, fix)
		}
	}
	own := f.path.Child("pods")
	if f.via != "" {
		own = f.path.Child("via")
	}
	for _, p := range f.own {
		warn(p, own, "flow", "remove hostNetwork, or remove the flow")
	}
	for _, e := range f.resolvedPeers {
		if e.peer.Kind == policy.Pods {
			warn(e.peer, e.path, "peer", "write entities: [host, remote-node] instead")
		}
	}
}

// checkPortLimits compares ports of some pods with the limits. A name is within the limits if its
// number is.
func (r *endsPass) checkPortLimits(f *declaredFlow, ports []flow.Port, to []policy.Peer, at *field.Path) bool {
	valid := r.checkPortRanges(f, ports, at) && r.checkICMPLimits(f, ports)
	limits := flow.PortsOf(f.limits().Ports)
	if len(limits) == 0 {
		return valid
	}
	if len(ports) == 0 {
		return r.unlimited(f, report.PortOutsideLimits, at, "every port", "ports", "list the ports") && valid
	}
	for _, p := range flow.ExpandProtocols(ports) {
		if p.Protocol == flow.ICMP {
			continue
		}
		if r.isUnknownPortName(p, to) {
			valid = false // checkPortNames refuses it.
			continue
		}
		n, known := r.portNumber(p, to...)
		ok := p.CoveredBy(limits) || known && n.CoveredBy(limits) || r.withinLimits(f, report.PortOutsideLimits, at, "port "+p.String(), "ports")
		valid = valid && ok
	}
	return valid
}

// checkICMPLimits compares types of ICMP message with the limits. A limit on ports also limits ICMP,
// and a flow without ports includes every type.
func (r *endsPass) checkICMPLimits(f *declaredFlow, ports []flow.Port) bool {
	limits := f.limits()
	if limits.ICMP == nil && limits.Ports == nil {
		return true
	}
	if len(ports) == 0 && limits.Ports == nil {
		return r.unlimited(f, report.ICMPOutsideLimits, f.path, "every type of ICMP message", "icmp", "list the ports or the types in icmp")
	}
	valid := true
	for i, p := range ports {
		if p.Protocol == flow.ICMP && !slices.Contains(limits.ICMP, v1alpha1.ICMPType(p.Name)) {
			valid = r.withinLimits(f, report.ICMPOutsideLimits, f.path.Child("icmp").Index(i), "ICMP message "+p.Name, "icmp") && valid
		}
	}
	return valid
}

// warnServicePorts warns about the ports of Services in a flow to their pods.
func (r *endsPass) warnServicePorts(f *declaredFlow, ports []flow.Port, to policy.Peer) {
	for _, m := range r.servicePortMistakes(ports, to) {
		r.reportServicePort(report.Warning, f, m)
	}
}
