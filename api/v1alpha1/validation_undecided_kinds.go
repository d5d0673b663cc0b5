package v1alpha1

import (
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

func validateUndecidedKinds(kinds []UndecidedKind, at *field.Path) field.ErrorList {
	var errs field.ErrorList
	seen := unique{}
	for i, k := range kinds {
		at := at.Index(i)
		errs = append(errs, errorIf(k.Group != "" && len(validation.IsDNS1123Subdomain(k.Group)) > 0, field.Invalid(at.Child("group"), k.Group, "must be an API group without a version, such as security.istio.io"))...)
		errs = append(errs, errorIf(!kindName.MatchString(k.Kind), field.Invalid(at.Child("kind"), k.Kind, "must be one kind, such as AuthorizationPolicy: list each kind, because patterns would accept kinds of later releases"))...)
		errs = append(errs, seen.item(k.Group+"/"+k.Kind, at)...)
		errs = append(errs, errorIf(strings.TrimSpace(k.Reason) == "", field.Required(at.Child("reason"), "state why the kind does not change what is proved, because reports print it"))...)
	}
	return errs
}
