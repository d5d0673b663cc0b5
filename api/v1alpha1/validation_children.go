package v1alpha1

import "k8s.io/apimachinery/pkg/util/validation/field"

// validateChildren validates names. Which Tenants have several parents depends on the build.
func validateChildren(children []ChildTenants, at *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i, c := range children {
		at, seen := at.Index(i), unique{}
		errs = append(errs, validateName(c.Parent, at.Child("parent"))...)
		for j, glob := range c.Names {
			at := at.Child("names").Index(j)
			errs = append(errs, validateGlob(glob, at)...)
			errs = append(errs, seen.item(glob, at)...)
			if glob == c.Parent {
				errs = append(errs, field.Invalid(at, glob, "is the parent itself, and no Tenant is its own child: remove it"))
			}
		}
	}
	return errs
}
