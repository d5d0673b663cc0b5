package resolve

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// checkPodDNS warns of flows to names that their pods do not resolve at the cluster's DNS,
// where Cilium's proxy would learn the addresses.
func (r *resolver) checkPodDNS() {
	if r.twin {
		return
	}
	for _, f := range r.flows {
		for _, e := range f.ends {
			r.checkNames(f, e.namesAsked(), e.path)
		}
	}
	r.checkPodSearches()
}

// namesAsked are the names by which pods ask for an end.
func (e end) namesAsked() []string {
	if e.peer.Kind == policy.FQDNs {
		return e.peer.FQDNs
	}
	return e.names
}

// checkNames warns of the first of a flow's pods, and the first name, of each kind.
func (r *resolver) checkNames(f *flow, names []string, at *field.Path) {
	if len(names) == 0 {
		return
	}
	aliased, elsewhere, beside := false, false, r.kubernetes()
	for _, w := range r.podsOf(f) {
		for _, name := range names {
			if alias, ip, ok := w.AliasOf(name); ok && !aliased && name != "*" {
				aliased = true
				r.warn("pod-host-alias", f.ref, at,
					"flow %q: hostAliases of %s %s/%s map %s to %s, so its pods resolve the name without DNS, and Cilium decides about that address alone: add a peer cidrs: [%s], or remove the alias",
					f.name, w.Ref.Kind, w.Ref.Namespace, w.Ref.Name, alias, ip, policy.HostNetwork(ip))
			}
			if w.DNS.Beside() && !beside {
				beside = true
				r.say(policy.Info, "pod-dns-elsewhere", f.ref, at, "flow %q: dnsConfig of %s %s/%s lists nameservers beside the cluster's DNS (%s), of whose answers Cilium learns no address: remove them, or the flow is denied after such an answer",
					f.name, w.Ref.Kind, w.Ref.Namespace, w.Ref.Name, strings.Join(w.DNS.Nameservers, ", "))
			}
			if where := r.index.AsksElsewhere(r.fence, w, name); where != "" && !elsewhere && !r.kubernetes() {
				elsewhere = true
				r.warn("pod-dns-elsewhere", f.ref, at,
					"flow %q: %s %s/%s does not resolve %s at the cluster's DNS (%s), so Cilium learns no address of it and denies the flow: set dnsPolicy: ClusterFirst, or add a flow with dns: [%q] to its nameserver; if that is the cluster's DNS, declare its Service with the clusterIP as an external resource",
					f.name, w.Ref.Kind, w.Ref.Namespace, w.Ref.Name, name, where, name)
			}
		}
	}
}

// podsOf are the workloads with pods of their own that a flow is about.
func (r *resolver) podsOf(f *flow) []*resource.Workload {
	var out []*resource.Workload
	for _, own := range f.own {
		if own.Kind != policy.Pods || f.direction != policy.Egress {
			continue
		}
		for _, w := range r.index.In(own.Namespace, own.Pods) {
			if !w.HostNetwork {
				out = append(out, w)
			}
		}
	}
	return out
}

// checkPodSearches warns where narrowed names refuse what pods ask for by search domains of
// their own.
func (r *resolver) checkPodSearches() {
	names := r.profile.Spec.Baseline.DNS.Names
	if slices.Contains(names, "*") || r.kubernetes() {
		return
	}
	for _, namespace := range r.tenantNamespaces() {
		for _, w := range r.index.In(namespace, policy.Selector{}) {
			if w.HostNetwork || w.DNS.Policy == "Default" {
				continue
			}
			for _, domain := range w.DNS.Searches {
				r.checkSearch(w, namespace, strings.ToLower(strings.Trim(domain, ".")), names)
			}
		}
	}
}

// checkSearch warns of the first name that pods ask for with a search domain, and that is
// refused.
func (r *resolver) checkSearch(w *resource.Workload, namespace, domain string, names []string) {
	for _, name := range r.namesOfPods(namespace) {
		question := name.name + "." + domain
		if domain == "" || name.service != "" || strings.Count(name.name, ".") >= ndots || policy.SomeCovers(names, question) {
			continue
		}
		r.warn("dns-names-without-search-list", r.profile.Ref, r.profile.Path.Child("baseline", "dns", "names"),
			"do not cover %q, which %s %s/%s asks for to resolve %q, by the search domain %s of its dnsConfig: the refused question ends the search in images with musl: add %s, or remove the search domain",
			question, w.Ref.Kind, w.Ref.Namespace, w.Ref.Name, name.name, domain, r.searchPatterns(domain))
		return
	}
}
