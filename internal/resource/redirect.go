package resource

import (
	"net/netip"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/report"
)

// localRedirect is the kind that redirects connections to a Service or an address to pods on the
// same node.
const localRedirect = "cilium.io/CiliumLocalRedirectPolicy"

// Redirect is a CiliumLocalRedirectPolicy: its frontend, and its backend pods and ports.
type Redirect struct {
	Ref report.Ref
	// Service is the frontend, "namespace/name". Omitted: the frontend is Address.
	Service string
	Address netip.Addr
	// Pods selects backend pods of the redirect's own namespace. Ports has the backend port of each
	// frontend port.
	Pods  endpoints.Selector
	Ports []RedirectPort
}

// RedirectPort is a port of the backend, and the frontend's port if it is known.
type RedirectPort struct {
	Name             string
	Frontend, Target int32
	Protocol         v1alpha1.Protocol
}

type redirectPorts []struct {
	Name     string             `json:"name"`
	Port     intstr.IntOrString `json:"port"`
	Protocol v1alpha1.Protocol  `json:"protocol"`
}

func newRedirect(n *yaml.RNode) (*Redirect, error) {
	var in struct {
		Spec struct {
			Frontend struct {
				Service *struct {
					Name      string        `json:"serviceName"`
					Namespace string        `json:"namespace"`
					Ports     redirectPorts `json:"toPorts"`
				} `json:"serviceMatcher"`
				Address *struct {
					IP    string        `json:"ip"`
					Ports redirectPorts `json:"toPorts"`
				} `json:"addressMatcher"`
			} `json:"redirectFrontend"`
			Backend struct {
				Pods  metav1.LabelSelector `json:"localEndpointSelector"`
				Ports redirectPorts        `json:"toPorts"`
			} `json:"redirectBackend"`
		} `json:"spec"`
	}
	if err := decode(n, &in); err != nil {
		return nil, err
	}
	r := &Redirect{Ref: RefOf(n), Pods: endpoints.SelectorOf(&in.Spec.Backend.Pods)}
	var front redirectPorts
	switch f := in.Spec.Frontend; {
	case f.Service != nil:
		r.Service, front = f.Service.Namespace+"/"+f.Service.Name, f.Service.Ports
	case f.Address != nil:
		r.Address, _ = netip.ParseAddr(f.Address.IP)
		front = f.Address.Ports
	}
	for _, p := range in.Spec.Backend.Ports {
		port := RedirectPort{Name: p.Name, Target: int32(p.Port.IntValue()), Protocol: protocolOr(p.Protocol)}
		for _, f := range front {
			if f.Name == p.Name && protocolOr(f.Protocol) == port.Protocol {
				port.Frontend = int32(f.Port.IntValue())
			}
		}
		r.Ports = append(r.Ports, port)
	}
	return r, nil
}

// Serves reports whether the redirect may take connections to a port of its frontend. A redirect
// without ports takes all ports of the Service.
func (p RedirectPort) Serves(port int32) bool { return p.Frontend == 0 || p.Frontend == port }
