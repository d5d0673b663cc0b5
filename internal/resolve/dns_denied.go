package resolve

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// reportDNSDenied warns about pods without a tenant that a fenced DNS server does not answer: the
// baseline is for tenants.
func (r *resolver) reportDNSDenied() {
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
func (r *resolver) admittedWithTenant(namespace string) bool {
	return len(r.partialTenants[namespace]) == 1
}

// admitsDNSOf reports whether a flow of the tenant with the DNS pods is granted to a workload.
func (r *resolver) admitsDNSOf(owner *tenant, w *resource.Workload) bool {
	return slices.ContainsFunc(owner.flows, func(f *declaredFlow) bool {
		return f.direction == flow.Ingress && slices.ContainsFunc(f.own, r.includesDNS) && slices.ContainsFunc(f.granted, func(e resolvedPeer) bool {
			return includesDNSPort(f.portsOf(e), r.profile.Spec.Baseline.DNS.Port) && r.includesWorkload(e.peer, w)
		})
	})
}

// includesWorkload reports whether a peer includes the pods of a workload.
func (r *resolver) includesWorkload(p policy.Peer, w *resource.Workload) bool {
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

func eachNamespace(names []string) []string {
	var out []string
	for _, ns := range names {
		out = append(out, fmt.Sprintf("{namespace: %s}", ns))
	}
	return out
}
