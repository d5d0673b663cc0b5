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
	// Apart are the namespaces that no cluster-wide policy selects, sorted.
	Apart []string
}

// Span are the namespaces whose pods a cluster-wide policy selects: only some or,
// with none of these, all but some. Also namespaces that are made later are among the
// latter.
type Span struct {
	Only, Except []string
}

// Spanned says whether cluster-wide policies stand for what would else be written into
// this namespace.
func (f *Fence) Spanned(namespace string) bool {
	return f.Clusterwide != nil && !slices.Contains(f.Clusterwide.Apart, namespace)
}

// Stranger says whether a namespace that no tenant has is closed all the same.
func (f *Fence) Stranger(namespace string) bool {
	return f.Spanned(namespace) && f.Clusterwide.Enforcement == v1alpha1.Enforce && f.Owner(namespace) == nil
}

// Concerns reports whether a policy of a namespace may be about a tenant. A cluster-wide one,
// which has no namespace, may, and so may one whose namespace is not known yet, since it holds a
// variable without a value.
func (f *Fence) Concerns(namespace string) bool {
	return namespace == "" || strings.Contains(namespace, "${") || len(f.Owners(namespace)) > 0 || f.Stranger(namespace)
}

// Span are all namespaces that cluster-wide policies are about.
func (f *Fence) Span() Span { return Span{Except: f.Clusterwide.Apart} }

// SpanOf are those of one enforcement, and whether there are any. A namespace that no
// tenant has is in the profile's.
func (f *Fence) SpanOf(e v1alpha1.Enforcement) (Span, bool) {
	var same, others []string
	for _, t := range f.Tenants {
		for _, ns := range t.Namespaces {
			switch {
			case !f.Spanned(ns):
			case t.Enforcement == e:
				same = append(same, ns)
			default:
				others = append(others, ns)
			}
		}
	}
	if e == f.Clusterwide.Enforcement {
		return Span{Except: slices.Sorted(slices.Values(append(others, f.Clusterwide.Apart...)))}, true
	}
	return Span{Only: slices.Sorted(slices.Values(same))}, len(same) > 0
}
