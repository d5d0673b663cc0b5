package resolve

import (
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// resolveServicePeer resolves a Service to its pods and target ports, or to its name or addresses:
// policies are decided after Service translation.
func (r *endsPass) resolveServicePeer(f *declaredFlow, name string, at *field.Path) ([]resolvedPeer, bool) {
	if r.refuseInGenerator(f, at) {
		return nil, true
	}
	namespace, short, known := r.serviceName(f, name, at)
	if !known {
		return nil, true
	}
	if namespace+"/"+short == "default/kubernetes" {
		return r.apiServerPeers(f, at), true
	}
	s := r.index.Service(namespace, short)
	switch {
	case r.unreadNamespaces[namespace]:
		return nil, true
	case s == nil:
		return nil, r.refuseMissingService(f, name, at)
	case !r.checkNamespaceLimit(f, namespace, endpoints.Selector{MatchLabels: s.Selector}, at):
		return nil, true
	case s.Type == "ExternalName":
		return r.resolveExternalName(r.withTenantLimits(f, s), s, at)
	case len(s.Selector) == 0:
		return r.resolveEndpointSlices(r.withTenantLimits(f, s), s, at), true
	case !r.checkSelectable(f.ref, s, at):
		return nil, true
	default:
		return r.resolveSelectorService(f, s, at)
	}
}

// refuseMissingService is refuseMissing for a Service. A part of the build that is unreadable may have
// the Service, so the limit on its namespace applies then.
func (r *endsPass) refuseMissingService(f *declaredFlow, name string, at *field.Path) bool {
	namespaces := f.tenant.Namespaces
	namespace, short, qualified := strings.Cut(name, "/")
	if qualified {
		namespaces = []string{namespace}
	} else {
		short = name
	}
	if r.index.Partial && !r.checkNamespaceLimit(f, namespaces[0], endpoints.Selector{}, at) {
		return true
	}
	return r.refuseMissing(f, at, "%s", r.serviceNotFound(namespaces, short, orRemovePeer))
}

// refuseInGenerator refuses a Service in a generator, which sees none.
func (r *endsPass) refuseInGenerator(f *declaredFlow, at *field.Path) bool {
	if r.index.WithoutResources {
		r.refuse(report.ServiceInGenerator, f.ref, at, "a generator sees no Services: name the pods and their own ports, or list the fence in transformers")
	}
	return r.index.WithoutResources
}

// serviceName splits the name of a Service. known is false if the tenant has no namespace, which is an
// error already, or several with the Service.
func (r *endsPass) serviceName(f *declaredFlow, name string, at *field.Path) (namespace, short string, known bool) {
	if namespace, short, qualified := strings.Cut(name, "/"); qualified {
		return namespace, short, true
	}
	known = len(f.tenant.Namespaces) > 0 && r.checkUnambiguous(f, name, at, "write namespace/name")
	return r.namespaceOfService(f, name), name, known
}

// withTenantLimits is a flow under its tenant's limits. They also apply to a flow of the profile if the
// Service is in a namespace of a tenant, which chooses its target.
func (r *endsPass) withTenantLimits(f *declaredFlow, s *resource.Service) *declaredFlow {
	out := *f
	out.fromProfile = f.fromProfile && r.holderOf(s.Ref.Namespace) == nil && !r.isShared(s.Ref.Namespace)
	return &out
}

// checkUnambiguous refuses the name of a Service without its namespace if several namespaces of the
// tenant have it.
func (r *endsPass) checkUnambiguous(f *declaredFlow, name string, at *field.Path, do string) bool {
	in := r.namespacesOfService(f, name)
	if len(in) > 1 {
		r.refuse(report.ServiceAmbiguous, f.ref, at, "Service %q is in several namespaces of this Tenant (%s): %s", name, quoteAll(in), do)
	}
	return len(in) <= 1
}

// checkSelectable refuses a Service with a selector that no policy can express: its labels are not in
// the identity of pods, or are reserved by Cilium.
func (r *endsPass) checkSelectable(ref report.Ref, s *resource.Service, at *field.Path) bool {
	for _, key := range slices.Sorted(maps.Keys(s.Selector)) {
		if v1alpha1.IsReservedPodLabel(key) || !v1alpha1.InIdentity(key) {
			r.refuse(report.ServiceSelectorUnsupported, ref, at, "Service %s/%s selects by the label %q, which Cilium omits from the identity of pods, so no policy can select it: use another label in the Service, or name the pods and their own ports",
				s.Ref.Namespace, s.Ref.Name, key)
			return false
		}
	}
	return true
}

func (r *endsPass) resolveSelectorService(f *declaredFlow, s *resource.Service, at *field.Path) ([]resolvedPeer, bool) {
	pods := endpoints.Selector{MatchLabels: s.Selector}
	resolvedPeers := r.peersInNamespace(r.withTenantConsent(f, s), s.Ref.Namespace, pods, sharedNamespace, at)
	if len(resolvedPeers) == 0 {
		return nil, r.refuseMissing(f, at, "the selector of Service %s/%s %s", s.Ref.Namespace, s.Ref.Name, r.podsNotFound([]string{s.Ref.Namespace}, pods, orRemovePeer))
	}
	if f.direction == flow.Egress {
		ports := r.targetPorts(f, s, f.ports, at)
		if len(ports) == 0 || f.tenant.IsNodes() && !r.checkTargetPortsDeclared(s, ports, at) {
			return nil, true
		}
		for i := range resolvedPeers {
			resolvedPeers[i].ports = ports
		}
	}
	r.reportExtraEndpoints(f, s, at)
	return resolvedPeers, true
}

// reportExtraEndpoints reports addresses of a Service that no pod has. The flow does not allow them.
func (r *endsPass) reportExtraEndpoints(f *declaredFlow, s *resource.Service, at *field.Path) {
	var others []string
	for _, slice := range r.index.NonPodSlices(s) {
		others = append(others, networksOf(slice)...)
	}
	if len(others) == 0 {
		return
	}
	f.partial = true
	r.warn(report.ServiceAddressesWithoutPods, f.ref, at, "Service %s/%s selects pods, and an EndpointSlice or Endpoints also gives it the addresses %s, which no pod of the build has: this flow allows the pods alone: add a peer with cidrs for the other addresses, or a targetRef to their Pod",
		s.Ref.Namespace, s.Ref.Name, truncatedList(others))
}

// targetPorts are the pods' ports behind the requested ports of a Service.
func (r *endsPass) targetPorts(f *declaredFlow, s *resource.Service, requested []flow.Port, at *field.Path) []flow.Port {
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
func (r *endsPass) policyPorts(s *resource.Service, target flow.Port) []flow.Port {
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
func (r *endsPass) servicePorts(f *declaredFlow, s *resource.Service, requested []flow.Port, at *field.Path) []resource.ServicePort {
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
