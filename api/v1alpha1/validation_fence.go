package v1alpha1

import (
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Validate returns the errors in the TenantFence, its inline profile and its inline Tenants.
func (f *TenantFence) Validate() field.ErrorList {
	at := field.NewPath("spec")
	errs := validateName(f.Name, field.NewPath("metadata", "name"))
	errs = append(errs, validateItems(f.Spec.Stages, at.Child("stages"), nil)...)
	former := unique{f.Name: true}
	for i, name := range f.Spec.FormerNames {
		errs = append(errs, validateName(name, at.Child("formerNames").Index(i))...)
		errs = append(errs, former.item(name, at.Child("formerNames").Index(i))...)
	}
	errs = append(errs, validateAdoptions(f.Spec.Adopt, at.Child("adopt"))...)
	errs = append(errs, validateVariables(f.Spec.Variables, at.Child("variables"))...)
	errs = append(errs, validateItems(f.Spec.Emit, at.Child("emit"), validateEmitted)...)
	errs = append(errs, optional(f.Spec.ProfileName, at.Child("profileName"), validateResourceName)...)
	errs = append(errs, optional(f.Spec.Profile, at.Child("profile"), (*FenceProfileSpec).validate)...)
	errs = append(errs, errorIf(f.Spec.Profile != nil && f.Spec.ProfileName != "", field.Forbidden(at.Child("profileName"), "selects a FenceProfile among the items, but profile is set inline: remove one of the two"))...)
	return append(errs, f.validateTenants(at.Child("tenants"))...)
}

func (f *TenantFence) validateTenants(at *field.Path) field.ErrorList {
	var errs field.ErrorList
	seen := unique{}
	for i := range f.Spec.Tenants {
		t, at := &f.Spec.Tenants[i], at.Index(i)
		errs = append(errs, validateName(t.Name, at.Child("name"))...)
		errs = append(errs, seen.name(t.Name, at.Child("name"))...)
		errs = append(errs, t.Spec.validate(at.Child("spec"))...)
	}
	return errs
}

func validateEmitted(name string, at *field.Path) field.ErrorList {
	if strings.ContainsAny(name, "*?[") {
		return field.ErrorList{field.Invalid(at, name, "is a pattern: list the names, or omit emit for all")}
	}
	return validateName(name, at)
}

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
