package engine_test

import (
	"net/netip"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
)

// naive decides flows as the documentation of policies describes, without Cilium's code. It
// evaluates one rule after the other.
type naive []naivePolicy

// naivePolicy is one direction of a policy.
type naivePolicy struct {
	dir      flow.Direction
	selects  func(naiveEndpoint) bool
	isolates bool
	rules    []naiveRule
}

type naiveRule struct {
	deny  bool
	peers func(naiveEndpoint) bool
	ports func(naivePort) bool
	// requests reports whether a request is allowed.
	requests func(*flow.HTTPRequest) bool
}

// naiveEndpoint is one identity that an endpoint may have.
type naiveEndpoint struct {
	// labels are those of a pod, with the labels that Cilium adds. Nil: not a pod.
	labels   labels.Set
	named    []endpoints.NamedPort
	entities []string
	addr     netip.Addr
}

// naivePort is a port with a request, or an ICMP type. owner is the endpoint that defines named
// ports.
type naivePort struct {
	protocol string
	port     uint16
	owner    naiveEndpoint
	request  *flow.HTTPRequest
}

// decide returns the decision of a pod's policies for a peer.
func (n naive) decide(dir flow.Direction, pod, peer naiveEndpoint, port naivePort) flow.Decision {
	isolated, allowed := false, dir == flow.Ingress && slices.Contains(peer.entities, "host")
	for _, p := range n {
		if p.dir != dir || !p.selects(pod) {
			continue
		}
		isolated = isolated || p.isolates
		for _, r := range p.rules {
			switch matches := r.peers(peer) && r.ports(port) && r.requests(port.request); {
			case matches && r.deny:
				return flow.Denied
			case matches:
				allowed = true
			}
		}
	}
	if isolated && !allowed {
		return flow.Denied
	}
	return flow.Allowed
}

// side combines decide for all identities of the peer and all ports of a flow.
func (n naive) side(dir flow.Direction, pod, peer endpoints.Endpoint, f flow.Flow) flow.Decision {
	if pod.Kind != endpoints.PodEndpoint {
		return flow.NotEnforced
	}
	seen := map[flow.Decision]bool{}
	for _, at := range naiveEndpoints(pod) {
		for _, other := range naiveEndpoints(peer) {
			for _, port := range naivePorts(f) {
				port.owner = other
				if dir == flow.Ingress {
					port.owner = at
				}
				seen[n.decide(dir, at, other, port)] = true
			}
		}
	}
	switch {
	case len(seen) == 2:
		return flow.Depends
	case seen[flow.Allowed]:
		return flow.Allowed
	default:
		return flow.Denied
	}
}

func naiveEndpoints(ep endpoints.Endpoint) []naiveEndpoint {
	entity := func(names ...string) naiveEndpoint { return naiveEndpoint{entities: append(names, "all")} }
	switch ep.Name {
	case "world":
		return []naiveEndpoint{entity("world", "world-ipv4"), entity("world", "world-ipv6")}
	case "world-ipv4", "world-ipv6":
		return []naiveEndpoint{entity("world", ep.Name)}
	case "kube-apiserver":
		return []naiveEndpoint{
			entity("kube-apiserver", "remote-node", "cluster"),
			entity("kube-apiserver", "world", "world-ipv4", "cluster"), entity("kube-apiserver", "world", "world-ipv6", "cluster"),
		}
	}
	switch ep.Kind {
	case endpoints.EntityEndpoint:
		return []naiveEndpoint{entity(ep.Name, "cluster")}
	case endpoints.AddressEndpoint:
		endpoint := entity("world", "world-ipv4")
		if endpoint.addr = netip.MustParseAddr(ep.Name); endpoint.addr.Is6() {
			endpoint.entities[1] = "world-ipv6"
		}
		return []naiveEndpoint{endpoint}
	}
	endpoint := entity("cluster")
	endpoint.named = ep.Ports
	endpoint.labels = labels.Set{
		"io.kubernetes.pod.namespace": ep.Namespace, "io.cilium.k8s.policy.cluster": "default", "io.cilium.k8s.policy.serviceaccount": "default",
		"io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name": ep.Namespace,
	}
	for k, v := range ep.NamespaceLabels {
		endpoint.labels["io.cilium.k8s.namespace.labels."+k] = v
	}
	for k, v := range ep.Labels {
		if !strings.HasPrefix(k, "statefulset.kubernetes.io/") && !strings.HasPrefix(k, "topology.kubernetes.io/") && k != "pod-template-hash" {
			endpoint.labels[k] = v
		}
	}
	return []naiveEndpoint{endpoint}
}

func naivePorts(f flow.Flow) []naivePort {
	if f.ICMP != "" {
		v4, v6, _ := flow.ICMPTypeNumbers(f.ICMP)
		return []naivePort{{protocol: "ICMP", port: v4}, {protocol: "ICMPv6", port: v6}}
	}
	protocols, ports := []string{string(f.Protocol)}, []uint16{f.Port}
	switch {
	case f.Port != 0 && f.Protocol == "":
		protocols = []string{"TCP"}
	case f.Protocol == "":
		protocols = []string{"TCP", "UDP", "SCTP"}
	}
	if f.Port == 0 {
		ports = boundaryPorts
	}
	var out []naivePort
	for _, protocol := range protocols {
		for _, port := range ports {
			out = append(out, naivePort{protocol: protocol, port: port, request: f.HTTP})
		}
	}
	return out
}
