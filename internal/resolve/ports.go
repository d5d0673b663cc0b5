package resolve

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
)

// checkPorts holds the ports of every end of a flow against the limits, and the
// names of ports against the pods that would bear them. Behind a Service, its
// target ports count.
func (r *resolver) checkPorts(f *flow) {
	if f.direction == policy.Ingress || slices.ContainsFunc(f.peers, func(p v1alpha1.Peer) bool { return p.Service == "" }) {
		var to []policy.Peer
		for _, e := range f.ends {
			to = append(to, e.peer)
		}
		if f.direction == policy.Ingress {
			to = f.own
		}
		r.portsWithin(f, f.ports, to, f.path.Child("ports"))
	}
	if f.direction == policy.Ingress {
		r.portNames(f, f.ports, f.own, f.path.Child("ports").Index)
		for _, own := range f.own {
			r.doubtServicePorts(f, policy.EachProtocol(f.ports), own, f.path.Child("ports"))
		}
		return
	}
	for _, e := range f.ends {
		r.checkPortsAt(f, e)
	}
}

// checkPortsAt is checkPorts for one end of egress.
func (r *resolver) checkPortsAt(f *flow, e end) {
	at := f.path.Child("ports").Index
	switch {
	case e.ports != nil:
		at = func(int) *field.Path { return e.path }
		// Beside a name the flow's own ports count, which are looked at already.
		if len(e.names) == 0 || e.asked != nil {
			r.portsWithin(f, e.counted(), []policy.Peer{e.peer}, e.path)
		}
	case e.peer.Kind == policy.Pods:
		r.doubtServicePorts(f, f.portsOf(e), e.peer, f.path.Child("ports"))
	}
	var same []policy.Peer
	for _, other := range f.ends {
		if other.path == e.path {
			same = append(same, other.peer)
		}
	}
	r.portNames(f, f.portsOf(e), same, at)
}

// listed spells ports.
func listed(ports []policy.Port, between string) string {
	var out []string
	for _, p := range ports {
		out = append(out, p.String())
	}
	return strings.Join(out, between)
}

// portNames refuses the name of a port that no pod to be reached bears.
func (r *resolver) portNames(f *flow, ports []policy.Port, to []policy.Peer, at func(int) *field.Path) {
	for i, p := range ports {
		switch {
		case !p.Named() || r.index.Partial || r.borne(p, to):
		case slices.ContainsFunc(to, func(p policy.Peer) bool { return p.Kind != policy.Pods }):
			r.refuse("port-name-outside", f.ref, at(i), "%q is a name, and only pods give names to their ports: give the number", p.Name)
		case r.sidecarPort(p, to).Port > 0:
			r.refuse("no-such-port", f.ref, at(i), "%q is the name of a port of a native sidecar (an init container that keeps running), and no policy knows the names of init containers' ports: give the number %d", p.Name, r.sidecarPort(p, to).Port)
		default:
			r.refuse("no-such-port", f.ref, at(i), "no pod that may be reached has a %s port named %q: name one of its containers' ports, or give the number", p.Protocol, p.Name)
		}
	}
}

// sidecarPort is the number of a named port of a native sidecar among the pods to be reached,
// zero where none has the name.
func (r *resolver) sidecarPort(p policy.Port, peers []policy.Peer) policy.Port {
	for _, peer := range peers {
		for _, w := range r.index.In(peer.Namespace, peer.Pods) {
			if n, ok := w.NumberOf(p); ok {
				return n
			}
		}
	}
	return policy.Port{}
}

// borne says whether a pod of the build has a port of that name, or may have: where
// no pod is known, any may come.
func (r *resolver) borne(p policy.Port, peers []policy.Peer) bool {
	known := false
	for _, peer := range peers {
		if peer.Kind != policy.Pods {
			return false
		}
		if peer.Namespace == "" {
			return true
		}
		for _, w := range r.index.In(peer.Namespace, peer.Pods) {
			known = true
			if slices.ContainsFunc(w.Ports, func(n policy.NamedPort) bool { return n.Name == p.Name && n.Protocol == p.Protocol }) {
				return true
			}
		}
	}
	return !known
}

// warnHostNetwork warns of ends that are nothing but hostNetwork pods: no policy
// selects them, as its subject or as a peer.
func (r *resolver) warnHostNetwork(f *flow) {
	warn := func(p policy.Peer, at *field.Path) {
		workloads := r.index.In(p.Namespace, p.Pods)
		for _, w := range workloads {
			if !w.HostNetwork {
				return
			}
		}
		if len(workloads) > 0 {
			r.warn("host-network-end", f.ref, at,
				"these pods of namespace %q are all hostNetwork, so they have their node's identity and no policy selects them: the flow needs entities (host, remote-node) instead", p.Namespace)
		}
	}
	own := f.path.Child("pods")
	if f.via != "" {
		own = f.path.Child("via")
	}
	for _, p := range f.own {
		warn(p, own)
	}
	for _, e := range f.ends {
		if e.peer.Kind == policy.Pods {
			warn(e.peer, e.path)
		}
	}
}

// portsWithin holds ports at some pods against the limits. A name is within them
// where its number is.
func (r *resolver) portsWithin(f *flow, ports []policy.Port, to []policy.Peer, at *field.Path) bool {
	good := r.rangesKnown(f, ports, at) && r.icmpWithin(f, ports)
	limits := policy.PortsOf(f.limits().Ports)
	if len(limits) == 0 {
		return good
	}
	if len(ports) == 0 {
		return r.beyond(f, "port-outside-limits", at, "every port", "ports") && good
	}
	for _, p := range policy.EachProtocol(ports) {
		if p.Protocol == policy.ICMP {
			continue
		}
		n, known := r.number(p, to...)
		ok := p.CoveredBy(limits) || known && n.CoveredBy(limits) || r.beyond(f, "port-outside-limits", at, "port "+p.String(), "ports")
		good = good && ok
	}
	return good
}

// icmpWithin holds types of ICMP message against the limits. A limit on ports is one on
// ICMP, too, and a flow without ports includes every type.
func (r *resolver) icmpWithin(f *flow, ports []policy.Port) bool {
	limits := f.limits()
	if limits.ICMP == nil && limits.Ports == nil {
		return true
	}
	if len(ports) == 0 && limits.Ports == nil {
		return r.beyond(f, "icmp-outside-limits", f.path, "every type of ICMP message (the flow lists neither ports nor icmp)", "icmp")
	}
	good := true
	for i, p := range ports {
		if p.Protocol == policy.ICMP && !slices.Contains(limits.ICMP, v1alpha1.ICMPType(p.Name)) {
			good = r.beyond(f, "icmp-outside-limits", f.path.Child("icmp").Index(i), "ICMP message "+p.Name, "icmp") && good
		}
	}
	return good
}

// rangesKnown refuses ranges of ports where Cilium does not know them yet.
func (r *resolver) rangesKnown(f *flow, ports []policy.Port, at *field.Path) bool {
	good := true
	for _, p := range ports {
		switch {
		case p.End <= p.Port:
		case len(f.l7.HTTP) > 0:
			good = r.need(policy.RangesWithHTTP, f.ref, at, fmt.Sprintf("the range %s beside http", p), "before it, agents refuse such a policy as a whole: list the ports") && good
		default:
			good = r.need(policy.PortRanges, f.ref, at, fmt.Sprintf("the range %s", p), "list the ports") && good
		}
	}
	return good
}
