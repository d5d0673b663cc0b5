package resource

import (
	"fmt"
	"net/netip"
	"strings"

	"go4.org/netipx"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/report"
)

// Service is the part of a Service that determines its pods and ports.
type Service struct {
	Ref                   report.Ref
	Selector              map[string]string
	Type                  string
	ClusterIP             string
	ExternalName          string
	ExternalTrafficPolicy string
	Ports                 []ServicePort
	// Addresses are cluster-internal. PublicAddresses are those at which clients outside the
	// cluster reach the Service.
	Addresses, PublicAddresses []netip.Addr
	// SourceRanges are the networks that the load balancer admits. Empty: it admits all.
	SourceRanges []string
	// Global reports that Cilium also forwards its connections to pods of other clusters.
	Global bool
}

// ServicePort is a Service's port and the target port of its pods.
type ServicePort struct {
	Name       string             `json:"name"`
	Port       int32              `json:"port"`
	Protocol   v1alpha1.Protocol  `json:"protocol"`
	NodePort   int32              `json:"nodePort"`
	TargetPort intstr.IntOrString `json:"targetPort"`
}

// Target is the target port, by number or name.
func (p ServicePort) Target() flow.Port {
	if p.TargetPort.Type == intstr.String {
		return flow.Port{Name: p.TargetPort.StrVal, Protocol: p.Protocol}
	}
	return flow.Port{Port: p.TargetPort.IntVal, Protocol: p.Protocol}
}

const maxPort = 65535

// Usable reports whether a Service's port is valid in a policy. A tenant may write any value, and
// some policies contain ports of several tenants.
func (p ServicePort) Usable() bool {
	if p.Protocol != v1alpha1.TCP && p.Protocol != v1alpha1.UDP && p.Protocol != v1alpha1.SCTP {
		return false
	}
	if p.TargetPort.Type == intstr.String {
		return len(validation.IsValidPortName(p.TargetPort.StrVal)) == 0
	}
	return p.Port > 0 && p.Port <= maxPort && p.TargetPort.IntVal > 0 && p.TargetPort.IntVal <= maxPort
}

// Headless reports whether clients connect to the pods directly.
func (s *Service) Headless() bool { return s.ClusterIP == "None" }

// DialsTargetPort reports whether clients of a headless Service connect to the number of the target
// port, on each of its pods. Connections are not translated.
func (x *Index) DialsTargetPort(s *Service, p ServicePort) bool {
	target := p.Target()
	if target.Name == "" {
		return target.Port == p.Port
	}
	pods := x.WorkloadsIn(s.Ref.Namespace, endpoints.Selector{MatchLabels: s.Selector})
	found := len(pods) == 0
	for _, w := range pods {
		// A pod without a port of this name is not an endpoint of the Service port.
		if n, ok := w.ResolveTargetPort(target); ok {
			if found = true; n.Port != p.Port {
				return false
			}
		}
	}
	return found
}

// ExternalHost returns the name of a Service of type ExternalName, and reports whether it has that
// type.
func (s *Service) ExternalHost() (string, bool) {
	host := strings.TrimSuffix(strings.ToLower(s.ExternalName), ".")
	return host, len(validation.IsDNS1123Subdomain(host)) == 0
}

// ClusterDomain ends the names of Services, as Kubernetes sets it.
const ClusterDomain = "cluster.local"

// DNSName returns the full name of the Service, which pods query, whichever short form they use.
func (s *Service) DNSName() string {
	return s.Ref.Name + "." + s.Ref.Namespace + ".svc." + ClusterDomain
}

// APIServer returns the well-known Service of the cluster's apiserver, which has no pods.
func APIServer() *Service {
	return &Service{
		Ref:   report.Ref{Namespace: "default", Name: "kubernetes"},
		Ports: []ServicePort{{Name: "https", Port: 443, Protocol: v1alpha1.TCP, TargetPort: intstr.FromInt32(443)}},
	}
}

// APIServerTargets returns the apiserver's target ports, which the profile's cluster or baseline
// may set.
func APIServerTargets(c v1alpha1.Cluster, b v1alpha1.Baseline) []flow.Port {
	ports := v1alpha1.APIServerPorts()
	switch {
	case c.APIServer != nil && len(c.APIServer.Ports) > 0:
		ports = c.APIServer.Ports
	case b.APIServer != nil && len(b.APIServer.Ports) > 0:
		ports = b.APIServer.Ports
	}
	var out []flow.Port
	for _, p := range ports {
		out = append(out, flow.Port{Port: p, Protocol: v1alpha1.TCP})
	}
	return out
}

func newService(n *yaml.RNode) (*Service, error) {
	var in struct {
		Spec struct {
			Selector              map[string]string `json:"selector"`
			Type                  string            `json:"type"`
			ClusterIP             string            `json:"clusterIP"`
			ExternalName          string            `json:"externalName"`
			ExternalTrafficPolicy string            `json:"externalTrafficPolicy"`
			Ports                 []ServicePort     `json:"ports"`
			SourceRanges          []string          `json:"loadBalancerSourceRanges"`
		} `json:"spec"`
	}
	if err := decode(n, &in); err != nil {
		return nil, err
	}
	s := &Service{
		Ref: RefOf(n), Selector: in.Spec.Selector, Type: in.Spec.Type, ClusterIP: in.Spec.ClusterIP,
		ExternalName: in.Spec.ExternalName, ExternalTrafficPolicy: in.Spec.ExternalTrafficPolicy, Ports: in.Spec.Ports,
		SourceRanges: in.Spec.SourceRanges, Global: IsGlobal(n),
	}
	var err error
	if n.GetAnnotations()["service.cilium.io/src-ranges-policy"] == "deny" && len(s.SourceRanges) > 0 {
		if s.SourceRanges, err = complement(s.SourceRanges); err != nil {
			return nil, err
		}
	}
	if s.Addresses, s.PublicAddresses, err = serviceAddresses(n); err != nil {
		return nil, err
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

// IsGlobal reports whether Cilium treats a Service as shared by all clusters of a mesh.
func IsGlobal(n *yaml.RNode) bool {
	value, ok := n.GetAnnotations()["service.cilium.io/global"]
	if !ok {
		value = n.GetAnnotations()["io.cilium/global-service"]
	}
	return strings.EqualFold(value, "true")
}

// IsExposed reports whether clients outside the cluster reach the Service.
func (s *Service) IsExposed() bool { return s.Type == "LoadBalancer" || s.Type == "NodePort" }

// TranslatesSource reports whether nodes may replace the addresses of clients outside the cluster
// with their own.
func (s *Service) TranslatesSource() bool { return s.IsExposed() && s.ExternalTrafficPolicy != "Local" }

// complement returns the networks of all addresses outside of some networks.
func complement(networks []string) ([]string, error) {
	var b netipx.IPSetBuilder
	for _, family := range []string{"0.0.0.0/0", "::/0"} {
		b.AddPrefix(netip.MustParsePrefix(family))
	}
	for _, network := range networks {
		if p, err := netip.ParsePrefix(strings.TrimSpace(network)); err == nil {
			b.RemovePrefix(p.Masked())
		}
	}
	set, err := b.IPSet()
	if err != nil {
		return nil, fmt.Errorf("loadBalancerSourceRanges: %w", err)
	}
	var out []string
	for _, p := range set.Prefixes() {
		out = append(out, p.String())
	}
	return out, nil
}
