package policy

import (
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
)

// Clusterwide says which namespaces cluster-wide policies are about.
type Clusterwide struct {
	// Enforcement is that of every namespace that no tenant has: the profile's.
	Enforcement v1alpha1.Enforcement
	// Excluded are the namespaces that no cluster-wide policy selects, sorted.
	Excluded []string
}

// NamespaceScope are the namespaces whose pods a cluster-wide policy selects: only some or,
// with none of these, all but some. Also namespaces that are made later are among the
// latter.
type NamespaceScope struct {
	Only, Except []string
}

// InClusterScope says whether cluster-wide policies stand for what would else be written into
// this namespace.
func (f *Fence) InClusterScope(namespace string) bool {
	return f.Clusterwide != nil && !slices.Contains(f.Clusterwide.Excluded, namespace)
}

// UnclaimedNamespace says whether a namespace that no tenant has is closed all the same.
func (f *Fence) UnclaimedNamespace(namespace string) bool {
	return f.InClusterScope(namespace) && f.Clusterwide.Enforcement == v1alpha1.Enforce && f.Owner(namespace) == nil
}

// MayAffectTenant reports whether a policy of a namespace may be about a tenant. A cluster-wide one,
// which has no namespace, may, and so may one whose namespace is not known yet, since it holds a
// variable without a value.
func (f *Fence) MayAffectTenant(namespace string) bool {
	return namespace == "" || strings.Contains(namespace, "${") || len(f.Owners(namespace)) > 0 || f.UnclaimedNamespace(namespace)
}

// NamespaceScope are all namespaces that cluster-wide policies are about.
func (f *Fence) NamespaceScope() NamespaceScope {
	return NamespaceScope{Except: f.Clusterwide.Excluded}
}

// NamespaceScopeFor are those of one enforcement, and whether there are any. A namespace that no
// tenant has is in the profile's.
func (f *Fence) NamespaceScopeFor(e v1alpha1.Enforcement) (NamespaceScope, bool) {
	var same, others []string
	for _, t := range f.Tenants {
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
