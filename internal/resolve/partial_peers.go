package resolve

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
)

// A namespace that is fenced in part has pods with and without a tenant. One rule for all of them also
// includes those of tenants, so it depends on their consent.

// includesPods reports whether a rule for pods without a tenant includes those of another peer, which
// needs consent.
func (r *resolver) includesPods(rule, e resolvedPeer) bool {
	switch {
	case rule.tenant != nil || e.tenant == nil || rule.peer.Kind != policy.Pods || r.ownerOf(rule.peer) != nil || rule.path.String() != e.path.String():
		return false
	case rule.peer.Namespace == "":
		return r.isPartial(e.peer.Namespace)
	default:
		return rule.peer.Namespace == e.peer.Namespace
	}
}

// deniesItself reports whether the policies of a peer's tenant deny what the tenant does not declare.
// In its own namespace, which looks like a wholly fenced one to others, they do not count.
func (r *resolver) deniesItself(e resolvedPeer) bool {
	return r.isShared(e.peer.Namespace) && e.tenant.Enforcement == v1alpha1.Enforce
}

// isIncluded reports whether a rule for a namespace includes the pods of a peer that needs consent,
// and nothing denies the flow with them.
func (r *resolver) isIncluded(f *declaredFlow, e resolvedPeer) bool {
	return !r.deniesItself(e) && slices.ContainsFunc(f.resolvedPeers, func(rule resolvedPeer) bool { return rule.peer.Namespace != "" && r.includesPods(rule, e) })
}

// withoutUndeclared excludes namespaces from a rule by labels: those with pods of a tenant that does
// not declare all of the flow, if nothing denies the rest.
func (r *resolver) withoutUndeclared(f *declaredFlow, rule resolvedPeer) resolvedPeer {
	if rule.peer.Namespace != "" {
		return rule
	}
	excluded := slices.Clone(rule.peer.ExcludedNamespaces)
	for _, e := range f.resolvedPeers {
		if !r.includesPods(rule, e) || r.deniesItself(e) {
			continue
		}
		if agreed, _ := r.agreements(f, e); !r.covered(f, e, agreed) {
			excluded = append(excluded, e.peer.Namespace)
		}
	}
	slices.Sort(excluded)
	rule.peer.ExcludedNamespaces = slices.Compact(excluded)
	return rule
}

// describePods names the workloads of a peer that needs consent.
func (r *resolver) describePods(e resolvedPeer) string {
	var out []string
	for _, w := range r.index.WorkloadsIn(e.peer.Namespace, e.peer.Pods) {
		out = append(out, w.Ref.Kind+"/"+w.Ref.Name)
	}
	if len(out) == 0 {
		return endpoints.FormatLabels(e.peer.Pods.MatchLabels)
	}
	return truncatedList(out)
}

// peersInNamespace are the pods that a selector selects in a namespace. Those of other tenants need
// consent.
func (r *resolver) peersInNamespace(f *declaredFlow, namespace string, pods endpoints.Selector, group tenantGroup, at *field.Path) []resolvedPeer {
	peers, owners := r.podsByTenant(namespace, pods)
	if len(peers) == 1 && group == sharedNamespace {
		group = singleTenant
	}
	var out []resolvedPeer
	for i, peer := range peers {
		out = append(out, f.peersOfTenant([]policy.Peer{peer}, owners[i], group, at)...)
	}
	return out
}

// sharedNamespacePeers are the pods of tenants in a namespace that is fenced in part.
func (r *resolver) sharedNamespacePeers(f *declaredFlow, namespace string, pods endpoints.Selector, group tenantGroup, at *field.Path) []resolvedPeer {
	return slices.DeleteFunc(r.peersInNamespace(f, namespace, pods, group, at), func(e resolvedPeer) bool { return r.ownerOf(e.peer) == nil })
}

// checkNamespaceLimit checks limits.namespaces, which is about pods without a tenant: those of a
// tenant need its consent instead. A tenant needs no limit for the pods of its own namespace that
// spec.pods does not select.
func (r *resolver) checkNamespaceLimit(f *declaredFlow, namespace string, pods endpoints.Selector, at *field.Path) bool {
	if r.owner[namespace] != nil || r.holderOf(namespace) == f.tenant || len(r.partialTenants[namespace]) > 0 && !r.selectsUnclaimed(namespace, pods) {
		return true
	}
	return slices.Contains(f.limits().Namespaces, namespace) ||
		r.withinLimits(f, report.NamespaceOutsideLimits, at, fmt.Sprintf("namespace %q", namespace), "namespaces")
}

// fencedPartAlone are the pods of the tenant that fences a namespace of its own in part, if
// limits.namespaces omits the namespace: these pods need consent alone. It is empty if the limit
// permits the other pods too, or the peer has none of the tenant's.
func (r *resolver) fencedPartAlone(f *declaredFlow, p v1alpha1.Peer, at *field.Path) []resolvedPeer {
	t := r.holderOf(p.Namespace)
	if t == nil || t == f.tenant || f.fromProfile || !t.SharesNamespaces() || slices.Contains(f.limits().Namespaces, p.Namespace) {
		return nil
	}
	pods := endpoints.SelectorOf(p.Pods)
	peers := r.podPeers(t, []string{p.Namespace}, pods)
	if len(peers) > 0 && r.selectsUnclaimed(p.Namespace, pods) {
		r.warn(report.NamespaceOutsideLimits, f.ref, at.Child("namespace"), "pods of namespace %q that spec.pods of Tenant %q does not select are outside limits.namespaces of Tenant %q, so the flow excludes them: narrow pods to those of Tenant %[2]q, or add the namespace to limits.namespaces in the profile",
			p.Namespace, t.Name, f.tenant.Name)
	}
	return f.peersOfTenant(peers, t, singleTenant, at)
}
