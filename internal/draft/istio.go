package draft

import (
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/resource"
)

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
