package policy

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
)

// PortsLabel writes named ports as agents since Cilium 1.20 do in a label of the pod:
// "http.TCP.8080_metrics.TCP.9090". Without named ports a pod has no such label.
func PortsLabel(ports []NamedPort) string {
	var out []string
	for _, p := range sortedPorts(ports) {
		out = append(out, fmt.Sprintf("%s.%s.%d", p.Name, cmp.Or(p.Protocol, v1alpha1.TCP), p.Port))
	}
	return strings.Join(out, "_")
}

// ParsePortsLabel reads what PortsLabel writes. It reports false for any other text, which no
// pod has.
func ParsePortsLabel(text string) ([]NamedPort, bool) {
	var out []NamedPort
	for _, part := range strings.Split(text, "_") {
		fields := strings.Split(part, ".")
		if len(fields) != 3 || fields[0] == "" {
			return nil, false
		}
		n, err := strconv.ParseUint(fields[2], 10, 16)
		if err != nil || n == 0 || !slices.Contains(v1alpha1.Protocols(), v1alpha1.Protocol(fields[1])) {
			return nil, false
		}
		out = append(out, NamedPort{Name: fields[0], Protocol: v1alpha1.Protocol(fields[1]), Port: uint16(n)})
	}
	return out, PortsLabel(out) == text
}

func sortedPorts(ports []NamedPort) []NamedPort {
	out := slices.Clone(ports)
	slices.SortStableFunc(out, func(a, b NamedPort) int { return cmp.Compare(a.Name, b.Name) })
	// Of two ports with one name, the last counts.
	slices.Reverse(out)
	out = slices.CompactFunc(out, func(a, b NamedPort) bool { return a.Name == b.Name })
	slices.Reverse(out)
	return out
}

// portsOf are the named ports of a pod that fulfils a requirement on them. The fresh value
// represents all ports that no requirement names.
func (i *representativeBuilder) portsOf(text string) []NamedPort {
	if text == i.fresh {
		return append(slices.Clone(i.ports), NamedPort{Name: "other", Protocol: v1alpha1.TCP, Port: unusedPort})
	}
	ports, _ := ParsePortsLabel(text)
	return ports
}

// addWithPorts adds a pod with just the ports that it has.
func (i *representativeBuilder) addWithPorts(ep Endpoint) {
	if !i.seenWithPorts[i.identityWithPorts(ep)] {
		ep.Name = i.describe(ep) + portsInName(ep.Ports)
		i.record(ep)
		i.out = append(i.out, ep)
	}
}

func portsInName(ports []NamedPort) string {
	if len(ports) == 0 {
		return " without named ports"
	}
	return " with the named ports " + PortsLabel(ports)
}

// identityWithPorts is what policies may see of a pod that distinguish pods by their named ports.
func (i *representativeBuilder) identityWithPorts(ep Endpoint) string {
	return i.identityKey(ep) + ";" + PortsLabel(ep.Ports)
}
