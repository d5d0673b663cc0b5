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
func (r *resolver) resolveServicePeer(f *declaredFlow, name string, at *field.Path) ([]resolvedPeer, bool) {
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
func (r *resolver) refuseMissingService(f *declaredFlow, name string, at *field.Path) bool {
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
func (r *resolver) refuseInGenerator(f *declaredFlow, at *field.Path) bool {
	if r.index.WithoutResources {
		r.refuse(report.ServiceInGenerator, f.ref, at, "a generator sees no Services: name the pods and their own ports, or list the fence in transformers")
	}
	return r.index.WithoutResources
}

// serviceName splits the name of a Service. known is false if the tenant has no namespace, which is an
// error already, or several with the Service.
func (r *resolver) serviceName(f *declaredFlow, name string, at *field.Path) (namespace, short string, known bool) {
	if namespace, short, qualified := strings.Cut(name, "/"); qualified {
		return namespace, short, true
	}
	known = len(f.tenant.Namespaces) > 0 && r.checkUnambiguous(f, name, at, "write namespace/name")
	return r.namespaceOfService(f, name), name, known
}

// withTenantLimits is a flow under its tenant's limits. They also apply to a flow of the profile if the
// Service is in a namespace of a tenant, which chooses its target.
func (r *resolver) withTenantLimits(f *declaredFlow, s *resource.Service) *declaredFlow {
	out := *f
	out.fromProfile = f.fromProfile && r.holderOf(s.Ref.Namespace) == nil && !r.isShared(s.Ref.Namespace)
	return &out
}

// namespaceOfService finds an unqualified name among the tenant's own namespaces.
func (r *resolver) namespaceOfService(f *declaredFlow, name string) string {
	if in := r.namespacesOfService(f, name); len(in) > 0 {
		return in[0]
	}
	if len(f.tenant.Namespaces) > 0 {
		return f.tenant.Namespaces[0]
	}
	return ""
}

func (r *resolver) namespacesOfService(f *declaredFlow, name string) []string {
	return slices.DeleteFunc(slices.Clone(f.tenant.Namespaces), func(ns string) bool { return r.index.Service(ns, name) == nil })
}

// checkUnambiguous refuses the name of a Service without its namespace if several namespaces of the
// tenant have it.
func (r *resolver) checkUnambiguous(f *declaredFlow, name string, at *field.Path, do string) bool {
	in := r.namespacesOfService(f, name)
	if len(in) > 1 {
		r.refuse(report.ServiceAmbiguous, f.ref, at, "Service %q is in several namespaces of this Tenant (%s): %s", name, quoteAll(in), do)
	}
	return len(in) <= 1
}

// checkSelectable refuses a Service with a selector that no policy can express: its labels are not in
// the identity of pods, or are reserved by Cilium.
func (r *resolver) checkSelectable(ref report.Ref, s *resource.Service, at *field.Path) bool {
	for _, key := range slices.Sorted(maps.Keys(s.Selector)) {
		if v1alpha1.IsReservedPodLabel(key) || !v1alpha1.InIdentity(key) {
			r.refuse(report.ServiceSelectorUnsupported, ref, at, "Service %s/%s selects by the label %q, which Cilium omits from the identity of pods, so no policy can select it: use another label in the Service, or name the pods and their own ports",
				s.Ref.Namespace, s.Ref.Name, key)
			return false
		}
	}
	return true
}

func (r *resolver) resolveSelectorService(f *declaredFlow, s *resource.Service, at *field.Path) ([]resolvedPeer, bool) {
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
func (r *resolver) reportExtraEndpoints(f *declaredFlow, s *resource.Service, at *field.Path) {
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
