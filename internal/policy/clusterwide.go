package policy

import (
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
)

// Clusterwide declares which namespaces cluster-wide policies select.
type Clusterwide struct {
	// Enforcement is the profile's. It applies to every unclaimed namespace.
	Enforcement v1alpha1.Enforcement
	// Excluded are the namespaces that no cluster-wide policy selects, sorted.
	Excluded []string
}

// NamespaceScope has the namespaces whose pods a cluster-wide policy selects: those of Only or, if
// it is empty, all but those of Except. With Except, it includes namespaces that are created later.
type NamespaceScope struct {
	Only, Except []string
}

// without returns the scope without some namespaces, and reports whether it has any left.
func (s NamespaceScope) without(namespaces []string) (NamespaceScope, bool) {
	if len(s.Only) > 0 {
		s.Only = slices.DeleteFunc(slices.Clone(s.Only), func(ns string) bool { return slices.Contains(namespaces, ns) })
		return s, len(s.Only) > 0
	}
	s.Except = slices.Compact(slices.Sorted(slices.Values(slices.Concat(s.Except, namespaces))))
	return s, true
}

// InClusterScope reports whether cluster-wide policies replace the per-namespace policies of a
// namespace.
func (f *Fence) InClusterScope(namespace string) bool {
	return f.Clusterwide != nil && !slices.Contains(f.Clusterwide.Excluded, namespace)
}

// UnclaimedNamespace reports whether a namespace without a Tenant is default-denied.
func (f *Fence) UnclaimedNamespace(namespace string) bool {
	return f.InClusterScope(namespace) && f.Clusterwide.Enforcement == v1alpha1.Enforce && f.Owner(namespace) == nil
}

// MayAffectTenant reports whether a policy of a namespace may select pods of a tenant. A
// cluster-wide policy has no namespace and may. So may a policy whose namespace contains a variable
// without a value.
func (f *Fence) MayAffectTenant(namespace string) bool {
	return namespace == "" || strings.Contains(namespace, "${") || len(f.TenantsIn(namespace)) > 0 || f.UnclaimedNamespace(namespace)
}

// NamespaceScope returns all namespaces that cluster-wide policies select.
func (f *Fence) NamespaceScope() NamespaceScope {
	return NamespaceScope{Except: f.Clusterwide.Excluded}
}

// NamespaceScopeFor returns the namespaces of one enforcement, and whether any exist. Unclaimed
// namespaces have the enforcement of the profile.
func (f *Fence) NamespaceScopeFor(e v1alpha1.Enforcement) (NamespaceScope, bool) {
	var same, others []string
	for _, t := range f.tenants {
		for _, ns := range t.Namespaces {
			switch {
			case !f.InClusterScope(ns):
			case t.Enforcement == e:
				same = append(same, ns)
			default:
				others = append(others, ns)
			}
		}
	}
	if e == f.Clusterwide.Enforcement {
		return NamespaceScope{Except: slices.Sorted(slices.Values(append(others, f.Clusterwide.Excluded...)))}, true
	}
	return NamespaceScope{Only: slices.Sorted(slices.Values(same))}, len(same) > 0
}
