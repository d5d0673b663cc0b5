package resolve

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/report"
)

// checkProfileAgainstBuild warns about parts of the profile that do not match the build. A baseline peer
// without any pods in the build may run elsewhere, and is no finding.
func (r *resolver) checkProfileAgainstBuild() {
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
func (r *resolver) warnBaselinePeer(namespace string, pods *metav1.LabelSelector, at *field.Path) {
	if len(r.index.WorkloadsIn(namespace, endpoints.Selector{})) > 0 && len(r.index.WorkloadsIn(namespace, endpoints.SelectorOf(pods))) == 0 {
		r.warn(report.BaselinePodsNotFound, r.profile.Ref, at, "%s", r.podsNotFound([]string{namespace}, endpoints.SelectorOf(pods), ""))
	}
}

// reportUnusedFlows reports the flows of the profile for which no tenant has pods.
func (r *resolver) reportUnusedFlows() {
	used := map[string]bool{}
	for _, f := range r.flows {
		if f.fromProfile {
			used[f.name] = true
		}
	}
	allTenants := r.profile.Spec.AllTenants
	at := r.profile.Path.Child("allTenants")
	add := func(name string, peers []v1alpha1.Peer, at, peersAt *field.Path) {
		if len(r.unread) == 0 && !r.reportUnusedRelations(name, peers, at, peersAt) && !used[name] {
			r.report(report.Info, report.AllTenantsFlowUnused, r.profile.Ref, at, "no Tenant has pods of flow %q, or the flow is inactive for all Tenants", name)
		}
	}
	for i, f := range allTenants.Ingress {
		at := at.Child("ingress").Index(i)
		add(f.Name, f.From, at, at.Child("from"))
	}
	for i, f := range allTenants.Egress {
		at := at.Child("egress").Index(i)
		add(f.Name, f.To, at, at.Child("to"))
	}
}
