package v1alpha1

import (
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Validate returns the errors in the Tenant. It does not check what depends on the profile or
// other resources.
func (t *Tenant) Validate() field.ErrorList {
	errs := validateName(t.Name, field.NewPath("metadata", "name"))
	return append(errs, t.Spec.validate(field.NewPath("spec"))...)
}

func (s *TenantSpec) validate(at *field.Path) field.ErrorList {
	var errs field.ErrorList
	errs = append(errs, errorIf(len(validation.IsValidLabelValue(s.ID)) > 0, field.Invalid(at.Child("id"), s.ID, "must be "+labelValue))...)
	errs = append(errs, validateNames(s.Namespaces, at.Child("namespaces"))...)
	errs = append(errs, validateSelector(s.Pods, at.Child("pods"))...)
	errs = append(errs, errorIf(s.Pods != nil && len(s.Pods.MatchLabels)+len(s.Pods.MatchExpressions) == 0, field.Required(at.Child("pods"), "{} also selects pods of other tenants: select this tenant's pods by a label in matchLabels"))...)
	errs = append(errs, errorIf(s.Pods != nil && len(s.Pods.MatchExpressions) > 0, field.Forbidden(at.Child("pods", "matchExpressions"), "can exclude pods of the tenant's workloads, which would stay unfenced: give all pods of the tenant one label, and select it in matchLabels"))...)
	errs = append(errs, s.Baseline.validate(at.Child("baseline"))...)
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

func (b *TenantBaseline) validate(at *field.Path) field.ErrorList {
	if b == nil || b.DNSPods == nil {
		return nil
	}
	errs := validateSelector(b.DNSPods, at.Child("dnsPods"))
	errs = append(errs, errorIf(b.DNS != nil, field.Forbidden(at.Child("dnsPods"), "is not supported with dns, which applies to all pods of the tenant: remove one of the two"))...)
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
		errs = append(errs, errorIf(len(p.FQDNs) > 0, field.Forbidden(at.Child("fqdns"), "is only for egress, because the name of a source is unknown: use cidrs"))...)
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
		errs = append(errs, errorIf(len(p.FQDNs) > 0 && len(f.DNS) > 0, field.Forbidden(at.Child("fqdns"), "is not supported with dns, whose peer is a DNS server: use service, namespace or cidrs"))...)
		named = named || len(p.FQDNs) > 0
	}
	errs = append(errs, errorIf(named && len(f.Ports) == 0 && len(f.ICMP) == 0, field.Required(at.Child("ports"), "with fqdns, or every port of every address behind the names would be allowed: set the ports, as [{port: 443}]"))...)
	return append(errs, f.validateVia(at)...)
}

func (f *EgressFlow) validateVia(at *field.Path) field.ErrorList {
	if f.Via == "" {
		return nil
	}
	errs := validateName(f.Via, at.Child("via"))
	errs = append(errs, errorIf(f.Pods != nil, field.Forbidden(at.Child("pods"), "is not supported with via, where the pods of the egress point connect: remove one of the two"))...)
	for i := range f.To {
		for _, kind := range f.To[i].kinds() {
			errs = append(errs, errorIf(kind != "fqdns" && kind != "cidrs" && kind != "entities", field.Forbidden(at.Child("to").Index(i).Child(kind), "is not supported with via, because egress points connect to destinations outside the cluster: use fqdns, cidrs or entities, or remove via"))...)
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
		errs = append(errs, field.Required(at.Child("service"), "set service to the Service that agents connect to, or set pods"))
	case a.Service != "" && a.Pods != nil:
		errs = append(errs, field.Forbidden(at.Child("pods"), "is not supported with service, which represents its pods: remove one of the two"))
	case a.Service != "":
		errs = append(errs, validateOwnService(a.Service, at.Child("service"))...)
	case len(a.Ports) == 0:
		errs = append(errs, field.Required(at.Child("ports"), "with pods: set the container ports that agents reach"))
	}
	return append(errs, a.validateMode(at)...)
}

func (a *AgentIngress) validateMode(at *field.Path) field.ErrorList {
	errs := validateProxyPorts(a.ProxyPorts, at.Child("proxyPorts"))
	switch a.Mode {
	case LoadBalancer:
		errs = append(errs, errorIf(len(a.ProxyPorts) > 0, field.Forbidden(at.Child("proxyPorts"), "requires mode: EdgeProxy: remove it"))...)
		errs = append(errs, errorIf(len(a.CIDRs) == 0, field.Required(at.Child("cidrs"), "with mode: LoadBalancer: set the networks of the agents"))...)
	case EdgeProxy:
		errs = append(errs, errorIf(len(a.CIDRs) > 0 && len(a.ProxyPorts) == 0, field.Forbidden(at.Child("cidrs"), "requires proxyPorts with mode: EdgeProxy, because the profile's edgeProxy.cidrs apply to shared ports: remove it, or set proxyPorts"))...)
		errs = append(errs, errorIf(a.SourceIP != "", field.Forbidden(at.Child("sourceIP"), "requires mode: LoadBalancer: remove it"))...)
	}
	return errs
}

// validateProxyPorts requires numbers, because two names may be the same port.
func validateProxyPorts(ports []Port, at *field.Path) field.ErrorList {
	errs := validatePorts(ports, at)
	for i, p := range ports {
		errs = append(errs, errorIf(p.Port.Type == intstr.String, field.Invalid(at.Index(i).Child("port"), p.Port.StrVal, "must be a number, so that it can be compared with the ports of other tenants"))...)
	}
	return errs
}
