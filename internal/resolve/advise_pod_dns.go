package resolve

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// checkPodDNS warns about flows to names that their pods do not resolve at the cluster's DNS,
// where Cilium's proxy would learn the addresses.
func (r *advisePass) checkPodDNS() {
	for _, f := range r.flows {
		for _, e := range f.resolvedPeers {
			r.checkFlowNames(f, e.queriedNames(), e.path)
		}
	}
	r.checkPodSearches()
}

// checkFlowNames warns once per kind of problem, about the first pod and the first name.
func (r *advisePass) checkFlowNames(f *declaredFlow, names []string, at *field.Path) {
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
					f.name, w.Ref.Kind, w.Ref.Namespace, w.Ref.Name, alias, ip, endpoints.HostPrefix(ip))
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
func (r *advisePass) workloadsOf(f *declaredFlow) []*resource.Workload {
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
func (r *advisePass) checkPodSearches() {
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
func (r *advisePass) checkSearch(w *resource.Workload, namespace, domain string, names []string) {
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

// reportDNSDenied warns about pods without a tenant that a fenced DNS server does not answer: the
// baseline is for tenants.
func (r *advisePass) reportDNSDenied() {
	dns := r.profile.Spec.Baseline.DNS
	if dns.NodeLocal || dns.HostNetwork {
		return
	}
	_, owners := r.podsByTenant(dns.Namespace, endpoints.SelectorOf(dns.Pods))
	owner := owners[slices.IndexFunc(append(owners, nil), func(t *tenant) bool { return t == nil || t.Enforcement == v1alpha1.Enforce }):]
	if len(owner) == 0 || owner[0] == nil {
		return
	}
	without := map[string]bool{}
	for _, w := range r.index.Workloads {
		if !w.HostNetwork && r.ownerOfPod(w) == nil && !r.admittedWithTenant(w.Ref.Namespace) && !r.admitsDNSOf(owner[0], w) {
			without[w.Ref.Namespace] = true
		}
	}
	if len(without) == 0 {
		return
	}
	names := slices.Sorted(maps.Keys(without))
	r.warn(report.DNSDenied, owner[0].ref, owner[0].path, "has the pods of the cluster's DNS, which answer Tenants alone, so pods without a Tenant in %s resolve no name: give these a Tenant, or add to its spec.ingress: - {name: %s, pods: %s, from: [%s], ports: [{port: %d, protocol: ANY}]}",
		namespaceList(names), owner[0].freeFlowName("dns"), selectorYAML(endpoints.SelectorOf(dns.Pods)), strings.Join(eachNamespace(names), ", "), dns.Port)
}

// admittedWithTenant reports whether the pods of a namespace without a tenant have the DNS of the only
// tenant there.
func (r *advisePass) admittedWithTenant(namespace string) bool {
	return len(r.partialTenants[namespace]) == 1
}

// admitsDNSOf reports whether a flow of the tenant with the DNS pods is granted to a workload.
func (r *advisePass) admitsDNSOf(owner *tenant, w *resource.Workload) bool {
	return slices.ContainsFunc(owner.flows, func(f *declaredFlow) bool {
		return f.direction == flow.Ingress && slices.ContainsFunc(f.own, r.includesDNS) && slices.ContainsFunc(f.granted, func(e resolvedPeer) bool {
			return includesDNSPort(f.portsOf(e), r.profile.Spec.Baseline.DNS.Port) && r.includesWorkload(e.peer, w)
		})
	})
}

// includesWorkload reports whether a peer includes the pods of a workload.
func (r *advisePass) includesWorkload(p policy.Peer, w *resource.Workload) bool {
	ns := w.Ref.Namespace
	switch {
	case p.Kind == policy.Entities:
		return slices.Contains(p.Entities, v1alpha1.EntityCluster) || slices.Contains(p.Entities, v1alpha1.EntityAll)
	case p.Kind != policy.Pods || !endpoints.Selects(p.Pods, w.Labels):
		return false
	case p.Namespace != "":
		return p.Namespace == ns
	default:
		return !slices.Contains(p.ExcludedNamespaces, ns) && slices.Contains(r.namespacesWith(p.NamespaceLabels), ns)
	}
}

// clusterDomain is that of the names of Services, and ndots the dots from which a pod's
// resolver asks for a name itself first, as Kubernetes sets both.
const (
	clusterDomain = resource.ClusterDomain
	ndots         = 5
)

// maxSearchLabels is the maximum of labels before the cluster's domain in a query of a pod: a name
// with fewer than ndots dots, followed by NAMESPACE.svc.
const maxSearchLabels = ndots + 2

// checkSearchList warns about queries of pods that restricted names refuse. Resolvers query each name
// with the search list first. A refused query ends the search of musl, which then never queries the
// name itself.
func (r *advisePass) checkSearchList() {
	names := r.profile.Spec.Baseline.DNS.Names
	if slices.Contains(names, "*") {
		return
	}
	for _, namespace := range r.namespacesWithDNS() {
		for _, name := range r.podQueryNames(namespace) {
			refused := slices.DeleteFunc(name.searchQueries(namespace), func(q string) bool { return flow.AnyCovers(names, q) })
			if len(refused) > 0 {
				r.warn(report.DNSSearchDomainsMissing, r.profile.Ref, r.profile.Path.Child("baseline", "dns", "names"),
					"do not cover %q, which a pod of namespace %s queries to resolve %q, by its search list: images with musl stop at the refused query, and never query the name itself: add %s, and the same for search domains of the nodes",
					refused[0], namespace, name.name, r.searchPatterns(clusterDomain))
				return
			}
		}
	}
}

// searchPatterns are the patterns that cover every query with a search domain.
func (r *advisePass) searchPatterns(domain string) string {
	if r.supports(cilium.SubdomainPatterns) {
		return fmt.Sprintf("%q", "**."+domain)
	}
	var out []string
	for n := range maxSearchLabels {
		out = append(out, fmt.Sprintf("%q", strings.Repeat("*.", n+1)+domain))
	}
	return strings.Join(out, ", ")
}

// namespacesWithDNS are those of tenants with pods that have the baseline's DNS.
func (r *advisePass) namespacesWithDNS() []string {
	var out []string
	for _, t := range r.tenants {
		if !t.WithoutDNS {
			out = append(out, t.Namespaces...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// queriedName is a name that a pod resolves.
type queriedName struct {
	name string
	// service is the full name of the Service, which ends the search. Omitted: it is no Service.
	service string
}

// podQueryNames are names that pods of a namespace resolve: a Service in each of its forms, and
// an example of each name outside that flows have.
func (r *advisePass) podQueryNames(namespace string) []queriedName {
	outside := slices.Clone(r.profile.Spec.Baseline.DNS.Names)
	for _, f := range r.flows {
		for _, e := range f.resolvedPeers {
			outside = append(outside, e.queriedNames()...)
		}
	}
	slices.Sort(outside)
	const other = "web.other.svc." + clusterDomain
	out := []queriedName{{"web", "web." + namespace + ".svc." + clusterDomain}, {"web.other", other}, {"web.other.svc", other}, {other, other}}
	for _, name := range slices.Compact(outside) {
		name = strings.ReplaceAll(strings.ToLower(strings.TrimSuffix(name, ".")), "**", "*")
		if name = strings.ReplaceAll(name, "*", "x"); !v1alpha1.IsClusterDNSName(name) {
			out = append(out, queriedName{name: name})
		}
	}
	return out
}

// searchQueries are the queries of a pod's resolver for a name, in their order, before the query for
// the name itself.
func (n queriedName) searchQueries(namespace string) []string {
	if strings.Count(n.name, ".") >= ndots {
		return nil
	}
	var out []string
	for _, domain := range []string{namespace + ".svc.", "svc.", ""} {
		out = append(out, n.name+"."+domain+clusterDomain)
		if out[len(out)-1] == n.service {
			break
		}
	}
	return out
}
