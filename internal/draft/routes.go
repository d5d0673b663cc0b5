package draft

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/resource"
)

const gatewayGroup = "gateway.networking.k8s.io"

// backend is a Service of a route.
type backend struct {
	namespace, name string
	port            v1alpha1.Port
	evidence        string
}

func (b *build) findRoutes() {
	for _, n := range b.ofKind("networking.k8s.io", "Ingress") {
		b.addRoutes(n, b.routesFrom(b.ingressController(n)), ingressBackends(n))
	}
	for _, n := range b.ofKind(gatewayGroup, "HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute") {
		for _, name := range b.routeControllers(n) {
			b.addRoutes(n, b.routesFrom(name, ""), routeBackends(n))
		}
	}
}

// addRoutes adds the flows from a controller to the backends of a route.
func (b *build) addRoutes(n *yaml.RNode, from routed, backends []backend) {
	ref := describe(resource.RefOf(n))
	if from.note != "" && len(backends) > 0 {
		b.review(ref, from.note)
	}
	if from.none {
		return
	}
	for _, to := range backends {
		s := b.index.Service(to.namespace, to.name)
		if s == nil {
			b.unseen(ref, fmt.Sprintf("names Service %s/%s, which is not in the build", to.namespace, to.name))
			continue
		}
		if to.namespace != n.GetNamespace() && !b.isGranted(n, to) {
			b.review(ref, fmt.Sprintf("names Service %s/%s, and no ReferenceGrant of the build allows that: no flow is written: add the grant, or the flow if the grant is elsewhere", to.namespace, to.name))
			continue
		}
		var ports []v1alpha1.Port
		if to.port.Port != (intstr.IntOrString{}) {
			ports = []v1alpha1.Port{to.port}
		}
		for _, d := range b.destinations(s, ports, ref) {
			b.add(namedFlow{from: from.from, to: d.to, ports: d.ports, evidence: []string{to.evidence}})
		}
	}
}

func ingressBackends(n *yaml.RNode) []backend {
	in := decode[networkingv1.IngressSpec](at(n, "spec"))
	all := []*networkingv1.IngressBackend{in.DefaultBackend}
	for _, r := range in.Rules {
		for i := 0; r.HTTP != nil && i < len(r.HTTP.Paths); i++ {
			all = append(all, &r.HTTP.Paths[i].Backend)
		}
	}
	var out []backend
	for _, to := range all {
		if to == nil || to.Service == nil || to.Service.Name == "" {
			continue
		}
		s := to.Service
		to := backend{namespace: n.GetNamespace(), name: s.Name, evidence: short(resource.RefOf(n)) + " backend " + s.Name}
		if s.Port.Name != "" {
			to.port.Port = intstr.FromString(s.Port.Name)
		} else if s.Port.Number > 0 {
			to.port.Port = intstr.FromInt32(s.Port.Number)
		}
		out = append(out, to)
	}
	return out
}

// ingressController is the name of the controller of an Ingress, or of its class, or "" if neither is known. It also
// returns the class.
func (b *build) ingressController(n *yaml.RNode) (name, class string) {
	class = cmp.Or(decode[string](at(n, "spec.ingressClassName")), n.GetAnnotations()["kubernetes.io/ingress.class"])
	for _, c := range b.ofKind("networking.k8s.io", "IngressClass") {
		if name := decode[string](at(c, "spec.controller")); name != "" && (c.GetName() == class || class == "" && c.GetAnnotations()["ingressclass.kubernetes.io/is-default-class"] == "true") {
			return name, c.GetName()
		}
	}
	return class, class
}

type routeRef struct {
	Group     *string `json:"group"`
	Kind      string  `json:"kind"`
	Name      string  `json:"name"`
	Namespace string  `json:"namespace"`
	Port      int32   `json:"port"`
}

type routeRule struct {
	Backends []routeRef `json:"backendRefs"`
}

func routeBackends(n *yaml.RNode) []backend {
	var out []backend
	for _, r := range decode[[]routeRule](at(n, "spec.rules")) {
		for _, ref := range r.Backends {
			if cmp.Or(ref.Kind, "Service") != "Service" || ref.Group != nil && *ref.Group != "" {
				continue
			}
			to := backend{namespace: cmp.Or(ref.Namespace, n.GetNamespace()), name: ref.Name, evidence: short(resource.RefOf(n)) + " backend " + ref.Name}
			if ref.Port > 0 {
				to.port = tcp(ref.Port)
			}
			if n.GetKind() == "UDPRoute" {
				to.port.Protocol = v1alpha1.UDP
			}
			out = append(out, to)
		}
	}
	return out
}

// routeControllers are the names of the controllers of a route's Gateways.
func (b *build) routeControllers(n *yaml.RNode) []string {
	found := map[string]bool{}
	var out []string
	for _, p := range decode[[]routeRef](at(n, "spec.parentRefs")) {
		if cmp.Or(p.Kind, "Gateway") != "Gateway" {
			continue
		}
		name := b.gatewayController(cmp.Or(p.Namespace, n.GetNamespace()), p.Name)
		if !found[name] {
			found[name] = true
			out = append(out, name)
		}
	}
	return out
}

// gatewayController is the name of the controller of a Gateway, or of its class, or "" if neither is known.
func (b *build) gatewayController(namespace, name string) string {
	class := decode[string](at(b.byGroup(gatewayGroup, "Gateway", namespace, name), "spec.gatewayClassName"))
	return cmp.Or(decode[string](at(b.byGroup(gatewayGroup, "GatewayClass", "", class), "spec.controllerName")), class)
}

// routedHosts are the public names that routes of the build lead into the cluster, each with its route.
func (b *build) routedHosts() map[string]string {
	if b.routed != nil {
		return b.routed
	}
	out := map[string]string{}
	for _, n := range b.ofKind("networking.k8s.io", "Ingress") {
		for _, r := range decode[networkingv1.IngressSpec](at(n, "spec")).Rules {
			out[r.Host] = describe(resource.RefOf(n))
		}
	}
	for _, n := range b.ofKind(gatewayGroup, "HTTPRoute", "GRPCRoute", "TLSRoute") {
		for _, h := range decode[[]string](at(n, "spec.hostnames")) {
			out[h] = describe(resource.RefOf(n))
		}
	}
	b.routed = out
	return out
}

type referenceGrant struct {
	From []struct{ Group, Kind, Namespace string }
	To   []struct{ Group, Kind, Name string }
}

// isGranted reports whether a ReferenceGrant allows a route to name a Service of another namespace.
func (b *build) isGranted(route *yaml.RNode, to backend) bool {
	return slices.ContainsFunc(b.ofKind(gatewayGroup, "ReferenceGrant"), func(n *yaml.RNode) bool {
		grant := decode[referenceGrant](at(n, "spec"))
		if n.GetNamespace() != to.namespace {
			return false
		}
		for _, from := range grant.From {
			if from.Group != gatewayGroup || from.Kind != route.GetKind() || from.Namespace != route.GetNamespace() {
				continue
			}
			for _, t := range grant.To {
				if t.Group == "" && t.Kind == "Service" && (t.Name == "" || t.Name == to.name) {
					return true
				}
			}
		}
		return false
	})
}

var (
	// controllerAnnotation is a key that an ingress controller reads.
	controllerAnnotation = newPattern(`(?i)(ingress|nginx|haproxy|traefik|konghq)[^/]*/`)
	// clientAnnotation is a key whose URLs are for clients.
	clientAnnotation = newPattern(`(?i)(signin|redirect(-to|-from)?|origin|error-page|app-root|rewrite-target)$`)
	// requestPath is a variable of nginx behind a host.
	requestPath = newPattern(`\$(request_uri|escaped_request_uri|uri|is_args|args)\b`)
)

// findAnnotations finds the flows from the controller of an Ingress to the URLs in its annotations, as that of an
// authentication service.
func (b *build) findAnnotations() {
	for _, n := range b.ofKind("networking.k8s.io", "Ingress") {
		annotations := n.GetAnnotations()
		for _, key := range slices.Sorted(maps.Keys(annotations)) {
			if controllerAnnotation.MatchString(key) && !clientAnnotation.MatchString(key) && strings.Contains(annotations[key], "://") {
				from := b.routesFrom(b.ingressController(n)).from
				_, name, _ := strings.Cut(key, "/")
				b.addAnnotated(from, n.GetNamespace(), source{value: annotations[key], kind: valueText, evidence: short(resource.RefOf(n)) + " annotation " + name})
			}
		}
	}
}

func (b *build) addAnnotated(from endpoint, namespace string, s source) {
	where := namespace + "/" + s.evidence
	found, variable := mentionsIn(requestPath.ReplaceAllString(s.value, "/"), s.kind)
	if variable {
		b.unseen(where, "has a host that depends on a variable without a value in the build")
	}
	for _, m := range found {
		s.restrict(&m)
		if !from.isPods() {
			b.review(where, "names "+hostPort(m)+", and the controller's pods are unknown: no flow is written: add one from the pods of the controller")
			continue
		}
		for _, d := range b.resolveMention(m, from.within(), where) {
			b.add(namedFlow{from: from, to: d.to, ports: d.ports, evidence: []string{s.evidence}})
		}
	}
}

const istioGroup = "networking.istio.io"

// istioRoute is a route of a VirtualService.
type istioRoute struct {
	Route []struct {
		Destination struct {
			Host string `json:"host"`
			Port struct {
				Number int32 `json:"number"`
			} `json:"port"`
		} `json:"destination"`
	} `json:"route"`
}

// findIstioRoutes finds the flows from the pods of Istio's Gateways to the destinations of VirtualServices.
func (b *build) findIstioRoutes() {
	for _, n := range b.ofKind(istioGroup, "VirtualService") {
		from := b.istioGateways(n, decode[[]string](at(n, "spec.gateways")))
		for _, protocol := range []string{"http", "tls", "tcp"} {
			for _, r := range decode[[]istioRoute](at(n, "spec."+protocol)) {
				for _, to := range r.Route {
					b.addIstioRoute(n, from, mention{host: to.Destination.Host, port: to.Destination.Port.Number, url: true})
				}
			}
		}
	}
}

func (b *build) addIstioRoute(n *yaml.RNode, from []endpoint, m mention) {
	s, _ := b.serviceByHost(m.host, n.GetNamespace())
	if s == nil || len(from) == 0 {
		return
	}
	ref := resource.RefOf(n)
	for _, d := range b.destinations(s, m.ports(), describe(ref)) {
		for _, f := range from {
			b.add(namedFlow{from: f, to: d.to, ports: d.ports, evidence: []string{short(ref) + " destination " + m.host}})
		}
	}
}

// istioGateways are the pods of the Gateways that a VirtualService names.
func (b *build) istioGateways(n *yaml.RNode, names []string) []endpoint {
	var out []endpoint
	for _, name := range names {
		namespace, short, qualified := strings.Cut(name, "/")
		if !qualified {
			namespace, short = n.GetNamespace(), name
		}
		labels := decode[map[string]string](at(b.byGroup(istioGroup, "Gateway", namespace, short), "spec.selector"))
		for _, w := range b.index.Workloads {
			if len(labels) > 0 && endpoints.Selects(endpoints.Selector{MatchLabels: labels}, w.Labels) {
				out = append(out, b.podsOf(w))
			}
		}
	}
	return out
}
