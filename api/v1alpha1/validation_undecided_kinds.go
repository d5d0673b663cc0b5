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
		if k.Group != "" && len(validation.IsDNS1123Subdomain(k.Group)) > 0 {
			errs = append(errs, field.Invalid(at.Child("group"), k.Group, "must be an API group without a version, as in security.istio.io"))
		}
		if !kindName.MatchString(k.Kind) {
			errs = append(errs, field.Invalid(at.Child("kind"), k.Kind, "must be one kind, as in AuthorizationPolicy: a kind that a later release adds is not accepted with others"))
		}
		errs = append(errs, seen.item(k.Group+"/"+k.Kind, at)...)
		if strings.TrimSpace(k.Reason) == "" {
			errs = append(errs, field.Required(at.Child("reason"), "reports print why the kind does not change what is proved"))
		}
	}
	return errs
}
