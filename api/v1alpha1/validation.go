package v1alpha1

import (
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metav1validation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// namePlaceholder stands for the tenant's name in a namespacePattern.
const namePlaceholder = "{name}"

// What names are made of, for people.
const (
	dnsLabel   = "at most 63 lower-case letters, digits and -, with no - at either end"
	labelValue = "a label's value: at most 63 letters, digits, -, _ and dots, with a letter or digit at either end"
)

// validateName is for what is a DNS label in Kubernetes, or becomes part of one.
func validateName(name string, at *field.Path) field.ErrorList {
	if len(validation.IsDNS1123Label(name)) == 0 {
		return nil
	}
	return field.ErrorList{field.Invalid(at, name, "must be "+dnsLabel)}
}

// validateResourceName is for the name of a resource, which may hold dots.
func validateResourceName(name string, at *field.Path) field.ErrorList {
	if len(validation.IsDNS1123Subdomain(name)) == 0 {
		return nil
	}
	return field.ErrorList{field.Invalid(at, name, "must be at most 253 lower-case letters, digits, - and dots, with a letter or digit at either end")}
}

// unique collects what must differ.
type unique map[string]bool

// name refuses a second thing of the same name.
func (u unique) name(name string, at *field.Path) field.ErrorList {
	return u.add(name, at, "give each its own name")
}

// item refuses a second item that says the same.
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
	var errs field.ErrorList
	seen := unique{}
	for i, name := range names {
		errs = append(errs, validateName(name, at.Index(i))...)
		errs = append(errs, seen.item(name, at.Index(i))...)
	}
	return errs
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

// withoutExpressions cuts the regular expressions out of what apimachinery says.
func withoutExpressions(errs field.ErrorList) field.ErrorList {
	for _, e := range errs {
		e.Detail, _, _ = strings.Cut(e.Detail, " (e.g. ")
	}
	return errs
}

// validatePodLabel refuses the labels that Cilium adds to a pod's own, which would reach
// past the fields that say so, and those that it leaves out of a pod's identity.
func validatePodLabel(key string, at *field.Path) field.ErrorList {
	switch {
	case IsReservedPodLabel(key):
		return field.ErrorList{field.Forbidden(at, "is a label of Cilium's own, not a pod's: select namespaces with the fields namespace or namespaceLabels")}
	case !InIdentity(key):
		return field.ErrorList{field.Forbidden(at, "Cilium keeps this label out of a pod's identity, so it selects nothing, and NotIn everything: use another label")}
	}
	return nil
}
