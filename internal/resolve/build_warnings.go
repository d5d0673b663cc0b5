package resolve

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/internal/report"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// checkProfileAgainstBuild warns of what the profile says and the build belies. A baseline peer
// that is not there at all is none of it: it may run elsewhere.
func (r *resolver) checkProfileAgainstBuild() {
	at := r.profile.Path.Child("baseline")
	dns := r.profile.Spec.Baseline.DNS
	r.warnBaselinePeer(dns.Namespace, dns.Pods, at.Child("dns", "pods"))
	r.checkBaselineDNS()
	r.checkBaselineMonitoring()
	r.checkSearchList()
	r.checkPodDNS()
	r.checkServiceFacts()
	r.checkNodePorts()
	r.checkGatewayAddresses()
	r.checkFamilies()
	if m := r.profile.Spec.Baseline.Monitoring; m != nil {
		r.warnBaselinePeer(m.Namespace, m.Pods, at.Child("monitoring", "pods"))
		if len(m.Ports) == 0 {
			r.warn(report.MonitoringAllPorts, r.profile.Ref, at.Child("monitoring"),
				"every port of every tenant's pods is open to the monitoring pods of namespace %q: list the ports that they scrape in baseline.monitoring.ports", m.Namespace)
		}
		named := slices.ContainsFunc(policy.PortsOf(m.Ports), func(p policy.Port) bool { return p.Name != "" })
		if named && (r.owner[m.Namespace] != nil || len(r.sharingTenants[m.Namespace]) > 0) && !r.supports(policy.NamedEgressPorts) {
			r.warn(report.NamedPortInEgress, r.profile.Ref, at.Child("monitoring", "ports"),
				"before Cilium %s a port's name works in egress only while all pods of the cluster that bear it agree on its number: give numbers, since namespace %q is fenced", policy.NamedEgressPorts.Introduced(), m.Namespace)
		}
	}
	r.reportUnusedFlows()
}

// warnBaselinePeer warns of a selector that selects none of the pods that are there.
func (r *resolver) warnBaselinePeer(namespace string, pods *metav1.LabelSelector, at *field.Path) {
	if len(r.index.WorkloadsIn(namespace, policy.Selector{})) > 0 && len(r.index.WorkloadsIn(namespace, policy.SelectorOf(pods))) == 0 {
		r.warn(report.BaselinePodsNotFound, r.profile.Ref, at, "selects no pod of namespace %q, which has others in the build: correct the labels, or tell the pods as inventory", namespace)
	}
}

// reportUnusedFlows says which of the profile's flows no tenant has the pods for.
func (r *resolver) reportUnusedFlows() {
	used := map[string]bool{}
	for _, f := range r.flows {
		if f.fromProfile {
			used[f.name] = true
		}
	}
	allTenants := r.profile.Spec.AllTenants
	at := r.profile.Path.Child("allTenants")
	add := func(name string, at *field.Path) {
		if !used[name] && len(r.unread) == 0 {
			r.report(report.Info, report.AllTenantsFlowUnused, r.profile.Ref, at, "no tenant has the pods of flow %q, or it is off everywhere", name)
		}
	}
	for i, f := range allTenants.Ingress {
		add(f.Name, at.Child("ingress").Index(i))
	}
	for i, f := range allTenants.Egress {
		add(f.Name, at.Child("egress").Index(i))
	}
}

// warnServicePorts warns where a flow names a Service's port, which no policy ever
// sees, instead of the pods' own.
func (r *resolver) warnServicePorts(f *flow, ports []policy.Port, to policy.Peer, at *field.Path) {
	for _, mistake := range r.servicePortMistakes(ports, to) {
		r.warn(report.ServicePortAsPodPort, f.ref, at, "%s: a policy is decided on the pods' port, so write that, or name the Service as the peer", mistake)
	}
}

// servicePortMistakes says which of some ports at pods are those of a Service before them alone.
func (r *resolver) servicePortMistakes(ports []policy.Port, to policy.Peer) []string {
	var out []string
	for _, s := range r.index.ServicesIn(to.Namespace) {
		if len(s.Selector) == 0 || s.Headless() {
			continue
		}
		for _, p := range s.Ports {
			target := p.Target()
			servicePort := policy.Port{Port: p.Port, Protocol: p.Protocol}
			if target == servicePort || !slices.Contains(ports, servicePort) || !r.selectsPeerPods(s, to) || r.declaresPort(servicePort, to) {
				continue
			}
			out = append(out, fmt.Sprintf("%s is the port of Service %s/%s, and its pods' is %s", servicePort, s.Ref.Namespace, s.Ref.Name, strings.TrimSuffix(target.String(), "/"+string(target.Protocol))))
		}
	}
	return out
}

// servicePortMistake says where one of two tenants that both speak of a flow names a Service's
// port for the pods': then they do not agree for that alone.
func (r *resolver) servicePortMistake(f *flow, e resolvedPeer) (declaring *flow, mistake string) {
	for _, own := range f.own {
		to := e.peer
		if f.direction == policy.Ingress {
			to = own
		}
		for _, other := range e.tenant.flows {
			mine := func(reverse resolvedPeer) bool {
				return reverse.peer.Kind == policy.Pods && r.sharePods(own, reverse.peer)
			}
			theirs := func(p policy.Peer) bool { return r.sharePods(p, e.peer) }
			if other.direction == f.direction || !slices.ContainsFunc(other.resolvedPeers, mine) || !slices.ContainsFunc(other.own, theirs) {
				continue
			}
			for _, candidate := range []*flow{f, other} {
				if found := r.servicePortMistakes(policy.ExpandProtocols(candidate.ports), to); len(found) > 0 {
					return candidate, found[0]
				}
			}
		}
	}
	return nil, ""
}

// sharePods says whether two peers have pods in common.
func (r *resolver) sharePods(a, b policy.Peer) bool {
	_, ok := r.commonPods(a, b)
	return ok && a.Namespace == b.Namespace
}

// selectsPeerPods says whether a Service stands for some of a peer's pods.
func (r *resolver) selectsPeerPods(s *resource.Service, at policy.Peer) bool {
	behind := policy.Selector{MatchLabels: s.Selector}
	return slices.ContainsFunc(r.index.WorkloadsIn(at.Namespace, at.Pods), func(w *resource.Workload) bool { return policy.Selects(behind, w.Labels) })
}

// declaresPort says whether pods of the build declare a port, or a Service sends there.
func (r *resolver) declaresPort(p policy.Port, at policy.Peer) bool {
	if slices.ContainsFunc(r.index.WorkloadsIn(at.Namespace, at.Pods), func(w *resource.Workload) bool { return slices.Contains(w.DeclaredPorts, p) }) {
		return true
	}
	return slices.ContainsFunc(r.index.ServicesIn(at.Namespace), func(s *resource.Service) bool {
		return slices.ContainsFunc(s.Ports, func(sp resource.ServicePort) bool { return sp.Target() == p })
	})
}
