package resolve

import (
	"slices"

	"github.com/tenantfence/tenantfence/internal/report"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// In a namespace that several tenants share, each may label its pods as it likes, and may
// write a Service that selects another's. So what the profile gives to pods there is bound
// to one owner.

// checkSingleOwner refuses a selector of the profile that selects pods of several owners in a shared
// namespace: a tenant there joins by a label that it gives its own pods.
func (r *resolver) checkSingleOwner(namespace string, pods policy.Selector, at *field.Path) {
	if r.index.Partial || !r.isShared(namespace) {
		return
	}
	all := r.index.WorkloadsIn(namespace, pods)
	for _, w := range all {
		if first, other := r.ownerOfPod(all[0]), r.ownerOfPod(w); first != other {
			r.refuse(report.SelectorSpansTenants, r.profile.Ref, at, "selects, in the shared namespace %q, %s of %s and %s of %s: a tenant there chooses its pods' labels, so give these pods one owner, and add its own label to the selector",
				namespace, all[0].Ref.Name, describeTenant(first), w.Ref.Name, describeTenant(other))
			return
		}
	}
}

// singleOwnerPods returns the pods of the owner that the profile names behind a Service in a
// shared namespace. ok is false where that is refused.
func (r *resolver) singleOwnerPods(l policy.ClusterHostname, s *resource.Service, at *field.Path) (pods []policy.Peer, ok bool) {
	behind := policy.Selector{MatchLabels: s.Selector}
	owner := r.byName[l.Tenant]
	switch {
	case r.unread[l.Tenant]:
		return nil, false
	case l.Tenant == "":
		r.refuse(report.ClusterHostnameWithoutTenant, r.profile.Ref, at.Child("tenant"), "is missing: Service %q is in a shared namespace, where each tenant may write it: name the Tenant whose pods are behind it", l.Target())
		return nil, false
	case owner == nil || !slices.Contains(r.sharingTenants[l.Namespace], owner):
		r.refuse(report.ClusterHostnameWithoutTenant, r.profile.Ref, at.Child("tenant"), "Tenant %q has no pods in namespace %q of Service %q: name the Tenant whose pods are behind it", l.Tenant, l.Namespace, l.Target())
		return nil, false
	}
	for _, w := range r.index.WorkloadsIn(l.Namespace, behind) {
		if t := r.ownerOfPod(w); t != owner {
			r.refuse(report.ClusterHostnameWithoutTenant, r.profile.Ref, at.Child("service"), "Service %q selects %s, which belongs to %s and not to Tenant %q: add its labels, %s, to the Service's selector",
				l.Target(), w.Ref.Name, describeTenant(t), owner.Name, policy.FormatLabels(owner.Pods.MatchLabels))
			return nil, false
		}
	}
	return r.podPeers(owner, []string{l.Namespace}, behind), true
}

func describeTenant(t *tenant) string {
	if t == nil {
		return "no Tenant"
	}
	return "Tenant " + policy.JSONKey(t.Name)
}

// checkTargetPortsDeclared refuses target ports that no pod behind a Service declares, where any tenant of
// a shared namespace may write it: it would choose which of another's ports it opens.
func (r *resolver) checkTargetPortsDeclared(s *resource.Service, ports []policy.Port, at *field.Path) bool {
	if !r.isShared(s.Ref.Namespace) {
		return true
	}
	pods := r.index.WorkloadsIn(s.Ref.Namespace, policy.Selector{MatchLabels: s.Selector})
	for _, p := range ports {
		if !p.IsNamed() && !slices.ContainsFunc(pods, func(w *resource.Workload) bool { return slices.Contains(w.DeclaredPorts, p) }) {
			r.refuse(report.ContainerPortUndeclared, r.profile.Ref, at, "Service %s/%s in a shared namespace, where any of its tenants may write it, sends to port %s, which no container behind it declares: add it to the containers' ports, or correct the Service", s.Ref.Namespace, s.Ref.Name, p)
			return false
		}
	}
	return true
}

// checkHostnameTenant refuses clusterHostnames[].tenant where the namespace is not shared: it would bind
// nothing.
func (r *resolver) checkHostnameTenant(l policy.ClusterHostname, at *field.Path) bool {
	owner := r.owner[l.Namespace]
	if l.Tenant == "" || owner != nil && owner.Name == l.Tenant {
		return true
	}
	r.refuse(report.ClusterHostnameWithoutTenant, r.profile.Ref, at.Child("tenant"), "Tenant %q does not have namespace %q of Service %q, which is not one of sharedNamespaces either: correct it, or remove it", l.Tenant, l.Namespace, l.Target())
	return false
}

// withTenantConsent is a flow of the profile as one of its tenant, where a Service in a shared
// namespace decides where it leads: the profile does not know whose pods these are, so their
// tenants must consent. No tenant can consent for nodes: for them, the ports must be declared.
func (r *resolver) withTenantConsent(f *flow, s *resource.Service) *flow {
	out := *f
	out.fromProfile = f.fromProfile && (f.node != "" || !r.isShared(s.Ref.Namespace))
	return &out
}

// checkBaselineOwners holds the baseline's peers against the pods of shared namespaces.
func (r *resolver) checkBaselineOwners() {
	b, at := r.profile.Spec.Baseline, r.profile.Path.Child("baseline")
	r.checkSingleOwner(b.DNS.Namespace, policy.SelectorOf(b.DNS.Pods), at.Child("dns", "pods"))
	if b.DNS.NodeLocal {
		r.checkSingleOwner(b.DNS.Namespace, policy.NodeLocalDNS(b.DNS.Namespace).Pods, at.Child("dns", "nodeLocal"))
	}
	if m := b.Monitoring; m != nil {
		r.checkSingleOwner(m.Namespace, policy.SelectorOf(m.Pods), at.Child("monitoring", "pods"))
	}
	if p := r.profile.Spec.EgressProxy; p != nil {
		r.checkSingleOwner(p.Namespace, policy.SelectorOf(p.Pods), r.profile.Path.Child("egressProxy", "pods"))
	}
}
