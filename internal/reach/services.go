package reach

import (
	"fmt"
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/resource"
)

var apiServer = endpoints.Endpoint{Kind: endpoints.EntityEndpoint, Name: string(v1alpha1.EntityKubeAPIServer)}

// service returns a Service, and whether it is the apiserver's, which has no pods.
func (e Endpoints) service(f v1alpha1.FlowEndpoint) (s *resource.Service, isAPIServer bool, err error) {
	if api := resource.APIServer(); f.TenantOrNamespace == api.Ref.Namespace && f.Name == api.Ref.Name {
		return api, true, nil
	}
	if s = e.Index.Service(f.TenantOrNamespace, f.Name); s == nil {
		return nil, false, fmt.Errorf("the Service %s/%s %w and its external resources: correct the name, or declare the Service as an external resource", f.TenantOrNamespace, f.Name, errMissing)
	}
	return s, false, nil
}

// serviceEndpoints are the endpoints behind a Service, where they connect themselves.
func (e Endpoints) serviceEndpoints(f v1alpha1.FlowEndpoint) ([]endpoints.Endpoint, error) {
	s, isAPIServer, err := e.service(f)
	switch {
	case err != nil:
		return nil, err
	case isAPIServer:
		return []endpoints.Endpoint{apiServer}, nil
	case s.Type == "ExternalName":
		return nil, fmt.Errorf("the Service %s/%s is an ExternalName, and a name cannot be a source: write an address", f.TenantOrNamespace, f.Name)
	case len(s.Selector) == 0:
		return e.addressesOf(s)
	}
	workloads, err := e.workloadsOf(s)
	var out []endpoints.Endpoint
	for _, w := range workloads {
		if err := checkHostNetwork(s, w); err != nil {
			return nil, err
		}
		out = append(out, e.Pod(w))
	}
	return out, err
}

func (e Endpoints) addressesOf(s *resource.Service) ([]endpoints.Endpoint, error) {
	var out []endpoints.Endpoint
	for _, slice := range e.Index.SlicesOf(s) {
		for _, ip := range slice.IPs() {
			found, err := e.endpointsOfAddress(ip.String())
			if err != nil {
				return nil, err
			}
			out = append(out, found...)
		}
	}
	if len(out) == 0 {
		return nil, noEndpointsError(s)
	}
	return out, nil
}

func noEndpointsError(s *resource.Service) error {
	return fmt.Errorf("the Service %s/%s has no selector, and no EndpointSlice or Endpoints in the build give it addresses on these ports: declare its EndpointSlice as an external resource", s.Ref.Namespace, s.Ref.Name)
}

// workloadsOf are those that a Service selects, those with hostNetwork among them:
// what the Service is asked may end there.
func (e Endpoints) workloadsOf(s *resource.Service) ([]*resource.Workload, error) {
	out := e.Index.WorkloadsIn(s.Ref.Namespace, endpoints.Selector{MatchLabels: s.Selector})
	if len(out) == 0 {
		return nil, fmt.Errorf("the selector of Service %s/%s selects no pod in the build, by labels that policies see: correct it, or declare the pods as external resources", s.Ref.Namespace, s.Ref.Name)
	}
	return out, nil
}

// checkHostNetwork refuses a pod behind a Service that has its node's identity.
func checkHostNetwork(s *resource.Service, w *resource.Workload) error {
	if !w.HostNetwork {
		return nil
	}
	return fmt.Errorf("behind Service %s/%s is the hostNetwork pod %s, which has its node's identity: write host or remote-node, and the other pods by labels", s.Ref.Namespace, s.Ref.Name, w.Ref.Name)
}

// serviceTargets are the destinations of connections to a Service, after its translation.
func (e Endpoints) serviceTargets(c v1alpha1.FlowCase, f v1alpha1.FlowEndpoint) ([]flow.Flow, error) {
	s, isAPIServer, err := e.service(f)
	if err != nil {
		return nil, err
	}
	if s.Type == "ExternalName" {
		return e.externalNameTargets(c, s)
	}
	ports, err := servicePorts(c, s)
	switch {
	case err != nil:
		return nil, err
	case isAPIServer:
		return flowsOnPorts(apiServer, resource.APIServerTargets(e.Fence.Cluster, e.Fence.Baseline)), nil
	case len(s.Selector) == 0:
		return e.sliceTargets(s, ports)
	default:
		out, err := e.podTargets(s, ports)
		if err != nil {
			return nil, err
		}
		extra, err := e.targetsIn(e.Index.NonPodSlices(s), ports)
		return append(out, extra...), err
	}
}

// servicePorts are the ports of a Service that a case is about.
func servicePorts(c v1alpha1.FlowCase, s *resource.Service) ([]resource.ServicePort, error) {
	var out []resource.ServicePort
	for _, p := range s.Ports {
		if c.Port != 0 && p.Port != c.Port || !usesProtocol(c, p.Protocol) {
			continue
		}
		if !p.Usable() {
			return nil, fmt.Errorf("port %d/%s of Service %s/%s, with target port %s, is none that Kubernetes takes: correct it", p.Port, p.Protocol, s.Ref.Namespace, s.Ref.Name, p.TargetPort.String())
		}
		out = append(out, p)
	}
	if len(out) > 0 {
		return out, nil
	}
	return nil, fmt.Errorf("the Service %s/%s has no port %s: for a Service, set port and protocol to those of its own ports, or omit both for all", s.Ref.Namespace, s.Ref.Name, portText(c))
}

// portText returns the port of a case, for messages.
func portText(c v1alpha1.FlowCase) string {
	p := flow.Port{Name: "*", Port: c.Port, Protocol: c.Protocol}
	if c.Port != 0 {
		p.Name = ""
	}
	return strings.TrimSuffix(p.String(), "/")
}

// externalNameTargets are the destinations of an ExternalName. Nothing translates its ports: clients
// connect to those of the case, or else of the Service.
func (e Endpoints) externalNameTargets(c v1alpha1.FlowCase, s *resource.Service) ([]flow.Flow, error) {
	host, ok := s.ExternalHost()
	if !ok {
		return nil, fmt.Errorf("the externalName %q of Service %s/%s is not a name: correct it", s.ExternalName, s.Ref.Namespace, s.Ref.Name)
	}
	if v1alpha1.IsClusterDNSName(host) {
		return nil, fmt.Errorf("the externalName %q of Service %s/%s is a name of the cluster's own DNS, which ends at pods: write the Service that it names", host, s.Ref.Namespace, s.Ref.Name)
	}
	// Pods query the name of the Service, and agents learn the addresses for that name. A name that
	// resolves to pods is decided there.
	to := endpoints.Endpoint{Kind: endpoints.NameEndpoint, Name: s.DNSName()}
	if len(e.clusterHostnameTargets(host)) > 0 {
		to.Name = host
	}
	if c.Port != 0 {
		return flowsPerProtocol(c, to), nil
	}
	if len(s.Ports) == 0 {
		return nil, fmt.Errorf("the Service %s/%s is an ExternalName without ports: set a port", s.Ref.Namespace, s.Ref.Name)
	}
	ports, err := servicePorts(c, s)
	var out []flow.Flow
	for _, p := range ports {
		out = append(out, flow.Flow{To: to, Port: uint16(p.Port), Protocol: p.Protocol})
	}
	return out, err
}

func (e Endpoints) sliceTargets(s *resource.Service, ports []resource.ServicePort) ([]flow.Flow, error) {
	out, err := e.targetsIn(e.Index.SlicesOf(s), ports)
	if err == nil && len(out) == 0 {
		return nil, noEndpointsError(s)
	}
	return out, err
}

// targetsIn are the addresses of EndpointSlices.
func (e Endpoints) targetsIn(all []*resource.EndpointSlice, ports []resource.ServicePort) ([]flow.Flow, error) {
	var out []flow.Flow
	for _, slice := range all {
		for _, ip := range slice.IPs() {
			found, err := e.endpointsOfAddress(ip.String())
			if err != nil {
				return nil, err
			}
			for _, to := range found {
				out = append(out, flowsOnPorts(to, slice.PortsOf(ports))...)
			}
		}
	}
	return out, nil
}

// podTargets are a Service's pods, each on its own number for a target port that is a
// name. A pod without the name is not behind that port.
func (e Endpoints) podTargets(s *resource.Service, ports []resource.ServicePort) ([]flow.Flow, error) {
	workloads, err := e.workloadsOf(s)
	if err != nil {
		return nil, err
	}
	var out []flow.Flow
	for _, p := range ports {
		if s.Headless() && !e.Index.DialsTargetPort(s, p) {
			return nil, fmt.Errorf("the Service %s/%s is headless, so nothing translates port %d to %s: write the pods instead, and the port that clients connect to", s.Ref.Namespace, s.Ref.Name, p.Port, p.Target())
		}
		reached := false
		for _, w := range workloads {
			if port, ok := w.ResolveTargetPort(p.Target()); ok {
				if err := checkHostNetwork(s, w); err != nil {
					return nil, err
				}
				reached = true
				out = append(out, flowsOnPorts(e.Pod(w), []flow.Port{port})...)
			}
		}
		if !reached {
			return nil, fmt.Errorf("no pod behind Service %s/%s has a %s port named %q: correct the target port", s.Ref.Namespace, s.Ref.Name, p.Protocol, p.Target().Name)
		}
	}
	return out, nil
}

func flowsOnPorts(to endpoints.Endpoint, ports []flow.Port) []flow.Flow {
	var out []flow.Flow
	for _, p := range ports {
		out = append(out, flow.Flow{To: to, Port: uint16(p.Port), Protocol: p.Protocol})
	}
	return out
}
