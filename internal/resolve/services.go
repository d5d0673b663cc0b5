package resolve

import (
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// serviceEnds are the pods and target ports behind a Service, or what it stands for
// instead: policies are decided after Service translation.
func (r *resolver) serviceEnds(f *flow, name string, at *field.Path) ([]end, bool) {
	if r.refuseBlind(f, at) {
		return nil, true
	}
	namespace, short, told := r.serviceName(f, name, at)
	if !told {
		return nil, true
	}
	if namespace+"/"+short == "default/kubernetes" {
		return r.apiServerEnds(f, at), true
	}
	s := r.index.Service(namespace, short)
	var behind policy.Selector
	if s != nil {
		behind.MatchLabels = s.Selector
	}
	if r.unreadNamespaces[namespace] || !r.reachesNamespace(f, namespace, behind, at) {
		return nil, true
	}
	if s == nil {
		return nil, r.missing(f, at, "Service %q is not in the build: correct the name, tell the Service as inventory, or say optional: true", name)
	}
	switch {
	case s.Type == "ExternalName":
		return r.externalNameEnds(r.limited(f, s), s, at)
	case len(s.Selector) == 0:
		return r.sliceEnds(r.limited(f, s), s, at), true
	case !r.selectable(f.ref, s, at):
		return nil, true
	default:
		return r.selectorEnds(f, s, at)
	}
}

// refuseBlind refuses to look a Service up where none is seen.
func (r *resolver) refuseBlind(f *flow, at *field.Path) bool {
	if r.index.Blind {
		r.refuse("service-in-generator", f.ref, at, "a generator sees no Services: name the pods and their own ports, or list the fence in transformers")
	}
	return r.index.Blind
}

// serviceName takes a Service's name apart. It is not told where the tenant has no
// namespace, which is refused already, or has the Service in several.
func (r *resolver) serviceName(f *flow, name string, at *field.Path) (namespace, short string, told bool) {
	if namespace, short, qualified := strings.Cut(name, "/"); qualified {
		return namespace, short, true
	}
	told = len(f.tenant.Namespaces) > 0 && r.inOneNamespace(f, name, at, "write namespace/name")
	return r.namespaceOfService(f, name), name, told
}

// limited is the flow under its tenant's limits, also where the profile says it, if a
// tenant writes the Service: the profile has not seen what that stands for.
func (r *resolver) limited(f *flow, s *resource.Service) *flow {
	out := *f
	out.ofProfile = f.ofProfile && r.owner[s.Ref.Namespace] == nil && !r.shared(s.Ref.Namespace)
	return &out
}

// namespaceOfService finds an unqualified name among the tenant's own namespaces.
func (r *resolver) namespaceOfService(f *flow, name string) string {
	if in := r.namespacesOfService(f, name); len(in) > 0 {
		return in[0]
	}
	if len(f.tenant.Namespaces) > 0 {
		return f.tenant.Namespaces[0]
	}
	return ""
}

func (r *resolver) namespacesOfService(f *flow, name string) []string {
	return slices.DeleteFunc(slices.Clone(f.tenant.Namespaces), func(ns string) bool { return r.index.Service(ns, name) == nil })
}

// inOneNamespace refuses an unqualified name that several of the tenant's namespaces
// have: which Service it is cannot be told.
func (r *resolver) inOneNamespace(f *flow, name string, at *field.Path, do string) bool {
	in := r.namespacesOfService(f, name)
	if len(in) > 1 {
		r.refuse("ambiguous-service", f.ref, at, "Service %q is in %s, and which is meant cannot be told: %s", name, quoted(in), do)
	}
	return len(in) <= 1
}

// selectable refuses a Service whose selector no policy can say: it has labels that
// are not in the identity of its pods, or would be taken for Cilium's own.
func (r *resolver) selectable(ref policy.Ref, s *resource.Service, at *field.Path) bool {
	for _, key := range slices.Sorted(maps.Keys(s.Selector)) {
		if v1alpha1.ReservedPodLabel(key) || !v1alpha1.InIdentity(key) {
			r.refuse("unusable-service-selector", ref, at, "Service %s/%s selects by the label %q, which Cilium does not take from a pod into its identity, so no policy can: have it select by another label, or name the pods and their own ports",
				s.Ref.Namespace, s.Ref.Name, key)
			return false
		}
	}
	return true
}

func (r *resolver) selectorEnds(f *flow, s *resource.Service, at *field.Path) ([]end, bool) {
	pods := policy.Selector{MatchLabels: s.Selector}
	ends := r.endsIn(r.serviceFlow(f, s), s.Ref.Namespace, pods, sharing, at)
	if len(ends) == 0 {
		return nil, r.missing(f, at, "the selector of Service %s/%s selects no pod in the build: correct it, tell the pods as inventory, or say optional: true", s.Ref.Namespace, s.Ref.Name)
	}
	if f.direction == policy.Egress {
		ports := r.targetPorts(f, s, f.ports, at)
		if len(ports) == 0 || f.node != "" && !r.declaredPorts(s, ports, at) {
			return nil, true
		}
		for i := range ends {
			ends[i].ports = ports
		}
	}
	r.sayBesidePods(f, s, at)
	return ends, true
}

// sayBesidePods reports addresses of a Service that its pods do not have, which are not allowed
// with the pods.
func (r *resolver) sayBesidePods(f *flow, s *resource.Service, at *field.Path) {
	var others []string
	for _, slice := range r.index.BesidePods(s) {
		others = append(others, networksOf(slice)...)
	}
	if len(others) == 0 {
		return
	}
	f.partly = true
	r.warn("addresses-beside-pods", f.ref, at, "Service %s/%s selects pods, and an EndpointSlice or Endpoints of the build also gives it the addresses %s, which no pod of the build has: this flow is with the pods alone: for the others, add a peer with cidrs, or give the endpoints a targetRef to their Pod",
		s.Ref.Namespace, s.Ref.Name, some(others))
}
