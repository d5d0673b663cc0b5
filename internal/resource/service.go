package resource

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/tenantfence/tenantfence/internal/report"

	"go4.org/netipx"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
)

// Service is the part of a Service that says which pods and ports it stands for.
type Service struct {
	Ref                   report.Ref
	Selector              map[string]string
	Type                  string
	ClusterIP             string
	ExternalName          string
	ExternalTrafficPolicy string
	Ports                 []ServicePort
	// Addresses are those inside the cluster, PublicAddresses those by which clients
	// outside the cluster reach the Service.
	Addresses, PublicAddresses []netip.Addr
	// SourceRanges are the networks that the load balancer admits. None: all.
	SourceRanges []string
	// Global reports that Cilium also sends its connections to pods of other clusters.
	Global bool
}

// ServicePort is a Service's port and the pods' port behind it.
type ServicePort struct {
	Name       string             `json:"name"`
	Port       int32              `json:"port"`
	Protocol   v1alpha1.Protocol  `json:"protocol"`
	NodePort   int32              `json:"nodePort"`
	TargetPort intstr.IntOrString `json:"targetPort"`
}

// Target is the pods' port, by number or name.
func (p ServicePort) Target() policy.Port {
	if p.TargetPort.Type == intstr.String {
		return policy.Port{Name: p.TargetPort.StrVal, Protocol: p.Protocol}
	}
	return policy.Port{Port: p.TargetPort.IntVal, Protocol: p.Protocol}
}

// maxPort is the highest port.
const maxPort = 65535

// Usable says whether a Service's port can stand in a policy. A tenant may write
// anything there, and some policies hold the ports of several tenants.
func (p ServicePort) Usable() bool {
	if p.Protocol != v1alpha1.TCP && p.Protocol != v1alpha1.UDP && p.Protocol != v1alpha1.SCTP {
		return false
	}
	if p.TargetPort.Type == intstr.String {
		return len(validation.IsValidPortName(p.TargetPort.StrVal)) == 0
	}
	return p.Port > 0 && p.Port <= maxPort && p.TargetPort.IntVal > 0 && p.TargetPort.IntVal <= maxPort
}

// Headless says whether clients dial the pods themselves.
func (s *Service) Headless() bool { return s.ClusterIP == "None" }

// DialsTargetPort says whether a target port is the number that clients of a headless Service
// dial, on every pod behind it: nothing translates it for them.
func (x *Index) DialsTargetPort(s *Service, p ServicePort) bool {
	target := p.Target()
	if target.Name == "" {
		return target.Port == p.Port
	}
	pods := x.WorkloadsIn(s.Ref.Namespace, policy.Selector{MatchLabels: s.Selector})
	found := len(pods) == 0
	for _, w := range pods {
		// A pod that has no port of this name is not behind it.
		if n, ok := w.ResolveTargetPort(target); ok {
			if found = true; n.Port != p.Port {
				return false
			}
		}
	}
	return found
}

// ExternalHost is the name that a Service of type ExternalName stands for, and whether
// it is one.
func (s *Service) ExternalHost() (string, bool) {
	host := strings.TrimSuffix(strings.ToLower(s.ExternalName), ".")
	return host, len(validation.IsDNS1123Subdomain(host)) == 0
}

// APIServer is the Service of the cluster's apiserver, as everyone knows it: what is
// behind it is no pod.
func APIServer() *Service {
	return &Service{
		Ref:   report.Ref{Namespace: "default", Name: "kubernetes"},
		Ports: []ServicePort{{Name: "https", Port: 443, Protocol: v1alpha1.TCP, TargetPort: intstr.FromInt32(443)}},
	}
}

// APIServerTargets are the ports behind it, which the profile's cluster or baseline may
// say.
func APIServerTargets(c v1alpha1.Cluster, b v1alpha1.Baseline) []policy.Port {
	ports := v1alpha1.APIServerPorts()
	switch {
	case c.APIServer != nil && len(c.APIServer.Ports) > 0:
		ports = c.APIServer.Ports
	case b.APIServer != nil && len(b.APIServer.Ports) > 0:
		ports = b.APIServer.Ports
	}
	var out []policy.Port
	for _, p := range ports {
		out = append(out, policy.Port{Port: p, Protocol: v1alpha1.TCP})
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

// IsGlobal reports whether Cilium takes a Service for one of all clusters of a mesh.
func IsGlobal(n *yaml.RNode) bool {
	value, ok := n.GetAnnotations()["service.cilium.io/global"]
	if !ok {
		value = n.GetAnnotations()["io.cilium/global-service"]
	}
	return strings.EqualFold(value, "true")
}

// IsExposed reports whether clients outside the cluster reach the Service.
func (s *Service) IsExposed() bool { return s.Type == "LoadBalancer" || s.Type == "NodePort" }

// TranslatesSource reports whether nodes may replace the addresses of clients outside the cluster by
// their own.
func (s *Service) TranslatesSource() bool { return s.IsExposed() && s.ExternalTrafficPolicy != "Local" }

// complement are the networks of all addresses outside of some.
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
