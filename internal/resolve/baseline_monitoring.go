package resolve

import (
	"slices"

	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// checkBaselineMonitoring compares baseline.monitoring with the pods of the build: those that scrape,
// and the port names of those that are scraped. Missing pods are no finding.
func (r *resolver) checkBaselineMonitoring() {
	m := r.profile.Spec.Baseline.Monitoring
	if m == nil || r.networkPolicyForm || r.index.WithoutResources {
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
func (r *resolver) tenantsHavePods() bool {
	return slices.ContainsFunc(r.index.Workloads, func(w *resource.Workload) bool { return r.fence.OwnerOfPod(w.Ref.Namespace, w.Labels) != nil })
}

// tenantsDeclarePort reports whether a pod of some tenant gives one of some ports its name.
func (r *resolver) tenantsDeclarePort(ports []flow.Port) bool {
	return slices.ContainsFunc(r.index.Workloads, func(w *resource.Workload) bool {
		return !w.HostNetwork && r.fence.OwnerOfPod(w.Ref.Namespace, w.Labels) != nil && slices.ContainsFunc(w.Ports, func(n endpoints.NamedPort) bool {
			return slices.ContainsFunc(ports, func(p flow.Port) bool { return n.Name == p.Name && n.Protocol == p.Protocol })
		})
	})
}
