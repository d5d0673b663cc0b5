package v1alpha1

import (
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// trafficRules is what a flow says of what passes: the ports, and what is spoken there.
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
		if other.set {
			errs = append(errs, field.Forbidden(at.Child(other.name), "is not for a flow with icmp, which has no ports: make it a flow of its own"))
		}
	}
	return errs
}

// validateICMPTypes validates a list of types that differ.
func validateICMPTypes(types []ICMPType, at *field.Path) field.ErrorList {
	var errs field.ErrorList
	seen := unique{}
	for i, t := range types {
		errs = append(errs, seen.item(string(t), at.Index(i))...)
	}
	return errs
}

// validateICMP refuses a Service where ICMP is spoken: nothing translates that.
func (p *Peer) validateICMP(icmp []ICMPType, at *field.Path) field.ErrorList {
	if p.Service == "" || len(icmp) == 0 {
		return nil
	}
	return field.ErrorList{field.Forbidden(at.Child("service"), "is not for a flow with icmp, which no Service passes on: name the pods")}
}

func (s trafficRules) validateHTTP(at *field.Path) field.ErrorList {
	var errs field.ErrorList
	seen := unique{}
	for i, rule := range s.http {
		errs = append(errs, rule.validate(at.Child("http").Index(i))...)
		errs = append(errs, seen.item(rule.String(), at.Child("http").Index(i))...)
	}
	if len(s.dns) > 0 {
		errs = append(errs, field.Forbidden(at.Child("dns"), "is not for a flow with http: make each a flow of its own"))
	}
	if len(s.ports) == 0 {
		errs = append(errs, field.Required(at.Child("ports"), "beside http: say on which ports it is spoken"))
	}
	for i, p := range s.ports {
		errs = append(errs, p.validateHTTP(s.tls, at.Child("ports").Index(i))...)
	}
	return errs
}

// TLSPortHint is what to do where http is said of a port that speaks TLS.
const TLSPortHint = "leave http out, name the port on which plain HTTP is spoken or, in egress, open it up with tls.terminating and tls.originating (limits.secrets)"

func (p Port) validateHTTP(tls *TLS, at *field.Path) field.ErrorList {
	switch {
	case p.Protocol != "" && p.Protocol != TCP:
		return field.ErrorList{field.Invalid(at.Child("protocol"), p.Protocol, "http is spoken over TCP alone: make this port a flow of its own")}
	case p.IsTLSPort() && tls == nil:
		return field.ErrorList{field.Forbidden(at, "speaks TLS, which nothing looks into: "+TLSPortHint)}
	}
	return nil
}

// IsTLSPort says whether TLS is expected on a port, or on one of a range: 443, 8443
// and a port of the name https.
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
	if len(s.ports) == 0 {
		errs = append(errs, field.Required(at.Child("ports"), "beside dns: say on which ports it is spoken, as [{port: 53, protocol: UDP}, {port: 53, protocol: TCP}]"))
	}
	for i, p := range s.ports {
		at := at.Child("ports").Index(i)
		if p.EndPort > p.Port.IntVal {
			errs = append(errs, field.Forbidden(at.Child("endPort"), "is not for a flow with dns, which Cilium looks into port by port: list the ports"))
		}
		if p.Protocol == SCTP || p.Protocol == ANY {
			errs = append(errs, field.Invalid(at.Child("protocol"), p.Protocol, "dns is spoken over UDP and TCP: write each of them as a port of its own"))
		}
	}
	return errs
}
