package resolve

import (
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// In a shared namespace, each tenant chooses the labels of its pods, and may write a Service that
// selects pods of another. So the profile binds the rights of such pods to one owner.

// checkSingleOwner refuses a selector of the profile that selects pods of several owners in a shared
// namespace: a tenant could join it by labelling its pods.
func (r *resolver) checkSingleOwner(namespace string, pods endpoints.Selector, at *field.Path) {
	if r.index.Partial || !r.isPartial(namespace) {
		return
	}
	all := r.index.WorkloadsIn(namespace, pods)
	for _, w := range all {
		if first, other := r.ownerOfPod(all[0]), r.ownerOfPod(w); first != other {
			r.refuse(report.SelectorSpansTenants, r.profile.Ref, at, "selects %[2]s of %[3]s and %[4]s of %[5]s in the %[6]s namespace %[1]q, where each Tenant chooses its labels: give these pods one Tenant, and add its label to the selector",
				namespace, all[0].Ref.Name, describeTenant(first), w.Ref.Name, describeTenant(other), r.describePartial(namespace))
			return
		}
	}
}

// needsSingleOwner reports whether all pods behind a cluster hostname must be those of the tenant that
// the profile names.
func (r *resolver) needsSingleOwner(l policy.ClusterHostname) bool {
	return r.isShared(l.Namespace) || l.Tenant != "" && r.isPartial(l.Namespace)
}

// singleOwnerPods are the pods behind a Service in a shared namespace, of the tenant that the profile
// names. ok is false if that is refused.
func (r *resolver) singleOwnerPods(l policy.ClusterHostname, s *resource.Service, at *field.Path) (pods []policy.Peer, ok bool) {
	behind := endpoints.Selector{MatchLabels: s.Selector}
	owner := r.byName[l.Tenant]
	switch {
	case r.unread[l.Tenant]:
		return nil, false
	case l.Tenant == "":
		r.refuse(report.ClusterHostnameWithoutTenant, r.profile.Ref, at.Child("tenant"), "is not set, and Service %q is in a shared namespace, where each Tenant may write it: set the Tenant of the pods behind it", l.Target())
		return nil, false
	case owner == nil || !slices.Contains(r.partialTenants[l.Namespace], owner):
		r.refuse(report.ClusterHostnameWithoutTenant, r.profile.Ref, at.Child("tenant"), "Tenant %q has no pods in namespace %q of Service %q: %s", l.Tenant, l.Namespace, l.Target(), r.ownerFix(l))
		return nil, false
	}
	for _, w := range r.index.WorkloadsIn(l.Namespace, behind) {
		if t := r.ownerOfPod(w); t != owner {
			r.refuse(report.ClusterHostnameWithoutTenant, r.profile.Ref, at.Child("service"), "Service %q selects %s, which belongs to %s and not to Tenant %q: add its labels, %s, to the Service's selector",
				l.Target(), w.Ref.Name, describeTenant(t), owner.Name, endpoints.FormatLabels(owner.Selector.MatchLabels))
			return nil, false
		}
	}
	return r.podPeers(owner, []string{l.Namespace}, behind), true
}

// ownerFix is the fix for an entry of clusterHostnames with a tenant that is not in its namespace.
func (r *resolver) ownerFix(l policy.ClusterHostname) string {
	var sharing []string
	for _, t := range r.partialTenants[l.Namespace] {
		sharing = append(sharing, t.Name)
	}
	if len(sharing) == 0 {
		return "set the Tenant of the pods behind it"
	}
	return v1alpha1.DidYouMean(l.Tenant, sharing)
}

func describeTenant(t *tenant) string {
	if t == nil {
		return "no Tenant"
	}
	return "Tenant " + endpoints.JSONKey(t.Name)
}

// checkTargetPortsDeclared refuses target ports that no pod behind a Service declares, in a shared
// namespace: a tenant that writes the Service could choose any port of another tenant's pods.
func (r *resolver) checkTargetPortsDeclared(s *resource.Service, ports []flow.Port, at *field.Path) bool {
	if !r.isShared(s.Ref.Namespace) {
		return true
	}
	pods := r.index.WorkloadsIn(s.Ref.Namespace, endpoints.Selector{MatchLabels: s.Selector})
	for _, p := range ports {
		if !p.IsNamed() && !slices.ContainsFunc(pods, func(w *resource.Workload) bool { return slices.Contains(w.DeclaredPorts, p) }) {
			r.refuse(report.ContainerPortUndeclared, r.profile.Ref, at, "Service %s/%s in a shared namespace, where any Tenant may write it, has target port %s, which no container behind it declares: add it to the containers' ports, or correct the Service", s.Ref.Namespace, s.Ref.Name, p)
			return false
		}
	}
	return true
}

// checkHostnameTenant refuses clusterHostnames[].tenant without effect: the namespace is not shared,
// and belongs to another tenant or none.
func (r *resolver) checkHostnameTenant(l policy.ClusterHostname, at *field.Path) bool {
	owner := r.holderOf(l.Namespace)
	if l.Tenant == "" || owner != nil && owner.Name == l.Tenant {
		return true
	}
	r.refuse(report.ClusterHostnameWithoutTenant, r.profile.Ref, at.Child("tenant"), "Tenant %q does not have namespace %q of Service %q, which is not in sharedNamespaces either: correct the Tenant, or remove it", l.Tenant, l.Namespace, l.Target())
	return false
}

// withTenantConsent is a flow of the profile as one of its tenant, if its peer is a Service in a shared
// namespace: the profile does not name the tenants of the pods behind it, so they must consent. No
// tenant can consent for nodes: for them, the ports must be declared.
func (r *resolver) withTenantConsent(f *declaredFlow, s *resource.Service) *declaredFlow {
	out := *f
	out.fromProfile = f.fromProfile && (f.tenant.IsNodes() || !r.isShared(s.Ref.Namespace))
	return &out
}

// checkBaselineOwners checks that baseline peers in shared namespaces have one owner.
func (r *resolver) checkBaselineOwners() {
	b, at := r.profile.Spec.Baseline, r.profile.Path.Child("baseline")
	r.checkSingleOwner(b.DNS.Namespace, endpoints.SelectorOf(b.DNS.Pods), at.Child("dns", "pods"))
	if b.DNS.NodeLocal {
		r.checkSingleOwner(b.DNS.Namespace, policy.NodeLocalDNS(b.DNS.Namespace).Pods, at.Child("dns", "nodeLocal"))
	}
	if m := b.Monitoring; m != nil {
		r.checkSingleOwner(m.Namespace, endpoints.SelectorOf(m.Pods), at.Child("monitoring", "pods"))
	}
	if p := r.profile.Spec.EgressProxy; p != nil {
		r.checkSingleOwner(p.Namespace, endpoints.SelectorOf(p.Pods), r.profile.Path.Child("egressProxy", "pods"))
	}
}
