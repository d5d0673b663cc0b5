package v1alpha1

import (
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metav1validation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// namePlaceholder represents the tenant's name in a namespacePattern.
const namePlaceholder = "{name}"

// Descriptions of valid names, for messages.
const (
	dnsLabel   = "at most 63 lower-case letters, digits and -, not beginning or ending with -"
	labelValue = "a label's value: at most 63 letters, digits, -, _ and dots, beginning and ending with a letter or digit"
)

// validateName validates a DNS label, or a part of one.
func validateName(name string, at *field.Path) field.ErrorList {
	return errorIf(len(validation.IsDNS1123Label(name)) > 0, field.Invalid(at, name, "must be "+dnsLabel))
}

// validateResourceName validates the name of a resource, which may contain dots.
func validateResourceName(name string, at *field.Path) field.ErrorList {
	return errorIf(len(validation.IsDNS1123Subdomain(name)) > 0, field.Invalid(at, name, "must be at most 253 lower-case letters, digits, - and dots, beginning and ending with a letter or digit"))
}

// errorIf returns the error if the condition holds.
func errorIf(condition bool, err *field.Error) field.ErrorList { //nolint:revive // The condition is that of the error.
	if condition {
		return field.ErrorList{err}
	}
	return nil
}

// problemAt refuses a value that has a problem.
func problemAt(at *field.Path, value any, problem string) field.ErrorList {
	return errorIf(problem != "", field.Invalid(at, value, problem))
}

// optional validates a value unless it is omitted.
func optional[T comparable](value T, at *field.Path, validate func(T, *field.Path) field.ErrorList) field.ErrorList {
	var omitted T
	if value == omitted {
		return nil
	}
	return validate(value, at)
}

// validateItems validates the items of a list, and refuses equal ones. Without validate, only equal
// items are errors.
func validateItems[T any](items []T, at *field.Path, validate func(T, *field.Path) field.ErrorList) field.ErrorList {
	var errs field.ErrorList
	seen := unique{}
	for i, item := range items {
		if validate != nil {
			errs = append(errs, validate(item, at.Index(i))...)
		}
		errs = append(errs, seen.item(fmt.Sprint(item), at.Index(i))...)
	}
	return errs
}

// unique collects values that must differ.
type unique map[string]bool

// name refuses a second use of a name.
func (u unique) name(name string, at *field.Path) field.ErrorList {
	return u.add(name, at, "give each its own name")
}

// item refuses a second equal item.
func (u unique) item(text string, at *field.Path) field.ErrorList {
	return u.add(text, at, "remove it")
}

func (u unique) add(text string, at *field.Path, fix string) field.ErrorList {
	if u[text] {
		return field.ErrorList{&field.Error{Type: field.ErrorTypeDuplicate, Field: at.String(), BadValue: text, Detail: fix}}
	}
	u[text] = text != ""
	return nil
}

// validateNames validates a list of names that differ.
func validateNames(names []string, at *field.Path) field.ErrorList {
	return validateItems(names, at, validateName)
}

func validateSelector(s *metav1.LabelSelector, at *field.Path) field.ErrorList {
	if s == nil {
		return nil
	}
	errs := metav1validation.ValidateLabelSelector(s, metav1validation.LabelSelectorValidationOptions{}, at)
	for key := range s.MatchLabels {
		errs = append(errs, validatePodLabel(key, at.Child("matchLabels").Key(key))...)
	}
	for i, e := range s.MatchExpressions {
		errs = append(errs, validatePodLabel(e.Key, at.Child("matchExpressions").Index(i).Child("key"))...)
	}
	return withoutExpressions(errs)
}

// withoutExpressions removes the regular expressions from messages of apimachinery.
func withoutExpressions(errs field.ErrorList) field.ErrorList {
	for _, e := range errs {
		e.Detail, _, _ = strings.Cut(e.Detail, " (e.g. ")
	}
	return errs
}

// validatePodLabel refuses labels that Cilium adds to those of a pod, which would bypass the
// fields for namespaces, and labels that Cilium excludes from a pod's identity.
func validatePodLabel(key string, at *field.Path) field.ErrorList {
	switch {
	case IsReservedPodLabel(key):
		return field.ErrorList{field.Forbidden(at, "is a label that Cilium adds, not a label of the pod: select namespaces with the fields namespace or namespaceLabels")}
	case !InIdentity(key):
		return field.ErrorList{field.Forbidden(at, "Cilium excludes this label from the pod's identity, so it selects no pods, and NotIn selects all: use another label")}
	}
	return nil
}
