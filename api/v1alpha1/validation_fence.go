package v1alpha1

import (
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
