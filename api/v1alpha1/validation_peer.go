package v1alpha1

import (
	"fmt"
	"strings"

	"github.com/tenantfence/tenantfence/internal/strict"

	metav1validation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// kinds returns the names of the set fields that identify the peer. A peer has exactly one.
func (p *Peer) kinds() []string {
	var out []string
	for _, kind := range []struct {
		name string
		set  bool
	}{
		{"tenant", p.Tenant != ""},
		{"anyTenant", p.AnyTenant},
		{"children", p.Children},
		{"parent", p.Parent},
		{"namespace", p.Namespace != ""},
		{"namespaceLabels", p.NamespaceLabels != nil},
		{"service", p.Service != ""},
		{"entities", len(p.Entities) > 0},
		{"cidrs", len(p.CIDRs) > 0},
		{"fqdns", len(p.FQDNs) > 0},
	} {
		if kind.set {
			out = append(out, kind.name)
		}
	}
	return out
}

func (p *Peer) validate(at *field.Path) field.ErrorList {
	kinds := p.kinds()
	errs := p.validateFields(at)
	switch {
	case len(kinds) > 1:
		errs = append(errs, field.Invalid(at, strings.Join(kinds, ", "), "a peer has exactly one of these: write an item for each"))
	case len(kinds) == 0 && p.Pods == nil:
		errs = append(errs, field.Required(at, "set one of tenant, anyTenant, children, parent, namespace, namespaceLabels, service, entities, cidrs and fqdns, or only pods for the tenant's own pods"))
	case len(kinds) == 1 && p.Pods != nil:
		switch kinds[0] {
		case "service", "entities", "cidrs", "fqdns":
			errs = append(errs, field.Forbidden(at.Child("pods"), "narrows only tenant, anyTenant, children, parent, namespace and namespaceLabels, not "+kinds[0]+": remove it"))
		}
	}
	errs = append(errs, errorIf(len(p.Except) > 0 && len(p.CIDRs) == 0, field.Forbidden(at.Child("except"), "requires cidrs: add them, or remove it"))...)
	return errs
}

func (p *Peer) validateFields(at *field.Path) field.ErrorList {
	var errs field.ErrorList
	errs = append(errs, optional(p.Tenant, at.Child("tenant"), validateName)...)
	errs = append(errs, optional(p.Namespace, at.Child("namespace"), validateName)...)
	errs = append(errs, withoutExpressions(metav1validation.ValidateLabels(p.NamespaceLabels, at.Child("namespaceLabels")))...)
	errs = append(errs, optional(p.Service, at.Child("service"), validateServicePeer)...)
	errs = append(errs, validateItems(p.Entities, at.Child("entities"), nil)...)
	errs = append(errs, validateCIDRs(p.CIDRs, at.Child("cidrs"))...)
	errs = append(errs, validateExcept(p.Except, p.CIDRs, at.Child("except"))...)
	errs = append(errs, validateFQDNs(p.FQDNs, namesOnly, at.Child("fqdns"))...)
	return append(errs, validateSelector(p.Pods, at.Child("pods"))...)
}

// validateServicePeer validates "name" and "namespace/name".
func validateServicePeer(service string, at *field.Path) field.ErrorList {
	namespace, name, qualified := strings.Cut(service, "/")
	if !qualified {
		return validateName(service, at)
	}
	return errorIf(len(validation.IsDNS1123Label(namespace)) > 0 || len(validation.IsDNS1123Label(name)) > 0, field.Invalid(at, service, "must be the name of a Service, or its namespace and name, as in network/gateway"))
}

// validateOwnService validates the name of a Service that must be the tenant's.
func validateOwnService(service string, at *field.Path) field.ErrorList {
	if strings.Contains(service, "/") {
		return field.ErrorList{field.Invalid(at, service, "must be the name of a Service in one of the tenant's own namespaces: omit the namespace")}
	}
	return validateName(service, at)
}

func validatePorts(ports []Port, at *field.Path) field.ErrorList {
	var errs field.ErrorList
	seen := unique{}
	for i, p := range ports {
		at := at.Index(i)
		errs = append(errs, p.validate(at)...)
		errs = append(errs, p.unique(seen, at)...)
	}
	return errs
}

// unique refuses a port that is already in the list, for one of its protocols.
func (p Port) unique(seen unique, at *field.Path) field.ErrorList {
	written := p.Port.String()
	if p.EndPort != 0 {
		written = fmt.Sprintf("%s-%d", written, p.EndPort)
	}
	protocols := []Protocol{p.Protocol}
	setDefault(&protocols[0], TCP)
	if p.Protocol == ANY {
		protocols = Protocols()
	}
	for _, protocol := range protocols {
		if errs := seen.item(written+"/"+string(protocol), at); len(errs) > 0 {
			return errs
		}
	}
	return nil
}

func (p Port) validate(at *field.Path) field.ErrorList {
	if p.Port.Type == intstr.String {
		return p.validateName(at)
	}
	errs := validatePortNumber(p.Port.IntVal, at.Child("port"))
	errs = append(errs, errorIf(p.EndPort != 0 && p.EndPort < p.Port.IntVal, field.Invalid(at.Child("endPort"), p.EndPort, fmt.Sprintf("must not be below port, which is %d", p.Port.IntVal)))...)
	return errs
}

func (p Port) validateName(at *field.Path) field.ErrorList {
	if p.EndPort != 0 {
		return field.ErrorList{field.Forbidden(at.Child("endPort"), "is not supported with a named port: remove it, or write port as a number")}
	}
	if p.Protocol == ANY {
		return field.ErrorList{field.Invalid(at.Child("protocol"), p.Protocol, "is not supported with a named port, which has one protocol: set that protocol, or write port as a number")}
	}
	at, name := at.Child("port"), p.Port.StrVal
	if strict.IsDigits(name) {
		return field.ErrorList{field.Invalid(at, name, "is a port name because it is in quotes: write "+name+" without quotes")}
	}
	return validatePortName(name, at)
}

func validatePortNumber(port int32, at *field.Path) field.ErrorList {
	return errorIf(port < 1 || port > 65535, field.Invalid(at, port, "must be a number from 1 to 65535: for every port, omit ports"))
}
