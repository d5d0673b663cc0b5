package resolve

import (
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// podPeers are the peers for a selector in namespaces of a tenant, as far as it selects pods there. A
// selector for all pods needs no pods: they may be created later.
func (r *facts) podPeers(t *tenant, namespaces []string, pods endpoints.Selector) []policy.Peer {
	pods, ok := t.OwnPods(pods)
	if !ok {
		return nil
	}
	var out []policy.Peer
	for _, ns := range namespaces {
		if r.index.WithoutResources || r.index.Partial || endpoints.SelectsAll(pods) || len(r.index.WorkloadsIn(ns, pods)) > 0 {
			peer := t.PeerIn(ns)
			peer.Pods = pods
			out = append(out, peer)
		}
	}
	return out
}

// namespacesWith are the namespaces of the build with all of the labels, including the name label of
// every namespace, and the labels that the profile sets on namespaces of tenants.
func (r *facts) namespacesWith(required map[string]string) []string {
	all := map[string]labels.Set{}
	for name, ns := range r.index.Namespaces {
		all[name] = ns.Labels
	}
	for name := range r.owner {
		if of, known := all[name]; known || len(required) == 0 {
			all[name] = labels.Merge(of, r.profile.Spec.Tenants.NamespaceLabels)
		}
	}
	for name := range r.partialTenants {
		if len(required) == 0 && all[name] == nil {
			all[name] = nil
		}
	}
	var out []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if labels.SelectorFromSet(required).Matches(labels.Merge(all[name], labels.Set{corev1.LabelMetadataName: name})) {
			out = append(out, name)
		}
	}
	return out
}

// isShared reports whether several tenants may have a namespace.
func (r *facts) isShared(namespace string) bool {
	return slices.Contains(r.profile.Spec.SharedNamespaces, namespace)
}

// isPartial reports whether a namespace is fenced in part: its Tenants have the pods in spec.pods
// alone. So is each shared namespace, and one whose only Tenant sets spec.pods.
func (r *facts) isPartial(namespace string) bool {
	return r.isShared(namespace) || len(r.partialTenants[namespace]) > 0
}

// describePartial describes a namespace that is fenced in part.
func (r *claimPass) describePartial(namespace string) string {
	if r.isShared(namespace) {
		return "shared"
	}
	return "partly fenced"
}

// holderOf is the tenant that has a namespace for itself, all of it or in part, or nil. It alone
// chooses the labels of the pods and the Services there.
func (r *facts) holderOf(namespace string) *tenant {
	if all := r.partialTenants[namespace]; len(all) > 0 && !r.isShared(namespace) {
		return all[0]
	}
	return r.owner[namespace]
}

// ownerOfPod is the tenant that has a workload's pods, or nil.
func (r *facts) ownerOfPod(w *resource.Workload) *tenant {
	if t := r.owner[w.Ref.Namespace]; t != nil {
		return t
	}
	all := r.partialTenants[w.Ref.Namespace]
	if i := slices.IndexFunc(all, func(t *tenant) bool { return endpoints.Selects(t.Selector, w.Labels) }); i >= 0 {
		return all[i]
	}
	return nil
}

// ownerOf is the tenant that has a peer's pods, or nil.
func (r *facts) ownerOf(p policy.Peer) *tenant {
	switch {
	case p.Kind == policy.Nodes:
		return nil
	case p.Owner != "":
		return r.byName[p.Owner]
	}
	return r.owner[p.Namespace]
}

// podsByTenant are the pods that a selector selects in a namespace, as one peer a tenant, and their
// tenants. The tenant of unclaimed pods is nil.
func (r *facts) podsByTenant(namespace string, pods endpoints.Selector) (peers []policy.Peer, owners []*tenant) {
	for _, t := range append(slices.Clone(r.partialTenants[namespace]), r.owner[namespace]) {
		if t == nil {
			continue
		}
		for _, peer := range r.podPeers(t, []string{namespace}, pods) {
			peers, owners = append(peers, peer), append(owners, t)
		}
	}
	if r.owner[namespace] != nil || !r.selectsUnclaimed(namespace, pods) {
		return peers, owners
	}
	return append(peers, policy.Peer{Kind: policy.Pods, Namespace: namespace, Pods: pods}), append(owners, nil)
}

// selectsUnclaimed reports whether a selector may select pods without a tenant.
func (r *facts) selectsUnclaimed(namespace string, pods endpoints.Selector) bool {
	if r.index.WithoutResources || r.index.Partial || endpoints.SelectsAll(pods) {
		return true
	}
	return slices.ContainsFunc(r.index.WorkloadsIn(namespace, pods), func(w *resource.Workload) bool { return r.ownerOfPod(w) == nil })
}

// dnsPort is the port that clients of DNS dial.
const dnsPort = 53

// includesDNS reports whether a peer includes pods of the cluster's DNS.
func (r *facts) includesDNS(p policy.Peer) bool {
	dns := r.profile.Spec.Baseline.DNS
	switch {
	case p.Kind == policy.Entities:
		return slices.ContainsFunc(p.Entities, r.entityIncludesDNS)
	case p.Kind != policy.Pods || slices.Contains(p.ExcludedNamespaces, dns.Namespace):
		return false
	case p.Namespace != "" && p.Namespace != dns.Namespace:
		return false
	case p.Namespace == "" && len(p.NamespaceLabels) > 0 && !slices.Contains(r.namespacesWith(p.NamespaceLabels), dns.Namespace):
		return false
	}
	_, ok := endpoints.Intersect(p.Pods, endpoints.SelectorOf(dns.Pods))
	return ok
}

// entityIncludesDNS reports whether an entity includes pods of the cluster's DNS.
func (r *facts) entityIncludesDNS(e v1alpha1.Entity) bool {
	dns := r.profile.Spec.Baseline.DNS
	switch e {
	case v1alpha1.EntityCluster, v1alpha1.EntityAll:
		return true
	case v1alpha1.EntityHost:
		return dns.NodeLocal || dns.HostNetwork
	case v1alpha1.EntityRemoteNode:
		return dns.HostNetwork
	}
	return false
}

// includesDNSPort reports whether ports include that of DNS.
func includesDNSPort(ports []flow.Port, dns int32) bool {
	return len(ports) == 0 || slices.ContainsFunc(ports, func(p flow.Port) bool {
		return p.IsNamed() || p.Protocol != flow.ICMP && p.Protocol != v1alpha1.SCTP && p.Port <= dns && dns <= max(p.Port, p.End)
	})
}
