package v1alpha1

import (
	"path"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// validateTLS validates a flow's tls, beside the rest of it.
func (f *EgressFlow) validateTLS(at *field.Path) field.ErrorList {
	if f.TLS == nil {
		return nil
	}
	errs := f.TLS.validate(at.Child("tls"))
	if f.Via != "" {
		errs = append(errs, field.Forbidden(at.Child("tls"), "is not for a flow with via, whose pods other tenants share: it would look into their connections too; let the tenant's own pods connect"))
	}
	if len(f.DNS) > 0 || len(f.ICMP) > 0 {
		return append(errs, field.Forbidden(at.Child("tls"), "is not for a flow with dns or icmp: make it a flow of its own"))
	}
	if len(f.Ports) == 0 {
		errs = append(errs, field.Required(at.Child("ports"), "beside tls: say on which ports it is spoken, as [{port: 443}]"))
	}
	for i, p := range f.Ports {
		if p.Protocol != "" && p.Protocol != TCP {
			errs = append(errs, field.Invalid(at.Child("ports").Index(i).Child("protocol"), p.Protocol, "tls is spoken over TCP alone: make this port a flow of its own"))
		}
	}
	return append(errs, f.validateInterception(at)...)
}

// validateInterception holds http against the secrets.
func (f *EgressFlow) validateInterception(at *field.Path) field.ErrorList {
	secrets := f.TLS.Terminating != nil || f.TLS.Originating != nil
	switch {
	case secrets && len(f.HTTP) == 0:
		return field.ErrorList{field.Required(at.Child("http"), "beside the secrets of tls: say which requests may pass, or leave the secrets out, for which nothing else is opened up")}
	case !secrets && len(f.HTTP) > 0:
		return field.ErrorList{field.Forbidden(at.Child("http"), "is not seen within TLS without the secrets tls.terminating and tls.originating: add them, or leave http or tls out")}
	}
	return nil
}

func (t *TLS) validate(at *field.Path) field.ErrorList {
	errs := validateFQDNs(t.ServerNames, namesOnly, at.Child("serverNames"))
	errs = append(errs, t.Terminating.validate(at.Child("terminating"))...)
	errs = append(errs, t.Originating.validate(at.Child("originating"))...)
	switch {
	case t.Terminating == nil && t.Originating == nil && len(t.ServerNames) == 0:
		errs = append(errs, field.Required(at, "say serverNames, or the secrets terminating and originating with http"))
	case t.Terminating == nil && t.Originating != nil:
		errs = append(errs, field.Required(at.Child("terminating"), "beside originating: without it pods would have to send what they say without TLS"))
	case t.Terminating != nil && t.Originating == nil:
		errs = append(errs, field.Required(at.Child("originating"), "beside terminating: without it the proxy would send what it opened up on without TLS"))
	}
	return errs
}

func (s *SecretName) validate(at *field.Path) field.ErrorList {
	if s == nil {
		return nil
	}
	errs := validateName(s.Namespace, at.Child("namespace"))
	if problems := validation.IsDNS1123Subdomain(s.Name); len(problems) > 0 {
		errs = append(errs, field.Invalid(at.Child("name"), s.Name, strings.Join(problems, "; ")))
	}
	return errs
}

// validateSecrets validates patterns of secrets.
func validateSecrets(patterns []string, at *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i, p := range patterns {
		if _, err := path.Match(p, ""); err != nil || strings.Count(p, "/") != 1 || strings.HasPrefix(p, "/") || strings.HasSuffix(p, "/") {
			errs = append(errs, field.Invalid(at.Index(i), p, `must be "namespace/name", in which * stands for any characters: "tenant-acme/tls-*"`))
		}
	}
	return errs
}
