package resolve

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
)

// clusterDomain is that of the names of Services, and ndots the dots from which a pod's
// resolver asks for a name itself first, as Kubernetes sets both.
const (
	clusterDomain = "cluster.local"
	ndots         = 5
)

// searched are the most labels before the cluster's domain in a question of a pod's
// resolver: a name of less than ndots dots, with NAMESPACE.svc behind it.
const searched = ndots + 2

// checkSearchList warns where narrowed names refuse what pods' resolvers ask for. They ask
// for each name with the search list first, and a refused question ends the search of musl,
// so that the name itself is never asked for.
func (r *resolver) checkSearchList() {
	names := r.profile.Spec.Baseline.DNS.Names
	if slices.Contains(names, "*") || r.twin {
		return
	}
	for _, namespace := range r.tenantNamespaces() {
		for _, name := range r.namesOfPods() {
			for _, question := range questions(name, namespace) {
				if policy.SomeCovers(names, question) {
					continue
				}
				r.warn("dns-names-without-search-list", r.profile.Ref, r.profile.Path.Child("baseline", "dns", "names"),
					"do not cover %q, which a pod asks for first to resolve %q, by its search list: the refused question ends the search in images with musl: add %s, and the same for search domains of the nodes",
					question, name, r.searchPatterns())
				return
			}
		}
	}
}

// searchPatterns are those that cover every question of the search list.
func (r *resolver) searchPatterns() string {
	if r.has(policy.SubdomainPatterns) {
		return fmt.Sprintf("%q", "**."+clusterDomain)
	}
	var out []string
	for n := range searched {
		out = append(out, fmt.Sprintf("%q", strings.Repeat("*.", n+1)+clusterDomain))
	}
	return strings.Join(out, ", ")
}

func (r *resolver) tenantNamespaces() []string {
	var out []string
	for _, t := range r.tenants {
		out = append(out, t.Namespaces...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// namesOfPods are names that pods resolve: a Service in each of its forms, and an example of
// each name outside that flows have.
func (r *resolver) namesOfPods() []string {
	outside := slices.Clone(r.profile.Spec.Baseline.DNS.Names)
	for _, f := range r.flows {
		for _, p := range f.peers {
			outside = append(outside, p.FQDNs...)
		}
	}
	slices.Sort(outside)
	out := []string{"web", "web.other", "web.other.svc", "web.other.svc." + clusterDomain}
	for _, name := range slices.Compact(outside) {
		if name = strings.ReplaceAll(strings.ToLower(strings.TrimSuffix(name, ".")), "*", "x"); !v1alpha1.OfCluster(name) {
			out = append(out, strings.ReplaceAll(name, "xx", "x"))
		}
	}
	return out
}

// questions are those of a pod's resolver about a name before the one for the name itself.
func questions(name, namespace string) []string {
	if strings.Count(name, ".") >= ndots {
		return nil
	}
	var out []string
	for _, domain := range []string{namespace + ".svc.", "svc.", ""} {
		out = append(out, name+"."+domain+clusterDomain)
	}
	return out
}
