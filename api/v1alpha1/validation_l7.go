package v1alpha1

import (
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// trafficRules are the ports and L7 rules of a flow.
type trafficRules struct {
	ports []Port
	http  []HTTPRule
	dns   []string
	icmp  []ICMPType
	tls   *TLS
}

func (s trafficRules) validate(at *field.Path) field.ErrorList {
	errs := validatePorts(s.ports, at.Child("ports"))
	if len(s.icmp) > 0 {
		return append(errs, s.validateICMP(at)...)
	}
	if len(s.http) > 0 {
		errs = append(errs, s.validateHTTP(at)...)
	}
	if len(s.dns) > 0 {
		errs = append(errs, s.validateDNS(at)...)
	}
	return errs
}

func (s trafficRules) validateICMP(at *field.Path) field.ErrorList {
	errs := validateICMPTypes(s.icmp, at.Child("icmp"))
	for _, other := range []struct {
		name string
		set  bool
	}{{"ports", len(s.ports) > 0}, {"http", len(s.http) > 0}, {"dns", len(s.dns) > 0}} {
		errs = append(errs, errorIf(other.set, field.Forbidden(at.Child(other.name), "is not supported with icmp, which has no ports: write a flow of its own"))...)
	}
	return errs
}

// validateICMPTypes validates a list of types that differ.
func validateICMPTypes(types []ICMPType, at *field.Path) field.ErrorList {
	return validateItems(types, at, nil)
}

// validateICMP refuses a Service with icmp, which Services do not forward.
func (p *Peer) validateICMP(icmp []ICMPType, at *field.Path) field.ErrorList {
	return errorIf(p.Service != "" && len(icmp) > 0, field.Forbidden(at.Child("service"), "is not supported with icmp, which Services do not forward: set the pods as the peer"))
}

func (s trafficRules) validateHTTP(at *field.Path) field.ErrorList {
	errs := validateItems(s.http, at.Child("http"), HTTPRule.validate)
	errs = append(errs, errorIf(len(s.dns) > 0, field.Forbidden(at.Child("dns"), "is not supported with http: write a flow for each"))...)
	errs = append(errs, errorIf(len(s.ports) == 0, field.Required(at.Child("ports"), "with http: set the ports, as [{port: 8080}]"))...)
	for i, p := range s.ports {
		errs = append(errs, p.validateHTTP(s.tls, at.Child("ports").Index(i))...)
	}
	return errs
}

// TLSPortHint is the fix for http on a TLS port.
const TLSPortHint = "omit http, use a port with plain HTTP or, in egress, decrypt with tls.terminating and tls.originating (limits.secrets)"

func (p Port) validateHTTP(tls *TLS, at *field.Path) field.ErrorList {
	switch {
	case p.Protocol != "" && p.Protocol != TCP:
		return field.ErrorList{field.Invalid(at.Child("protocol"), p.Protocol, "http requires TCP: move this port to a flow of its own")}
	case p.IsTLSPort() && tls == nil:
		return field.ErrorList{field.Forbidden(at, "is a TLS port, where requests cannot be inspected: "+TLSPortHint)}
	}
	return nil
}

// IsTLSPort reports whether TLS is expected on a port, or on a port of a range: 443, 8443 and
// the name https.
func (p Port) IsTLSPort() bool {
	if p.Port.Type == intstr.String {
		return p.Port.StrVal == "https"
	}
	for _, tls := range []int32{443, 8443} {
		if p.Port.IntVal <= tls && tls <= max(p.Port.IntVal, p.EndPort) {
			return true
		}
	}
	return false
}

func (s trafficRules) validateDNS(at *field.Path) field.ErrorList {
	errs := validateFQDNs(s.dns, anyName, at.Child("dns"))
	errs = append(errs, errorIf(len(s.ports) == 0, field.Required(at.Child("ports"), "with dns: set the ports, as [{port: 53, protocol: UDP}, {port: 53, protocol: TCP}]"))...)
	for i, p := range s.ports {
		at := at.Child("ports").Index(i)
		errs = append(errs, errorIf(p.EndPort > p.Port.IntVal, field.Forbidden(at.Child("endPort"), "is not supported with dns, which Cilium inspects on single ports only: list the ports"))...)
		errs = append(errs, errorIf(p.Protocol == SCTP || p.Protocol == ANY, field.Invalid(at.Child("protocol"), p.Protocol, "dns requires UDP or TCP: write a port for each of them"))...)
	}
	return errs
}
