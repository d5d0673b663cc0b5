package resource

import (
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
)

// Service is the part of a Service that says which pods and ports it stands for.
type Service struct {
	Ref                   policy.Ref
	Selector              map[string]string
	Type                  string
	ClusterIP             string
	ExternalName          string
	ExternalTrafficPolicy string
	Ports                 []ServicePort
}

// ServicePort is a Service's port and the pods' port behind it.
type ServicePort struct {
	Name       string             `json:"name"`
	Port       int32              `json:"port"`
	Protocol   v1alpha1.Protocol  `json:"protocol"`
	TargetPort intstr.IntOrString `json:"targetPort"`
}

// Target is the pods' port, by number or name.
func (p ServicePort) Target() policy.Port {
	if p.TargetPort.Type == intstr.String {
		return policy.Port{Name: p.TargetPort.StrVal, Protocol: p.Protocol}
	}
	return policy.Port{Port: p.TargetPort.IntVal, Protocol: p.Protocol}
}

// Headless says whether clients dial the pods themselves.
func (s *Service) Headless() bool { return s.ClusterIP == "None" }

func newService(n *yaml.RNode) (*Service, error) {
	var in struct {
		Spec struct {
			Selector              map[string]string `json:"selector"`
			Type                  string            `json:"type"`
			ClusterIP             string            `json:"clusterIP"`
			ExternalName          string            `json:"externalName"`
			ExternalTrafficPolicy string            `json:"externalTrafficPolicy"`
			Ports                 []ServicePort     `json:"ports"`
		} `json:"spec"`
	}
	if err := decode(n, &in); err != nil {
		return nil, err
	}
	s := &Service{
		Ref: RefOf(n), Selector: in.Spec.Selector, Type: in.Spec.Type, ClusterIP: in.Spec.ClusterIP,
		ExternalName: in.Spec.ExternalName, ExternalTrafficPolicy: in.Spec.ExternalTrafficPolicy, Ports: in.Spec.Ports,
	}
	for i := range s.Ports {
		p := &s.Ports[i]
		p.Protocol = protocolOr(p.Protocol)
		if p.TargetPort == (intstr.IntOrString{}) {
			p.TargetPort = intstr.FromInt32(p.Port)
		}
	}
	return s, nil
}

// EndpointSlice holds the addresses behind a Service that has no selector.
type EndpointSlice struct {
	Ref policy.Ref
	// Service is the name of the Service, in the same namespace.
	Service   string
	Addresses []string
	Ports     []ServicePort
}

func newEndpointSlice(n *yaml.RNode) (*EndpointSlice, error) {
	var in struct {
		Endpoints []struct {
			Addresses []string `json:"addresses"`
		} `json:"endpoints"`
		Ports []ServicePort `json:"ports"`
	}
	if err := decode(n, &in); err != nil {
		return nil, err
	}
	s := &EndpointSlice{Ref: RefOf(n), Service: n.GetLabels()["kubernetes.io/service-name"], Ports: in.Ports}
	for i := range s.Ports {
		s.Ports[i].Protocol = protocolOr(s.Ports[i].Protocol)
	}
	for _, e := range in.Endpoints {
		s.Addresses = append(s.Addresses, e.Addresses...)
	}
	return s, nil
}
