package v1alpha1

import (
	"path"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// validateTLS validates a flow's tls, and the fields that it depends on.
func (f *EgressFlow) validateTLS(at *field.Path) field.ErrorList {
	if f.TLS == nil {
		return nil
	}
	errs := f.TLS.validate(at.Child("tls"))
	errs = append(errs, errorIf(f.Via != "", field.Forbidden(at.Child("tls"), "is not supported with via, whose pods other tenants share: it would also inspect their connections; remove via or tls"))...)
	if len(f.DNS) > 0 || len(f.ICMP) > 0 {
		return append(errs, field.Forbidden(at.Child("tls"), "is not supported with dns or icmp: write a flow of its own"))
	}
	errs = append(errs, errorIf(len(f.Ports) == 0, field.Required(at.Child("ports"), "with tls: set the ports, as [{port: 443}]"))...)
	for i, p := range f.Ports {
		errs = append(errs, errorIf(p.Protocol != "" && p.Protocol != TCP, field.Invalid(at.Child("ports").Index(i).Child("protocol"), p.Protocol, "tls requires TCP: move this port to a flow of its own"))...)
	}
	return append(errs, f.validateInterception(at)...)
}

// validateInterception requires http and the Secrets together.
func (f *EgressFlow) validateInterception(at *field.Path) field.ErrorList {
	secrets := f.TLS.Terminating != nil || f.TLS.Originating != nil
	switch {
	case secrets && len(f.HTTP) == 0:
		return field.ErrorList{field.Required(at.Child("http"), "with the Secrets of tls, which serve only to inspect requests: set the allowed requests, or remove the Secrets")}
	case !secrets && len(f.HTTP) > 0:
		return field.ErrorList{field.Forbidden(at.Child("http"), "requires the Secrets tls.terminating and tls.originating, because requests are encrypted: add them, or remove http or tls")}
	}
	return nil
}

func (t *TLS) validate(at *field.Path) field.ErrorList {
	errs := validateFQDNs(t.ServerNames, namesOnly, at.Child("serverNames"))
	errs = append(errs, t.Terminating.validate(at.Child("terminating"))...)
	errs = append(errs, t.Originating.validate(at.Child("originating"))...)
	switch {
	case t.Terminating == nil && t.Originating == nil && len(t.ServerNames) == 0:
		errs = append(errs, field.Required(at, "set serverNames, or the Secrets terminating and originating with http"))
	case t.Terminating == nil && t.Originating != nil:
		errs = append(errs, field.Required(at.Child("terminating"), "with originating: set both Secrets, or pods would have to connect without TLS"))
	case t.Terminating != nil && t.Originating == nil:
		errs = append(errs, field.Required(at.Child("originating"), "with terminating: set both Secrets, or the proxy would forward decrypted data without TLS"))
	}
	return errs
}

func (s *SecretName) validate(at *field.Path) field.ErrorList {
	if s == nil {
		return nil
	}
	errs := validateName(s.Namespace, at.Child("namespace"))
	if problems := validation.IsDNS1123Subdomain(s.Name); len(problems) > 0 {
		errs = append(errs, field.Invalid(at.Child("name"), s.Name, "must be the name of a Secret: at most 253 lower-case letters, digits, - and dots, beginning and ending with a letter or digit"))
	}
	return errs
}

// validateSecrets validates patterns of Secrets.
func validateSecrets(patterns []string, at *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i, p := range patterns {
		if _, err := path.Match(p, ""); err != nil || strings.Count(p, "/") != 1 || strings.HasPrefix(p, "/") || strings.HasSuffix(p, "/") {
			errs = append(errs, field.Invalid(at.Index(i), p, `must be "namespace/name", in which * matches any characters: "tenant-acme/tls-*"`))
		}
	}
	return errs
}
