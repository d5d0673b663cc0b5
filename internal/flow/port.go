package flow

import (
	"cmp"
	"strconv"

	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
)

// Port is a port by number (with End for a range) or by name. If Protocol is ICMP, Name is a type
// of message.
type Port struct {
	Name     string
	Port     int32
	End      int32
	Protocol v1alpha1.Protocol
}

// IsNamed reports whether the port is the name of a container port of the destination.
func (p Port) IsNamed() bool { return p.Name != "" && p.Protocol != ICMP }

// ICMPPorts converts types of ICMP message to ports.
func ICMPPorts(types []v1alpha1.ICMPType) []Port {
	var out []Port
	for _, t := range types {
		out = append(out, Port{Name: string(t), Protocol: ICMP})
	}
	return out
}

// PortsOf converts ports of the API to ports with one protocol each.
func PortsOf(in []v1alpha1.Port) []Port { return ExpandProtocols(DeclaredPorts(in)) }

// DeclaredPorts converts ports of the API to ports as declared. Some may have the protocol ANY.
func DeclaredPorts(in []v1alpha1.Port) []Port {
	var out []Port
	for _, p := range in {
		out = append(out, DeclaredPort(p))
	}
	return out
}

// DeclaredPort converts a port of the API.
func DeclaredPort(p v1alpha1.Port) Port {
	port := Port{End: p.EndPort, Protocol: p.Protocol}
	if port.Protocol == "" {
		port.Protocol = v1alpha1.TCP
	}
	if p.Port.Type == intstr.String {
		port.Name = p.Port.StrVal
	} else {
		port.Port = p.Port.IntVal
	}
	return port
}

func (p Port) String() string {
	s := p.Name
	if s == "" {
		s = strconv.Itoa(int(p.Port))
	}
	if p.End > p.Port {
		s += "-" + strconv.Itoa(int(p.End))
	}
	return s + "/" + string(p.Protocol)
}

// ComparePorts orders ports by protocol, number and name.
func ComparePorts(a, b Port) int {
	return cmp.Or(cmp.Compare(a.Protocol, b.Protocol), cmp.Compare(a.Port, b.Port), cmp.Compare(a.End, b.End), cmp.Compare(a.Name, b.Name))
}
