package resolve

import (
	"slices"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/policy"
)

// A namespace that is fenced in part has pods with and without a tenant. One rule for all of them also
// includes those of tenants, so it depends on their consent.

// includesPods reports whether a rule for pods without a tenant includes those of another peer, which
// needs consent.
func (r *agreePass) includesPods(rule, e resolvedPeer) bool {
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
func (r *agreePass) deniesItself(e resolvedPeer) bool {
	return r.isShared(e.peer.Namespace) && e.tenant.Enforcement == v1alpha1.Enforce
}

// isIncluded reports whether a rule for a namespace includes the pods of a peer that needs consent,
// and nothing denies the flow with them.
func (r *agreePass) isIncluded(f *declaredFlow, e resolvedPeer) bool {
	return !r.deniesItself(e) && slices.ContainsFunc(f.resolvedPeers, func(rule resolvedPeer) bool { return rule.peer.Namespace != "" && r.includesPods(rule, e) })
}

// withoutUndeclared excludes namespaces from a rule by labels: those with pods of a tenant that does
// not declare all of the flow, if nothing denies the rest.
func (r *agreePass) withoutUndeclared(f *declaredFlow, rule resolvedPeer) resolvedPeer {
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
func (r *agreePass) describePods(e resolvedPeer) string {
	var out []string
	for _, w := range r.index.WorkloadsIn(e.peer.Namespace, e.peer.Pods) {
		out = append(out, w.Ref.Kind+"/"+w.Ref.Name)
	}
	if len(out) == 0 {
		return endpoints.FormatLabels(e.peer.Pods.MatchLabels)
	}
	return truncatedList(out)
}
