package resource

import (
	"fmt"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
)

// HostPort is a port of a node that forwards to a port of a workload's pods.
type HostPort struct {
	Host, Port flow.Port
}

// NodePort is a port of the nodes that forwards to pods.
type NodePort struct {
	Port flow.Port
	// Source is the field that sets it, as reports print it.
	Source string
	// Pods are the destination pods, each with its own port.
	Pods []PodPort
}

// PodPort is a port of a workload's pods.
type PodPort struct {
	Workload *Workload
	Port     flow.Port
}

// NodePorts returns the ports of nodes that forward to pods of the build: node ports of Services,
// and host ports of pods.
func (x *Index) NodePorts() []NodePort {
	var out []NodePort
	for _, s := range x.Services {
		if !s.IsExposed() || len(s.Selector) == 0 {
			continue
		}
		for i, p := range s.Ports {
			if p.NodePort != 0 {
				out = append(out, x.nodePort(s, p, i))
			}
		}
	}
	for _, w := range x.Workloads {
		for _, h := range w.HostPorts {
			if !w.HostNetwork {
				out = append(out, NodePort{Port: h.Host, Source: fmt.Sprintf("the hostPort of %s %s/%s", w.Ref.Kind, w.Ref.Namespace, w.Ref.Name), Pods: []PodPort{{w, h.Port}}})
			}
		}
	}
	return out
}

func (x *Index) nodePort(s *Service, p ServicePort, i int) NodePort {
	out := NodePort{Port: flow.Port{Port: p.NodePort, Protocol: p.Protocol}, Source: fmt.Sprintf("spec.ports[%d].nodePort of Service %s/%s", i, s.Ref.Namespace, s.Ref.Name)}
	for _, w := range x.WorkloadsIn(s.Ref.Namespace, endpoints.Selector{MatchLabels: s.Selector}) {
		if port, ok := w.ResolveTargetPort(p.Target()); ok && !w.HostNetwork {
			out.Pods = append(out.Pods, PodPort{w, port})
		}
	}
	return out
}

// MatchesAny reports whether a node port is one of several ports. An empty list means every port.
func (n NodePort) MatchesAny(ports []flow.Port) bool {
	return len(ports) == 0 || n.Port.CoveredBy(flow.ExpandProtocols(ports))
}

// IncludesNodes reports whether an entity includes nodes.
func IncludesNodes(e v1alpha1.Entity) bool {
	switch e {
	case v1alpha1.EntityHost, v1alpha1.EntityRemoteNode, v1alpha1.EntityKubeAPIServer, v1alpha1.EntityCluster, v1alpha1.EntityAll:
		return true
	}
	return false
}
