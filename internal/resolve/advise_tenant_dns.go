package resolve

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// mayQueryDNS reports whether the baseline allows a workload of a tenant to query DNS.
func (r *advisePass) mayQueryDNS(w *resource.Workload) bool {
	t := r.ownerOfPod(w)
	if t == nil {
		return true
	}
	pods, ok := t.PodsWithDNS()
	return ok && endpoints.Selects(pods, w.Labels)
}

// flowsWithoutDNS are the egress flows of a tenant's pods that do not all have the baseline's DNS.
func (r *advisePass) flowsWithoutDNS(t *tenant) []*declaredFlow {
	return slices.DeleteFunc(slices.Clone(r.flows), func(f *declaredFlow) bool {
		return f.outcome == refused || f.direction != flow.Egress || !slices.ContainsFunc(f.own, func(own policy.Peer) bool {
			return own.Kind == policy.Pods && r.ownerOf(own) == t && !t.HaveDNS(own.Pods)
		})
	})
}

// reportWithoutDNS reports flows whose names some of their pods cannot resolve, because the Tenant
// removes the baseline's DNS from them.
func (r *advisePass) reportWithoutDNS() {
	for _, t := range r.tenants {
		if !t.NarrowsDNS() {
			continue
		}
		at := t.path.Child("baseline", "dns")
		if !t.WithoutDNS {
			at = t.path.Child("baseline", "dnsPods")
		}
		flows := r.flowsWithoutDNS(t)
		r.warnDNSAllowed(t, flows, at)
		needsDNS := func(f *declaredFlow) bool { return r.needsClusterDNS(f) && !r.hasDNSByFlow(f, flows) }
		if named := flowNamesIf(flows, needsDNS); len(named) > 0 {
			r.report(report.Info, report.FlowWithoutDNS, t.ref, at, "%sthe pods of these flows have no DNS, so they cannot resolve the names of their destinations: %s: connect by address, or select the pods in baseline.dnsPods", r.formPrefix(), truncatedList(named))
		}
		if named := flowNamesIf(flows, r.searchesBeforeName); len(named) > 0 {
			r.report(report.Info, report.FlowDNSWithoutSearch, t.ref, at, "the pods of these flows may query the names of the flows alone, without search domains: %s: images with musl stop at the refused query: set ndots: 1 in dnsConfig.options of the pods, or end the names with a dot", truncatedList(named))
		}
		r.warnProxyWithoutDNS(t)
	}
}

// warnDNSAllowed warns about flows that allow the DNS which the Tenant removes. A flow of the Tenant to
// the port of DNS alone is intended.
func (r *advisePass) warnDNSAllowed(t *tenant, flows []*declaredFlow, at *field.Path) {
	named := flowNamesIf(flows, func(f *declaredFlow) bool { return r.allowsDNS(f) && (f.fromProfile || !r.isForDNS(f)) })
	dns := r.profile.Spec.Baseline.DNS
	if pods, ok := t.OwnPods(endpoints.SelectorOf(dns.Pods)); ok && t.IntraNamespace && slices.Contains(t.Namespaces, dns.Namespace) && len(r.podPeers(t, []string{dns.Namespace}, pods)) > 0 {
		named = append(named, "baseline.intraNamespace")
	}
	if len(named) > 0 {
		r.warn(report.DNSNotRemoved, t.ref, at, "removes the cluster's DNS from pods, and flows of the same pods include its port %d: %s: narrow the peer or ports of these flows, or list the names in dns", dns.Port, truncatedList(named))
	}
}

// allowsDNS reports whether a flow includes the cluster's DNS, for any name.
func (r *advisePass) allowsDNS(f *declaredFlow) bool {
	return len(f.l7.DNS()) == 0 && slices.ContainsFunc(f.granted, func(e resolvedPeer) bool {
		return r.includesDNS(e.peer) && includesDNSPort(f.portsOf(e), r.profile.Spec.Baseline.DNS.Port)
	})
}

// isForDNS reports whether a flow is to the port of DNS alone.
func (r *advisePass) isForDNS(f *declaredFlow) bool {
	return !slices.ContainsFunc(f.granted, func(e resolvedPeer) bool {
		ports := f.portsOf(e)
		return len(ports) == 0 || slices.ContainsFunc(ports, func(p flow.Port) bool { return p.Port != r.profile.Spec.Baseline.DNS.Port || p.End > p.Port })
	})
}

// hasDNSByFlow reports whether the pods of a flow have the cluster's DNS by one of some flows.
func (r *advisePass) hasDNSByFlow(f *declaredFlow, flows []*declaredFlow) bool {
	return slices.ContainsFunc(flows, func(other *declaredFlow) bool { return r.allowsDNS(other) && endpoints.Narrows(f.pods, other.pods) })
}

// formPrefix begins a message about the NetworkPolicy form of policies.
func (r *advisePass) formPrefix() string {
	if r.networkPolicyForm {
		return "in the NetworkPolicy form, "
	}
	return ""
}

// flowNamesIf are the sorted names of the flows that match.
func flowNamesIf(flows []*declaredFlow, match func(*declaredFlow) bool) []string {
	var out []string
	for _, f := range flows {
		if match(f) {
			out = append(out, f.name)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// needsClusterDNS reports whether a flow has no DNS of its own, and a destination with a name: a
// Service or, for NetworkPolicies, a name.
func (r *advisePass) needsClusterDNS(f *declaredFlow) bool {
	for _, p := range f.peers {
		if p.Service != "" && !r.networkPolicyForm || len(p.FQDNs) > 0 && r.usesNetworkPolicies() {
			return true
		}
	}
	return false
}

// searchesBeforeName reports whether a pod queries search domains before a name of the flow, and the
// flow's own DNS refuses that.
func (r *advisePass) searchesBeforeName(f *declaredFlow) bool {
	if r.usesNetworkPolicies() {
		return false
	}
	for _, e := range f.resolvedPeers {
		names := e.queriedNames()
		for _, n := range names {
			q := queriedName{name: strings.ReplaceAll(strings.ReplaceAll(strings.ToLower(n), "**", "*"), "*", "x")}
			if slices.ContainsFunc(q.searchQueries(f.own[0].Namespace), func(query string) bool { return !flow.AnyCovers(names, query) }) {
				return true
			}
		}
	}
	return false
}

// warnProxyWithoutDNS warns about an egress proxy that cannot resolve the names for which it connects.
func (r *advisePass) warnProxyWithoutDNS(t *tenant) {
	spec := r.profile.Spec.EgressProxy
	if r.fence.EgressProxy == nil {
		return
	}
	if pods, owners := r.podsByTenant(spec.Namespace, endpoints.SelectorOf(spec.Pods)); !slices.Contains(owners, t) || t.HaveDNS(pods[slices.Index(owners, t)].Pods) {
		return
	}
	r.warn(report.EgressProxyWithoutDNS, r.profile.Ref, r.profile.Path.Child("egressProxy"), "Tenant %q removes DNS from pods of the proxy, which then cannot resolve the names of flows: select its pods in baseline.dnsPods of this Tenant", t.Name)
}
