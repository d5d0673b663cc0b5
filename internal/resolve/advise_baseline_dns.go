package resolve

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// dnsService is the usual name of the Service of the cluster's DNS, for every DNS server.
const dnsService = "kube-dns"

// checkBaselineDNS compares baseline.dns with the pods, Services and redirects of the build. If it
// does not match them, no pod of a tenant resolves a name. Missing pods are no finding, since
// another build may deploy them.
func (r *advisePass) checkBaselineDNS() {
	if r.index.WithoutResources {
		return
	}
	dns, at := r.profile.Spec.Baseline.DNS, r.profile.Path.Child("baseline", "dns")
	pods := r.index.WorkloadsIn(dns.Namespace, endpoints.SelectorOf(dns.Pods))
	r.checkDNSOnNodes(pods, at)
	services := r.dnsServices(pods)
	for _, s := range services {
		r.checkDNSService(s, at)
	}
	if len(services) == 0 {
		r.checkDNSPorts(pods, at)
	}
	r.checkNodeLocal(at)
	r.checkDNSRedirects(services, at)
}

// checkDNSOnNodes compares baseline.dns.hostNetwork with the DNS pods.
func (r *advisePass) checkDNSOnNodes(pods []*resource.Workload, at *field.Path) {
	onNodes := slices.DeleteFunc(slices.Clone(pods), func(w *resource.Workload) bool { return !w.HostNetwork })
	switch set := r.profile.Spec.Baseline.DNS.HostNetwork; {
	case len(onNodes) > 0 && !set:
		r.refuse(report.DNSPodsOnHostNetwork, r.profile.Ref, at.Child("pods"),
			"%s uses hostNetwork, and no policy selects such pods by labels: no pod of a tenant resolves a name: set baseline.dns.hostNetwork: true", describeWorkloads(onNodes))
	case len(pods) > 0 && len(onNodes) == 0 && set:
		r.warn(report.DNSHostNetworkUnneeded, r.profile.Ref, at.Child("hostNetwork"),
			"allows port %d of every node, and %s does not use hostNetwork: remove it", r.profile.Spec.Baseline.DNS.Port, describeWorkloads(pods))
	}
}

// dnsServices are the Services of the cluster's DNS: those that select its pods, and the one with
// the usual name.
func (r *advisePass) dnsServices(pods []*resource.Workload) []*resource.Service {
	var out []*resource.Service
	for _, s := range r.index.ServicesIn(r.profile.Spec.Baseline.DNS.Namespace) {
		behind := endpoints.Selector{MatchLabels: s.Selector}
		selectsDNSPods := len(s.Selector) > 0 && slices.ContainsFunc(pods, func(w *resource.Workload) bool { return endpoints.Selects(behind, w.Labels) })
		servesDNS := slices.ContainsFunc(s.Ports, func(p resource.ServicePort) bool { return p.Port == dnsPort && p.Protocol != v1alpha1.SCTP })
		if servesDNS && s.Type != "ExternalName" && (selectsDNSPods || s.Ref.Name == dnsService) {
			out = append(out, s)
		}
	}
	return out
}

// checkDNSService compares the pods and ports behind a Service of the cluster's DNS with the
// baseline.
func (r *advisePass) checkDNSService(s *resource.Service, at *field.Path) {
	dns := r.profile.Spec.Baseline.DNS
	if len(s.Selector) == 0 {
		r.checkDNSEndpoints(s, at)
		return
	}
	behind := r.index.WorkloadsIn(s.Ref.Namespace, endpoints.Selector{MatchLabels: s.Selector})
	selected := endpoints.SelectorOf(dns.Pods)
	others := slices.DeleteFunc(slices.Clone(behind), func(w *resource.Workload) bool {
		return endpoints.Selects(selected, w.Labels) || w.HostNetwork && dns.HostNetwork
	})
	_, common := endpoints.Intersect(selected, endpoints.Selector{MatchLabels: s.Selector})
	switch {
	case len(others) > 0:
		r.refuse(report.DNSPodsNotSelected, r.profile.Ref, at.Child("pods"),
			"does not select %s, to which Service %s/%s sends DNS: their answers are denied: set baseline.dns.pods: {matchLabels: %s}", describeWorkloads(others), s.Ref.Namespace, s.Ref.Name, labelsYAML(s.Selector))
	case len(behind) == 0 && !common:
		r.refuse(report.DNSPodsNotSelected, r.profile.Ref, at.Child("pods"),
			"selects none of the pods to which Service %s/%s sends DNS, by its selector: set baseline.dns.pods: {matchLabels: %s}", s.Ref.Namespace, s.Ref.Name, labelsYAML(s.Selector))
	}
	if wrong := dnsTargets(s, behind, dns.Port); len(wrong) > 0 {
		r.refuseDNSPort(wrong, fmt.Sprintf("Service %s/%s sends DNS to port", s.Ref.Namespace, s.Ref.Name), at)
	}
}

// dnsTargets are the ports other than one to which a Service sends DNS.
func dnsTargets(s *resource.Service, behind []*resource.Workload, port int32) []int32 {
	var out []int32
	for _, p := range s.Ports {
		target := p.Target()
		switch {
		case p.Port != dnsPort || p.Protocol == v1alpha1.SCTP:
		case target.Name == "":
			out = append(out, target.Port)
		default:
			for _, w := range behind {
				for _, n := range w.Ports {
					if n.Name == target.Name && n.Protocol == p.Protocol {
						out = append(out, int32(n.Port))
					}
				}
			}
		}
	}
	slices.Sort(out)
	return slices.DeleteFunc(slices.Compact(out), func(p int32) bool { return p == port })
}

// refuseDNSPort refuses a port of the baseline on which the cluster's DNS does not listen.
func (r *advisePass) refuseDNSPort(listening []int32, component string, at *field.Path) {
	do := fmt.Sprintf("set baseline.dns.port: %d", listening[0])
	if len(listening) > 1 {
		do = "have all pods listen on one port, and set baseline.dns.port to it"
	}
	r.refuse(report.DNSPortMismatch, r.profile.Ref, at.Child("port"), "is %d, and %s %s: policies see the pods' own port, so no pod of a tenant resolves a name: %s",
		r.profile.Spec.Baseline.DNS.Port, component, formatPortNumbers(listening), do)
}

// checkDNSPorts compares the declared ports of the DNS pods with the baseline, if no Service of the
// build selects them.
func (r *advisePass) checkDNSPorts(pods []*resource.Workload, at *field.Path) {
	port := r.profile.Spec.Baseline.DNS.Port
	var wrong []*resource.Workload
	var listening []int32
	for _, w := range pods {
		var own []int32
		for _, n := range w.DeclaredPorts {
			if n.Protocol == v1alpha1.UDP {
				own = append(own, n.Port)
			}
		}
		if len(own) > 0 && !slices.Contains(own, port) {
			wrong, listening = append(wrong, w), append(listening, own...)
		}
	}
	slices.Sort(listening)
	if listening = slices.Compact(listening); len(listening) == 1 {
		r.refuseDNSPort(listening, describeWorkloads(wrong)+" listens on", at)
	} else if len(listening) > 1 {
		r.warn(report.DNSPortMismatch, r.profile.Ref, at.Child("port"), "is %d, and %s declares other UDP ports alone (%s): set baseline.dns.port to the one for DNS, or declare it in the pods", port, describeWorkloads(wrong), formatPortNumbers(listening))
	}
}

// checkDNSEndpoints warns about addresses behind a DNS Service without a selector, since the baseline
// selects pods.
func (r *advisePass) checkDNSEndpoints(s *resource.Service, at *field.Path) {
	if dns := r.profile.Spec.Baseline.DNS; dns.NodeLocal || dns.HostNetwork {
		return
	}
	if slicesOf := r.index.SlicesOf(s); len(slicesOf) > 0 {
		r.warn(report.DNSPodsNotSelected, r.profile.Ref, at.Child("pods"),
			"Service %s/%s has no selector and sends DNS to the addresses %s: if these are nodes, set baseline.dns.hostNetwork: true; if they are outside the cluster, allow them by a flow in allTenants",
			s.Ref.Namespace, s.Ref.Name, truncatedList(slicesOf[0].Addresses))
	}
}

// checkNodeLocal compares baseline.dns.nodeLocal with a NodeLocal DNSCache of the build.
func (r *advisePass) checkNodeLocal(at *field.Path) {
	dns := r.profile.Spec.Baseline.DNS
	cache := r.index.WorkloadsIn(dns.Namespace, policy.NodeLocalDNS(dns.Namespace).Pods)
	switch {
	case len(cache) == 0:
	case !dns.NodeLocal:
		r.refuse(report.DNSNodeLocalMissing, r.profile.Ref, at.Child("nodeLocal"),
			"is false, and %s is a NodeLocal DNSCache, which answers the pods of its node: no pod of a tenant resolves a name through it: set baseline.dns.nodeLocal: true", describeWorkloads(cache))
	default:
		var own []int32
		for _, n := range cache[0].DeclaredPorts {
			if n.Protocol == v1alpha1.UDP {
				own = append(own, n.Port)
			}
		}
		if len(own) > 0 && !slices.Contains(own, dns.Port) {
			r.refuse(report.DNSPortMismatch, r.profile.Ref, at.Child("port"), "is %d, also for the NodeLocal DNSCache, and %s listens on %s: have both listen on one port, and set baseline.dns.port to it", dns.Port, describeWorkloads(cache), formatPortNumbers(own))
		}
	}
}

// checkDNSRedirects compares the pods to which Cilium redirects DNS with the baseline.
func (r *advisePass) checkDNSRedirects(services []*resource.Service, at *field.Path) {
	dns := r.profile.Spec.Baseline.DNS
	for _, d := range r.index.Redirects {
		if !r.redirectsDNS(d, services) {
			continue
		}
		name := fmt.Sprintf("CiliumLocalRedirectPolicy %s/%s", d.Ref.Namespace, d.Ref.Name)
		selects := func(p policy.Peer) bool { return p.Namespace == d.Ref.Namespace && selectsSubset(d.Pods, p.Pods) }
		switch resolver := (policy.Peer{Namespace: dns.Namespace, Pods: endpoints.SelectorOf(dns.Pods)}); {
		case selects(resolver):
		case !selects(policy.NodeLocalDNS(dns.Namespace)):
			r.refuse(report.DNSRedirectNotSelected, r.profile.Ref, at.Child("pods"),
				"does not select the pods of namespace %q to which %s redirects DNS: no pod of a tenant resolves a name: redirect to pods with k8s-app=node-local-dns in namespace %q and set baseline.dns.nodeLocal: true, or select the pods in baseline.dns.namespace and pods", d.Ref.Namespace, name, dns.Namespace)
			continue
		case !dns.NodeLocal:
			r.refuse(report.DNSRedirectNotSelected, r.profile.Ref, at.Child("nodeLocal"), "is false, and %s redirects DNS to a NodeLocal DNSCache: no pod of a tenant resolves a name: set baseline.dns.nodeLocal: true", name)
		}
		for _, p := range d.Ports {
			if p.Serves(dnsPort) && p.Target != dns.Port {
				r.refuseDNSPort([]int32{p.Target}, name+" redirects DNS to port", at)
				break
			}
		}
	}
}

// redirectsDNS reports whether a redirect takes connections to the cluster's DNS: to one of
// its Services, to the address of one, or to that of a NodeLocal DNSCache.
func (r *advisePass) redirectsDNS(d *resource.Redirect, services []*resource.Service) bool {
	if !slices.ContainsFunc(d.Ports, func(p resource.RedirectPort) bool { return p.Serves(dnsPort) }) {
		return false
	}
	return d.Service == r.profile.Spec.Baseline.DNS.Namespace+"/"+dnsService || d.Address.IsLinkLocalUnicast() ||
		slices.ContainsFunc(services, func(s *resource.Service) bool {
			return d.Service == s.Ref.Namespace+"/"+s.Ref.Name || d.Address.IsValid() && s.ClusterIP == d.Address.String()
		})
}
