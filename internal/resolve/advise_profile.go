package resolve

import (
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// reportProfile reports what the defaults allow and a profile may narrow, and what policies cannot do.
func (r *advisePass) reportProfile() {
	ref, path := r.profile.Ref, r.profile.Path
	r.refuseSubdomains(ref, r.profile.Spec.Baseline.DNS.Names, path.Child("baseline", "dns", "names"))
	if r.index.WithoutResources {
		r.report(report.Info, report.GeneratorSeesNoResources, ref, nil, "a generator sees no other resources, so it is unknown whether namespaces, pods and ports exist: list the fence in transformers to check them")
	}
	if allowOnlyTenants := r.allowOnlyTenants(); len(allowOnlyTenants) > 0 {
		r.report(report.Info, report.AllowOnly, ref, path.Child("enforcement"), "in AllowOnly, where this fence denies nothing (%s): set Enforce as soon as the flows are complete", strings.Join(allowOnlyTenants, ", "))
	}
	withDNS := len(r.unread) > 0 || len(r.namespacesWithDNS()) > 0
	if withDNS && slices.Contains(r.profile.Spec.Baseline.DNS.Names, "*") {
		narrow := "list the names to restrict it"
		if r.usesNetworkPolicies() {
			narrow = "a NetworkPolicy cannot restrict it"
		}
		r.report(report.Info, report.DNSNamesUnrestricted, ref, path.Child("baseline", "dns", "names"), "pods may query DNS for any name, which can carry data out of the cluster: %s", narrow)
	}
}

// reportTenantsMissing reports that the build has no Tenants.
func (r *advisePass) reportTenantsMissing() {
	exception := ""
	if len(r.fence.Nodes()) > 0 {
		exception = " except host policies"
	}
	r.warn(report.TenantsMissing, r.profile.Ref, nil, "the build has no Tenants, so the fence generates nothing%s and removes its earlier policies: list the Tenants in this layer, or in one below it", exception)
}

func (r *advisePass) allowOnlyTenants() []string {
	var out []string
	for _, t := range r.tenants {
		if t.Enforcement == v1alpha1.AllowOnly {
			out = append(out, t.Name)
		}
	}
	return out
}

// reportAllowIsolates reports that an allow isolates the pods that it selects.
func (r *advisePass) reportAllowIsolates() {
	const what = "an allow isolates the pods that it selects, so every stage denies what it does not allow, and tenants in AllowOnly get no policies"
	switch at := r.profile.Path; {
	case r.usesNetworkPolicies() && len(r.allowOnlyTenants()) == 0:
		r.report(report.Info, report.AllowPolicyIsolates, r.profile.Ref, at.Child("policies"), "with NetworkPolicies, "+what)
	case r.usesNetworkPolicies():
		r.warn(report.AllowPolicyIsolates, r.profile.Ref, at.Child("policies"), "with NetworkPolicies, "+what)
	case r.fence.AllowsIsolate:
		r.warn(report.AllowPolicyIsolates, r.profile.Ref, at.Child("cluster", "ciliumConfig"), "with %s: \"false\", %s", cilium.EnableNonDefaultDeny, what)
	case !r.fence.Additive():
		r.warn(report.AllowPolicyIsolates, r.profile.Ref, at.Child("cluster", "ciliumVersion"), "before Cilium %s, %s", cilium.AdditivePolicies.Introduced(), what)
	}
}

// reportEarlyDNSNames warns that restricted DNS names take effect before the last stage.
func (r *advisePass) reportEarlyDNSNames() {
	enforced := slices.ContainsFunc(r.tenants, func(t *tenant) bool { return t.Enforcement == v1alpha1.Enforce })
	additive := r.supports(cilium.AdditivePolicies)
	if enforced && additive && !r.supports(cilium.WildcardL7) && !slices.Contains(r.profile.Spec.Baseline.DNS.Names, "*") {
		r.warn(report.DNSNamesDenyEarly, r.profile.Ref, r.profile.Path.Child("baseline", "dns", "names"),
			"before Cilium %s, the stage Baseline already denies all other DNS names to tenants in Enforce: keep them in AllowOnly until the list of names is complete", cilium.WildcardL7.Introduced())
	}
}

// reportSharedEgressPoints names the tenants that share an egress point: its pods reach what any
// of them declares.
func (r *advisePass) reportSharedEgressPoints() {
	for i, p := range r.profile.Spec.EgressPoints {
		var users []string
		for _, f := range r.flows {
			if f.via == p.Name && !slices.Contains(users, f.tenant.Name) {
				users = append(users, f.tenant.Name)
			}
		}
		if len(users) > 1 {
			r.report(report.Info, report.EgressPointShared, r.profile.Ref, r.profile.Path.Child("egressPoints").Index(i),
				"%s share egress point %q: its pods reach what any of these Tenants declares, and only the application can separate them", strings.Join(users, ", "), p.Name)
		}
	}
}

// reportSharedEgressProxy names the tenants that share the egress proxy.
func (r *advisePass) reportSharedEgressProxy() {
	if r.fence.EgressProxy == nil {
		return
	}
	users := texts(r.fence.EgressProxy.Allowed, func(a policy.AllowedNames) string { return a.Tenant })
	slices.Sort(users)
	if users = slices.Compact(users); len(users) > 1 {
		r.report(report.Info, report.EgressProxyShared, r.profile.Ref, r.profile.Path.Child("egressProxy"),
			"%s share the egress proxy, which does not distinguish their pods: each of these Tenants may reach the names of all", strings.Join(users, ", "))
	}
}

// reportDefaultDeny reports the reach of a cluster-wide default-deny.
func (r *advisePass) reportDefaultDeny() {
	if r.deniesUnclaimed() {
		r.report(report.Info, report.AllNamespacesDefaultDenied, r.profile.Ref, r.profile.Path.Child("scope"),
			"default-deny applies to every namespace of the cluster, also outside this build, except tenants in AllowOnly and %s: add further exceptions to excludedNamespaces with the reason",
			strings.Join(r.fence.Clusterwide.Excluded, ", "))
	}
}

// reportEarlyL7 warns that L7 rules take effect before the last stage.
func (r *advisePass) reportEarlyL7() {
	if !r.supports(cilium.AdditivePolicies) || r.supports(cilium.WildcardL7) {
		return
	}
	var reasons []string
	for _, g := range r.fence.Grants {
		if !r.deniesEarly(g) {
			continue
		}
		for _, d := range []*policy.Declaration{g.Source, g.Destination} {
			if d != nil {
				reasons = append(reasons, d.Reason.String())
			}
		}
	}
	if len(reasons) > 0 {
		slices.Sort(reasons)
		r.warn(report.L7DeniesEarly, r.profile.Ref, r.profile.Path.Child("cluster", "ciliumVersion"),
			"before Cilium %s, the stage Allow already denies what http, dns and tls do not allow on the ports of these flows of tenants and nodes in Enforce (%s): keep the tenants and nodes in AllowOnly until the rules are complete",
			cilium.WildcardL7.Introduced(), strings.Join(slices.Compact(reasons), ", "))
	}
}

// deniesEarly reports whether the egress or ingress side of a grant has L7 rules and is enforced.
func (r *advisePass) deniesEarly(g policy.Grant) bool {
	// The baseline allows other names to tenants, and none to nodes.
	names := g.To.Kind == policy.FQDNs && g.From.Kind == policy.Nodes
	return (names || !g.L7.Unrestricted()) && r.fence.IsEnforced(g.From) || len(g.L7.HTTP()) > 0 && r.fence.IsEnforced(g.To)
}

// checkProfileAgainstBuild warns about parts of the profile that do not match the build. A baseline peer
// without any pods in the build may run elsewhere, and is no finding.
func (r *advisePass) checkProfileAgainstBuild() {
	at := r.profile.Path.Child("baseline")
	dns := r.profile.Spec.Baseline.DNS
	r.warnBaselinePeer(dns.Namespace, dns.Pods, at.Child("dns", "pods"))
	r.checkBaselineDNS()
	r.checkBaselineMonitoring()
	r.checkSearchList()
	r.checkPodDNS()
	r.reportWithoutDNS()
	r.checkServiceFacts()
	r.checkNodePorts()
	r.checkGatewayAddresses()
	r.checkFamilies()
	if m := r.profile.Spec.Baseline.Monitoring; m != nil {
		r.warnBaselinePeer(m.Namespace, m.Pods, at.Child("monitoring", "pods"))
		if len(m.Ports) == 0 {
			r.warn(report.MonitoringAllPorts, r.profile.Ref, at.Child("monitoring"),
				"the monitoring pods of namespace %q may reach every port of the pods of all tenants: list the scraped ports in baseline.monitoring.ports", m.Namespace)
		}
		named := slices.ContainsFunc(flow.PortsOf(m.Ports), func(p flow.Port) bool { return p.Name != "" })
		if named && (r.owner[m.Namespace] != nil || len(r.partialTenants[m.Namespace]) > 0) && !r.supports(cilium.NamedEgressPorts) {
			r.warn(report.NamedPortInEgress, r.profile.Ref, at.Child("monitoring", "ports"),
				"before Cilium %s, a port name works in egress only if all pods of the cluster give it the same number: use numbers, since namespace %q is fenced", cilium.NamedEgressPorts.Introduced(), m.Namespace)
		}
	}
	r.reportUnusedFlows()
}

// warnBaselinePeer warns about a selector that selects none of the pods of its namespace.
func (r *advisePass) warnBaselinePeer(namespace string, pods *metav1.LabelSelector, at *field.Path) {
	if len(r.index.WorkloadsIn(namespace, endpoints.Selector{})) > 0 && len(r.index.WorkloadsIn(namespace, endpoints.SelectorOf(pods))) == 0 {
		r.warn(report.BaselinePodsNotFound, r.profile.Ref, at, "%s", r.podsNotFound([]string{namespace}, endpoints.SelectorOf(pods), ""))
	}
}

// reportUnusedFlows reports the flows of the profile for which no tenant has pods.
func (r *advisePass) reportUnusedFlows() {
	used, users := map[string]bool{}, map[report.Reason][]*declaredFlow{}
	for _, f := range r.declared {
		if f.fromProfile && f.outcome != withoutPods {
			used[f.name] = used[f.name] || !f.outcome.off()
			users[f.reason] = append(users[f.reason], f)
		}
	}
	allTenants := r.profile.Spec.AllTenants
	at, reason := r.profile.Path.Child("allTenants"), r.fence.Profile.Child("allTenants")
	add := func(name string, of flow.Direction, peers []v1alpha1.Peer, at, peersAt *field.Path) {
		tenants := users[reason.Child(string(of)+"["+name+"]")]
		if len(r.unread) == 0 && !r.reportUnusedRelations(name, tenants, peers, peersAt) && !used[name] {
			r.report(report.Info, report.AllTenantsFlowUnused, r.profile.Ref, at, "no Tenant has pods of flow %q, or the flow is inactive for all Tenants", name)
		}
	}
	for i, f := range allTenants.Ingress {
		at := at.Child("ingress").Index(i)
		add(f.Name, flow.Ingress, f.From, at, at.Child("from"))
	}
	for i, f := range allTenants.Egress {
		at := at.Child("egress").Index(i)
		add(f.Name, flow.Egress, f.To, at, at.Child("to"))
	}
}

func (r *advisePass) refuseSubdomains(ref report.Ref, names []string, at *field.Path) {
	for i, n := range names {
		r.refuseSubdomain(ref, n, at.Index(i))
	}
}

// reportUnusedRelations reports each peer of a flow of allTenants that is about children or the parent,
// and applies to none of its users, the tenants with pods of the flow. It reports whether it found any.
func (r *advisePass) reportUnusedRelations(name string, users []*declaredFlow, peers []v1alpha1.Peer, at *field.Path) bool {
	found := false
	for i, p := range peers {
		applies := func(f *declaredFlow) bool { return r.appliesTo(f, p) }
		if len(users) == 0 || !p.Children && !p.Parent || slices.ContainsFunc(users, applies) {
			continue
		}
		found = true
		what := "children in the build"
		if p.Parent {
			what = "a parent"
		}
		if len(r.relation.unclear) == 0 && !r.index.Partial {
			r.report(report.Info, report.ChildrenUnused, r.profile.Ref, at.Index(i), "no Tenant with pods of flow %q has %s, so this peer is in no policy until one has", name, what)
		}
	}
	return found
}

// checkBaselineMonitoring compares baseline.monitoring with the pods of the build: those that scrape,
// and the port names of those that are scraped. Missing pods are no finding.
func (r *advisePass) checkBaselineMonitoring() {
	m := r.profile.Spec.Baseline.Monitoring
	if m == nil || r.index.WithoutResources {
		return
	}
	at := r.profile.Path.Child("baseline", "monitoring")
	selector := endpoints.SelectorOf(m.Pods)
	pods := r.index.WorkloadsIn(m.Namespace, selector)
	onNodes := slices.DeleteFunc(slices.Clone(pods), func(w *resource.Workload) bool { return !w.HostNetwork })
	const why = "%s uses hostNetwork, and no policy selects such pods by labels: what they scrape is denied: "
	switch {
	case len(onNodes) == 0:
	case endpoints.SelectsAll(selector) && len(onNodes) < len(pods):
		r.warn(report.MonitoringPodsOnHostNetwork, r.profile.Ref, at, why+"list the pods that scrape in baseline.monitoring.pods", describeWorkloads(onNodes))
	default:
		r.refuse(report.MonitoringPodsOnHostNetwork, r.profile.Ref, at.Child("pods"),
			why+"allow them by a flow in allTenants.ingress with from: [{entities: [host, remote-node]}] and the ports, and exclude them here", describeWorkloads(onNodes))
	}
	for i := range m.Ports {
		port := flow.PortsOf(m.Ports[i : i+1])
		if port[0].IsNamed() && r.tenantsHavePods() && !r.tenantsDeclarePort(port) {
			r.warn(report.MonitoringPortUnknown, r.profile.Ref, at.Child("ports").Index(i),
				"no pod of a tenant in the build has a port %s, so nothing is scraped there: correct the name, or write the number", port[0])
		}
	}
}

// tenantsHavePods reports whether some tenant has pods in the build.
func (r *advisePass) tenantsHavePods() bool {
	return slices.ContainsFunc(r.index.Workloads, func(w *resource.Workload) bool { return r.fence.OwnerOfPod(w.Ref.Namespace, w.Labels) != nil })
}

// tenantsDeclarePort reports whether a pod of some tenant gives one of some ports its name.
func (r *advisePass) tenantsDeclarePort(ports []flow.Port) bool {
	return slices.ContainsFunc(r.index.Workloads, func(w *resource.Workload) bool {
		return !w.HostNetwork && r.fence.OwnerOfPod(w.Ref.Namespace, w.Labels) != nil && slices.ContainsFunc(w.Ports, func(n endpoints.NamedPort) bool {
			return slices.ContainsFunc(ports, func(p flow.Port) bool { return n.Name == p.Name && n.Protocol == p.Protocol })
		})
	})
}
