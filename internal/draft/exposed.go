package draft

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/resource"
)

func world() endpoint { return endpoint{entity: v1alpha1.EntityWorld, name: "world"} }

// findExposed finds what clients outside the cluster reach: Services of type LoadBalancer or NodePort or with
// external addresses, and host ports.
func (b *build) findExposed() {
	for _, s := range b.index.Services {
		if len(s.Selector) > 0 {
			b.addExposed(s)
		}
	}
	for _, w := range b.index.Workloads {
		if w.HostNetwork {
			continue
		}
		for _, p := range w.HostPorts {
			if !b.isLocalHostPort(w, p.Host.Port) {
				b.add(namedFlow{from: world(), to: b.podsOf(w), ports: []v1alpha1.Port{portOf(p.Port)}, evidence: []string{fmt.Sprintf("%s hostPort %d", short(w.Ref), p.Host.Port)}})
			}
		}
	}
}

// isLocalHostPort reports whether only the node itself reaches a host port: all of its addresses are loopback ones.
func (b *build) isLocalHostPort(w *resource.Workload, port int32) bool {
	local := false
	for _, c := range b.textsOf(w).Containers {
		for _, p := range c.Ports {
			if p.HostPort != port {
				continue
			}
			a, err := netip.ParseAddr(p.HostIP)
			if err != nil || !a.IsLoopback() {
				return false
			}
			local = true
		}
	}
	return local
}

func (b *build) addExposed(s *resource.Service) {
	n := b.item(s.Ref)
	annotations := decode[map[string]string](at(n, "metadata.annotations"))
	evidence := fmt.Sprintf("Service/%s type %s", s.Ref.Name, s.Type)
	if !s.IsExposed() {
		if len(decode[[]string](at(n, "spec.externalIPs"))) == 0 {
			return
		}
		evidence = fmt.Sprintf("Service/%s externalIPs", s.Ref.Name)
	}
	to := endpoint{service: s, name: s.Ref.Name}
	ranges, field := s.SourceRanges, "loadBalancerSourceRanges"
	if text := strings.TrimSpace(annotations[rangesAnnotation]); len(ranges) == 0 && text != "" {
		ranges, field = strings.Split(text, ","), "annotation "+rangesAnnotation
	}
	var networks []string
	for _, text := range ranges {
		if p, err := netip.ParsePrefix(strings.TrimSpace(text)); err == nil {
			networks = append(networks, p.Masked().String())
		}
	}
	if len(networks) == 0 || s.Type != "LoadBalancer" {
		b.add(namedFlow{from: world(), to: to, everyPort: true, evidence: []string{evidence}})
		b.noteInternal(s, annotations)
	} else {
		for _, network := range networks {
			b.add(namedFlow{from: endpoint{cidr: network, name: flowWord(network)}, to: to, everyPort: true, evidence: []string{evidence + " " + field}})
		}
	}
	if s.TranslatesSource() && b.tenantOf[s.Ref.Namespace] != "" {
		b.review(describe(s.Ref), "does not set externalTrafficPolicy: Local, so pods may see the address of a node instead of the client's: set it, or allow the entities host and remote-node in the Tenant too")
	}
}

const rangesAnnotation = "service.beta.kubernetes.io/load-balancer-source-ranges"

// internalAnnotations make a load balancer internal, with these values. No value: with any but false.
var internalAnnotations = map[string]string{
	"service.beta.kubernetes.io/aws-load-balancer-internal": "", "service.beta.kubernetes.io/aws-load-balancer-scheme": "internal",
	"networking.gke.io/load-balancer-type": "internal", "cloud.google.com/load-balancer-type": "internal",
	"service.beta.kubernetes.io/azure-load-balancer-internal": "true",
}

// noteInternal notes an internal load balancer, whose clients are not the whole world.
func (b *build) noteInternal(s *resource.Service, annotations map[string]string) {
	if s.Type != "LoadBalancer" || b.tenantOf[s.Ref.Namespace] == "" {
		return
	}
	for _, key := range slices.Sorted(maps.Keys(internalAnnotations)) {
		value, has := annotations[key]
		if value = strings.ToLower(value); has && value != "false" && value == cmp.Or(internalAnnotations[key], value) {
			b.review(describe(s.Ref), fmt.Sprintf("has an internal load balancer (annotation %s), and its flow is from the entity world: list the networks of its clients in the Tenant instead", key))
			return
		}
	}
}

// noteWorld notes a flow from or to everything outside the cluster.
func (b *build) noteWorld(f namedFlow) {
	of := func(e endpoint) string { return e.within() + "/" + e.name }
	where := strings.Join(f.evidence, ", ")
	switch {
	case isWorld(f.from):
		b.review(f.to.within()+"/"+where, fmt.Sprintf("the Tenant allows every address outside the cluster to reach %s: narrow the flow if only some networks need it", of(f.to)))
	case isWorld(f.to):
		b.review(f.from.within()+"/"+where, fmt.Sprintf("the Tenant allows %s to reach every address outside the cluster: name the hosts or networks instead", of(f.from)))
	}
}

// isWorld reports whether an endpoint includes every address outside the cluster.
func isWorld(e endpoint) bool {
	p, err := netip.ParsePrefix(e.cidr)
	return e.entity == v1alpha1.EntityWorld || e.entity == v1alpha1.EntityAll || err == nil && p.Bits() == 0
}
