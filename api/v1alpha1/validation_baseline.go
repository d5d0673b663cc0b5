package v1alpha1

import (
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

func (b *Baseline) validate(at *field.Path) field.ErrorList {
	errs := b.DNS.validate(at.Child("dns"))
	errs = append(errs, optional(b.APIServer, at.Child("apiServer"), (*APIServer).validate)...)
	return append(errs, optional(b.Monitoring, at.Child("monitoring"), (*Monitoring).validate)...)
}

func (d *DNS) validate(at *field.Path) field.ErrorList {
	errs := validateName(d.Namespace, at.Child("namespace"))
	errs = append(errs, validateSelector(d.Pods, at.Child("pods"))...)
	errs = append(errs, validatePortNumber(d.Port, at.Child("port"))...)
	return append(errs, validateFQDNs(d.Names, anyName, at.Child("names"))...)
}

func (a *APIServer) validate(at *field.Path) field.ErrorList {
	return validatePortNumbers(a.Ports, at.Child("ports"))
}

func validatePortNumbers(ports []int32, at *field.Path) field.ErrorList {
	return validateItems(ports, at, validatePortNumber)
}

func (m *Monitoring) validate(at *field.Path) field.ErrorList {
	errs := validateName(m.Namespace, at.Child("namespace"))
	errs = append(errs, validateSelector(m.Pods, at.Child("pods"))...)
	return append(errs, validatePorts(m.Ports, at.Child("ports"))...)
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
