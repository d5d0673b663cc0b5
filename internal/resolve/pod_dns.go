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

// checkPodDNS warns about flows to names that their pods do not resolve at the cluster's DNS,
// where Cilium's proxy would learn the addresses.
func (r *resolver) checkPodDNS() {
	if r.networkPolicyForm {
		return
	}
	for _, f := range r.flows {
		for _, e := range f.resolvedPeers {
			r.checkFlowNames(f, e.queriedNames(), e.path)
		}
	}
	r.checkPodSearches()
}

// queriedNames are the names that pods query for a peer.
func (e resolvedPeer) queriedNames() []string {
	if e.peer.Kind == policy.FQDNs {
		return e.peer.FQDNs
	}
	return e.hostnames
}

// checkFlowNames warns once per kind of problem, about the first pod and the first name.
func (r *resolver) checkFlowNames(f *declaredFlow, names []string, at *field.Path) {
	if len(names) == 0 {
		return
	}
	aliased, elsewhere, additional := false, false, r.usesNetworkPolicies()
	for _, w := range r.workloadsOf(f) {
		for _, name := range names {
			if alias, ip, ok := w.AliasOf(name); ok && !aliased && name != "*" {
				aliased = true
				r.warn(report.PodHostAlias, f.ref, at,
					"flow %q: hostAliases of %s %s/%s map %s to %s, so its pods resolve the name without DNS, and Cilium matches that address alone: add a peer with cidrs: [%s], or remove the alias",
					f.name, w.Ref.Kind, w.Ref.Namespace, w.Ref.Name, alias, ip, policy.HostPrefix(ip))
			}
			if w.DNS.HasExtraNameservers() && !additional {
				additional = true
				r.report(report.Info, report.PodDNSOutsideCluster, f.ref, at, "flow %q: dnsConfig of %s %s/%s lists further nameservers (%s), from whose answers Cilium learns no addresses, so it denies the flow after such an answer: remove them",
					f.name, w.Ref.Kind, w.Ref.Namespace, w.Ref.Name, strings.Join(w.DNS.Nameservers, ", "))
			}
			if where := r.index.BypassesClusterDNS(r.fence, w, name); where != "" && !elsewhere && !r.usesNetworkPolicies() {
				elsewhere = true
				r.warn(report.PodDNSOutsideCluster, f.ref, at,
					"flow %q: %s %s/%s does not resolve %s at the cluster's DNS (%s), so Cilium learns no address of the name and denies the flow: set dnsPolicy: ClusterFirst, or add a flow with dns: [%q] to its nameserver; if that is the cluster's DNS, declare its Service with the clusterIP as an external resource",
					f.name, w.Ref.Kind, w.Ref.Namespace, w.Ref.Name, name, where, name)
			}
		}
	}
}

// workloadsOf are the workloads with pods of their own that a flow is about.
func (r *resolver) workloadsOf(f *declaredFlow) []*resource.Workload {
	var out []*resource.Workload
	for _, own := range f.own {
		if own.Kind != policy.Pods || f.direction != flow.Egress {
			continue
		}
		for _, w := range r.index.WorkloadsIn(own.Namespace, own.Pods) {
			if !w.HostNetwork {
				out = append(out, w)
			}
		}
	}
	return out
}

// checkPodSearches warns about queries with search domains of pods that restricted names refuse.
func (r *resolver) checkPodSearches() {
	names := r.profile.Spec.Baseline.DNS.Names
	if slices.Contains(names, "*") || r.usesNetworkPolicies() {
		return
	}
	for _, namespace := range r.namespacesWithDNS() {
		for _, w := range r.index.WorkloadsIn(namespace, endpoints.Selector{}) {
			if w.HostNetwork || w.DNS.Policy == "Default" || !r.mayQueryDNS(w) {
				continue
			}
			for _, domain := range w.DNS.Searches {
				r.checkSearch(w, namespace, strings.ToLower(strings.Trim(domain, ".")), names)
			}
		}
	}
}

// checkSearch warns about the first name whose query with a search domain is refused.
func (r *resolver) checkSearch(w *resource.Workload, namespace, domain string, names []string) {
	for _, name := range r.podQueryNames(namespace) {
		query := name.name + "." + domain
		if domain == "" || name.service != "" || strings.Count(name.name, ".") >= ndots || flow.AnyCovers(names, query) {
			continue
		}
		r.warn(report.DNSSearchDomainsMissing, r.profile.Ref, r.profile.Path.Child("baseline", "dns", "names"),
			"do not cover %q, which %s %s/%s queries to resolve %q, by the search domain %s of its dnsConfig: images with musl stop at the refused query, and never query the name itself: add %s, or remove the search domain",
			query, w.Ref.Kind, w.Ref.Namespace, w.Ref.Name, name.name, domain, r.searchPatterns(domain))
		return
	}
}
