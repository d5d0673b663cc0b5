package resolve

import (
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// In a namespace that several tenants share, each may label its pods as it likes, and may
// write a Service that selects another's. So what the profile gives to pods there is bound
// to one owner.

// checkBound refuses a selector of the profile that selects pods of several owners in a shared
// namespace: a tenant there joins by a label that it gives its own pods.
func (r *resolver) checkBound(namespace string, pods policy.Selector, at *field.Path) {
	if r.index.Partial || !r.shared(namespace) {
		return
	}
	all := r.index.In(namespace, pods)
	for _, w := range all {
		if first, other := r.ownerOfPod(all[0]), r.ownerOfPod(w); first != other {
			r.refuse("unbound-pods", r.profile.Ref, at, "selects, in the shared namespace %q, %s of %s and %s of %s: a tenant there chooses its pods' labels, so give these pods one owner, and add its own label to the selector",
				namespace, all[0].Ref.Name, whose(first), w.Ref.Name, whose(other))
			return
		}
	}
}

// boundService returns the pods of the owner that the profile names behind a Service in a
// shared namespace. ok is false where that is refused.
func (r *resolver) boundService(l policy.LocalName, s *resource.Service, at *field.Path) (pods []policy.Peer, ok bool) {
	behind := policy.Selector{MatchLabels: s.Selector}
	owner := r.byName[l.Tenant]
	switch {
	case r.unread[l.Tenant]:
		return nil, false
	case l.Tenant == "":
		r.refuse("unbound-local-name", r.profile.Ref, at.Child("tenant"), "is missing: Service %q is in a shared namespace, where each tenant may write it: name the Tenant whose pods are behind it", l.At())
		return nil, false
	case owner == nil || !slices.Contains(r.sharers[l.Namespace], owner):
		r.refuse("unbound-local-name", r.profile.Ref, at.Child("tenant"), "Tenant %q has no pods in namespace %q of Service %q: name the Tenant whose pods are behind it", l.Tenant, l.Namespace, l.At())
		return nil, false
	}
	for _, w := range r.index.In(l.Namespace, behind) {
		if t := r.ownerOfPod(w); t != owner {
			r.refuse("unbound-local-name", r.profile.Ref, at.Child("service"), "Service %q selects %s, which belongs to %s and not to Tenant %q: add its labels, %s, to the Service's selector",
				l.At(), w.Ref.Name, whose(t), owner.Name, policy.Spelled(owner.Pods.MatchLabels))
			return nil, false
		}
	}
	return r.podEnds(owner, []string{l.Namespace}, behind), true
}

func whose(t *tenant) string {
	if t == nil {
		return "no Tenant"
	}
	return "Tenant " + policy.Key(t.Name)
}

// declaredPorts refuses target ports that no pod behind a Service declares, where any tenant of
// a shared namespace may write it: it would choose which of another's ports it opens.
func (r *resolver) declaredPorts(s *resource.Service, ports []policy.Port, at *field.Path) bool {
	if !r.shared(s.Ref.Namespace) {
		return true
	}
	pods := r.index.In(s.Ref.Namespace, policy.Selector{MatchLabels: s.Selector})
	for _, p := range ports {
		if !p.Named() && !slices.ContainsFunc(pods, func(w *resource.Workload) bool { return slices.Contains(w.Numbers, p) }) {
			r.refuse("undeclared-port", r.profile.Ref, at, "Service %s/%s in a shared namespace, where any of its tenants may write it, sends to port %s, which no container behind it declares: add it to the containers' ports, or correct the Service", s.Ref.Namespace, s.Ref.Name, p)
			return false
		}
	}
	return true
}

// boundTenant refuses localNames[].tenant where the namespace is not shared: it would bind
// nothing.
func (r *resolver) boundTenant(l policy.LocalName, at *field.Path) bool {
	owner := r.owner[l.Namespace]
	if l.Tenant == "" || owner != nil && owner.Name == l.Tenant {
		return true
	}
	r.refuse("unbound-local-name", r.profile.Ref, at.Child("tenant"), "Tenant %q does not have namespace %q of Service %q, which is not one of sharedNamespaces either: correct it, or remove it", l.Tenant, l.Namespace, l.At())
	return false
}

// serviceFlow is a flow of the profile as one of its tenant, where a Service in a shared
// namespace decides where it leads: the profile does not know whose pods these are, so their
// tenants must consent. No tenant can consent for nodes: for them, the ports must be declared.
func (r *resolver) serviceFlow(f *flow, s *resource.Service) *flow {
	out := *f
	out.ofProfile = f.ofProfile && (f.node != "" || !r.shared(s.Ref.Namespace))
	return &out
}

// checkBaselineBound holds the baseline's peers against the pods of shared namespaces.
func (r *resolver) checkBaselineBound() {
	b, at := r.profile.Spec.Baseline, r.profile.Path.Child("baseline")
	r.checkBound(b.DNS.Namespace, policy.PodsOf(b.DNS.Pods), at.Child("dns", "pods"))
	if b.DNS.NodeLocal {
		r.checkBound(b.DNS.Namespace, policy.NodeLocalDNS(b.DNS.Namespace).Pods, at.Child("dns", "nodeLocal"))
	}
	if m := b.Monitoring; m != nil {
		r.checkBound(m.Namespace, policy.PodsOf(m.Pods), at.Child("monitoring", "pods"))
	}
	if p := r.profile.Spec.EgressProxy; p != nil {
		r.checkBound(p.Namespace, policy.PodsOf(p.Pods), r.profile.Path.Child("egressProxy", "pods"))
	}
}
