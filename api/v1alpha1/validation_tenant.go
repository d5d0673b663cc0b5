package v1alpha1

import (
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Validate finds what is wrong within the Tenant. What depends on the profile or on
// other resources is not looked at.
func (t *Tenant) Validate() field.ErrorList {
	errs := validateName(t.Name, field.NewPath("metadata", "name"))
	return append(errs, t.Spec.validate(field.NewPath("spec"))...)
}

func (s *TenantSpec) validate(at *field.Path) field.ErrorList {
	var errs field.ErrorList
	if len(validation.IsValidLabelValue(s.ID)) > 0 {
		errs = append(errs, field.Invalid(at.Child("id"), s.ID, "must be "+labelValue))
	}
	errs = append(errs, validateNames(s.Namespaces, at.Child("namespaces"))...)
	errs = append(errs, validateSelector(s.Pods, at.Child("pods"))...)
	if s.Pods != nil && len(s.Pods.MatchLabels)+len(s.Pods.MatchExpressions) == 0 {
		errs = append(errs, field.Required(at.Child("pods"), "as {}, it selects the other tenants' pods too: select this tenant's by their labels"))
	}
	if s.Pods != nil && len(s.Pods.MatchExpressions) > 0 {
		errs = append(errs, field.Forbidden(at.Child("pods", "matchExpressions"), "an expression can leave out pods that the tenant's workloads make, and nothing fences those: give all of the tenant's pods one label, and select it in matchLabels"))
	}
	seen := unique{}
	errs = append(errs, validateFlows(s.Ingress, s.Egress, seen, at)...)
	errs = append(errs, forbidFullMesh(s.Ingress, s.Egress, at)...)
	for i := range s.AgentIngress {
		a, at := &s.AgentIngress[i], at.Child("agentIngress").Index(i)
		errs = append(errs, seen.name(a.Name, at.Child("name"))...)
		errs = append(errs, a.validate(at)...)
	}
	return errs
}

// validateFlows validates what Tenants and a profile's allTenants have in common.
func validateFlows(ingress []IngressFlow, egress []EgressFlow, seen unique, at *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i := range ingress {
		f, at := &ingress[i], at.Child("ingress").Index(i)
		errs = append(errs, seen.name(f.Name, at.Child("name"))...)
		errs = append(errs, f.validate(at)...)
	}
	for i := range egress {
		f, at := &egress[i], at.Child("egress").Index(i)
		errs = append(errs, seen.name(f.Name, at.Child("name"))...)
		errs = append(errs, f.validate(at)...)
	}
	return errs
}

func (f *IngressFlow) validate(at *field.Path) field.ErrorList {
	errs := validateName(f.Name, at.Child("name"))
	errs = append(errs, validateSelector(f.Pods, at.Child("pods"))...)
	errs = append(errs, trafficRules{ports: f.Ports, http: f.HTTP, icmp: f.ICMP}.validate(at)...)
	for i := range f.From {
		p, at := &f.From[i], at.Child("from").Index(i)
		errs = append(errs, p.validate(at)...)
		errs = append(errs, p.validateICMP(f.ICMP, at)...)
		if len(p.FQDNs) > 0 {
			errs = append(errs, field.Forbidden(at.Child("fqdns"), "is only for egress, since nobody knows the name of who connects: use cidrs"))
		}
	}
	return errs
}

func (f *EgressFlow) validate(at *field.Path) field.ErrorList {
	errs := validateName(f.Name, at.Child("name"))
	errs = append(errs, validateSelector(f.Pods, at.Child("pods"))...)
	errs = append(errs, trafficRules{ports: f.Ports, http: f.HTTP, dns: f.DNS, icmp: f.ICMP, tls: f.TLS}.validate(at)...)
	errs = append(errs, f.validateTLS(at)...)
	named := false
	for i := range f.To {
		p, at := &f.To[i], at.Child("to").Index(i)
		errs = append(errs, p.validate(at)...)
		errs = append(errs, p.validateICMP(f.ICMP, at)...)
		if len(p.FQDNs) > 0 && len(f.DNS) > 0 {
			errs = append(errs, field.Forbidden(at.Child("fqdns"), "is not for a flow with dns, which is asked of a server: use service, namespace or cidrs"))
		}
		named = named || len(p.FQDNs) > 0
	}
	if named && len(f.Ports) == 0 && len(f.ICMP) == 0 {
		errs = append(errs, field.Required(at.Child("ports"), "beside fqdns, or every port of every address behind the names would be open: say which"))
	}
	return append(errs, f.validateVia(at)...)
}

func (f *EgressFlow) validateVia(at *field.Path) field.ErrorList {
	if f.Via == "" {
		return nil
	}
	errs := validateName(f.Via, at.Child("via"))
	if f.Pods != nil {
		errs = append(errs, field.Forbidden(at.Child("pods"), "is not for a flow with via, whose connections the egress point's pods open: remove one of the two"))
	}
	for i := range f.To {
		for _, kind := range f.To[i].kinds() {
			if kind != "fqdns" && kind != "cidrs" && kind != "entities" {
				errs = append(errs, field.Forbidden(at.Child("to").Index(i).Child(kind), "is not reached via an egress point, which leads out of the cluster: use fqdns, cidrs or entities, or remove via"))
			}
		}
	}
	return errs
}

func (a *AgentIngress) validate(at *field.Path) field.ErrorList {
	errs := validateName(a.Name, at.Child("name"))
	errs = append(errs, validateSelector(a.Pods, at.Child("pods"))...)
	errs = append(errs, validatePorts(a.Ports, at.Child("ports"))...)
	errs = append(errs, validateCIDRs(a.CIDRs, at.Child("cidrs"))...)
	switch {
	case a.Service == "" && a.Pods == nil:
		errs = append(errs, field.Required(at.Child("service"), "name the Service that agents dial, or the pods that they reach"))
	case a.Service != "" && a.Pods != nil:
		errs = append(errs, field.Forbidden(at.Child("pods"), "is not for a flow with service, which stands for its pods: remove one of the two"))
	case a.Service != "":
		errs = append(errs, validateOwnService(a.Service, at.Child("service"))...)
	case len(a.Ports) == 0:
		errs = append(errs, field.Required(at.Child("ports"), "beside pods: say which ports agents reach"))
	}
	return append(errs, a.validateMode(at)...)
}

func (a *AgentIngress) validateMode(at *field.Path) field.ErrorList {
	errs := validateProxyPorts(a.ProxyPorts, at.Child("proxyPorts"))
	switch a.Mode {
	case LoadBalancer:
		if len(a.ProxyPorts) > 0 {
			errs = append(errs, field.Forbidden(at.Child("proxyPorts"), "is only for mode EdgeProxy: remove it"))
		}
		if len(a.CIDRs) == 0 {
			errs = append(errs, field.Required(at.Child("cidrs"), "with mode LoadBalancer: say which networks agents dial from"))
		}
	case EdgeProxy:
		if len(a.CIDRs) > 0 && len(a.ProxyPorts) == 0 {
			errs = append(errs, field.Forbidden(at.Child("cidrs"), "is not for mode EdgeProxy without proxyPorts, where the profile's edgeProxy.cidrs say who reaches the proxy: remove it, or say the proxy's ports that are this tenant's"))
		}
		if a.SourceIP != "" {
			errs = append(errs, field.Forbidden(at.Child("sourceIP"), "is only for mode LoadBalancer: remove it"))
		}
	}
	return errs
}

// validateProxyPorts wants numbers: two names may be one port.
func validateProxyPorts(ports []Port, at *field.Path) field.ErrorList {
	errs := validatePorts(ports, at)
	for i, p := range ports {
		if p.Port.Type == intstr.String {
			errs = append(errs, field.Invalid(at.Index(i).Child("port"), p.Port.StrVal, "must be a number, by which it is told from other tenants' ports"))
		}
	}
	return errs
}
