package resolve

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

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
