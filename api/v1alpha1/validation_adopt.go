package v1alpha1

import (
	"slices"
	"strconv"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

func validateAdoptions(all []Adoption, at *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i := range all {
		a, at := &all[i], at.Index(i)
		errs = append(errs, a.validate(at)...)
		if j := slices.IndexFunc(all[:i], a.overlaps); j >= 0 {
			errs = append(errs, field.Invalid(at.Child("name"), a.Name, "may be the same policy as in entry "+strconv.Itoa(j)+", and one generated policy replaces it: set other namespaces or another kind, or remove one of the two"))
		}
	}
	return errs
}

func (a *Adoption) validate(at *field.Path) field.ErrorList {
	errs := validateResourceName(a.Name, at.Child("name"))
	errs = append(errs, validateResourceName(a.As, at.Child("as"))...)
	errs = append(errs, validateNames(a.Namespaces, at.Child("namespaces"))...)
	errs = append(errs, errorIf(a.Kind == KindClusterwidePolicy && len(a.Namespaces) > 0, field.Forbidden(at.Child("namespaces"), "is not supported with kind: CiliumClusterwideNetworkPolicy, which has no namespace: remove one of the two"))...)
	return errs
}

// overlaps reports whether one policy may match two entries.
func (a *Adoption) overlaps(b Adoption) bool {
	kinds := a.Kind == "" || b.Kind == "" || a.Kind == b.Kind
	namespaces := len(a.Namespaces) == 0 || len(b.Namespaces) == 0 || slices.ContainsFunc(a.Namespaces, func(ns string) bool { return slices.Contains(b.Namespaces, ns) })
	return a.Name == b.Name && kinds && namespaces
}

// Matches reports whether an entry names a policy. The namespace of a cluster-wide policy is empty.
// isTenants reports whether a Tenant has a namespace.
func (a *Adoption) Matches(kind, namespace, name string, isTenants func(namespace string) bool) bool {
	switch {
	case a.Name != name || a.Kind != "" && string(a.Kind) != kind:
		return false
	case len(a.Namespaces) > 0:
		return slices.Contains(a.Namespaces, namespace)
	}
	return namespace == "" || isTenants(namespace)
}
