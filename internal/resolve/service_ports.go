package resolve

import (
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// targetPorts are the pods' ports behind the requested ports of a Service.
func (r *resolver) targetPorts(f *declaredFlow, s *resource.Service, requested []flow.Port, at *field.Path) []flow.Port {
	var out []flow.Port
	for _, p := range r.servicePorts(f, s, requested, at) {
		port := p.Target()
		if s.Headless() && !r.index.DialsTargetPort(s, p) {
			r.warn(report.HeadlessTargetPort, s.Ref, field.NewPath("spec", "ports"),
				"is headless, so nothing translates port %d to %s, and clients on port %d are denied: set port and targetPort to the same number, or let clients use %s", p.Port, port, p.Port, port)
		}
		for _, p := range r.policyPorts(s, port) {
			if !slices.Contains(out, p) {
				out = append(out, p)
			}
		}
	}
	return out
}

// policyPorts are the ports of policies for a Service's target port: its name and, for pods with the
// port in a native sidecar, its number.
func (r *resolver) policyPorts(s *resource.Service, target flow.Port) []flow.Port {
	if target.Name == "" {
		return []flow.Port{target}
	}
	named := false
	var out []flow.Port
	for _, w := range r.index.WorkloadsIn(s.Ref.Namespace, endpoints.Selector{MatchLabels: s.Selector}) {
		n, ok := w.ResolveTargetPort(target)
		switch {
		case !ok:
		case slices.Contains(w.Ports, endpoints.NamedPort{Name: target.Name, Port: uint16(n.Port), Protocol: n.Protocol}):
			named = true
		case !slices.Contains(out, n):
			out = append(out, n)
		}
	}
	if named || len(out) == 0 {
		out = append([]flow.Port{target}, out...)
	}
	return out
}

// servicePorts are the requested ports of a Service, or all of them if none is requested.
func (r *resolver) servicePorts(f *declaredFlow, s *resource.Service, requested []flow.Port, at *field.Path) []resource.ServicePort {
	if len(s.Ports) == 0 {
		r.refuse(report.PortNotFound, f.ref, at, "Service %s/%s has no ports: name its pods and their ports instead", s.Ref.Namespace, s.Ref.Name)
		return nil
	}
	for _, p := range s.Ports {
		if !p.Usable() {
			r.refuse(report.ServicePortInvalid, s.Ref, field.NewPath("spec", "ports"), "port %d/%s with targetPort %s is not valid in Kubernetes, which would reject a policy with it: correct it", p.Port, p.Protocol, p.TargetPort.String())
			return nil
		}
	}
	if len(requested) == 0 {
		return s.Ports
	}
	var out []resource.ServicePort
	for i, p := range requested {
		found := matchingPorts(s, p)
		out = append(out, found...)
		if len(found) == 0 || p.End > p.Port {
			r.refuse(report.PortNotFound, f.ref, f.path.Child("ports").Index(i), "Service %s/%s has no port %s: %s", s.Ref.Namespace, s.Ref.Name, p, servicePortFix(s, p))
		}
	}
	return out
}

// matchingPorts are the ports of a Service that a requested one matches.
func matchingPorts(s *resource.Service, requested flow.Port) []resource.ServicePort {
	var out []resource.ServicePort
	for _, p := range s.Ports {
		same := requested.Name != "" && p.Name == requested.Name || requested.Name == "" && p.Port == requested.Port
		if same && (p.Protocol == requested.Protocol || requested.Protocol == v1alpha1.ANY) {
			out = append(out, p)
		}
	}
	return out
}
