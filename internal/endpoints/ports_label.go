package endpoints

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
)

// PortsLabel returns the label value in which agents since Cilium 1.20 write a pod's named ports:
// "http.TCP.8080_metrics.TCP.9090". A pod without named ports has no such label.
func PortsLabel(ports []NamedPort) string {
	var out []string
	for _, p := range sortedPorts(ports) {
		out = append(out, fmt.Sprintf("%s.%s.%d", p.Name, cmp.Or(p.Protocol, v1alpha1.TCP), p.Port))
	}
	return strings.Join(out, "_")
}

// ParsePortsLabel parses the result of PortsLabel. It reports false for any other text.
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
	// If two ports have the same name, the last one wins.
	slices.Reverse(out)
	out = slices.CompactFunc(out, func(a, b NamedPort) bool { return a.Name == b.Name })
	slices.Reverse(out)
	return out
}

// portsOf returns named ports of a pod that meets a requirement on them. The fresh value represents
// all ports that no requirement names.
func (i *representativeBuilder) portsOf(text string) []NamedPort {
	if text == i.fresh {
		return append(slices.Clone(i.ports), NamedPort{Name: "other", Protocol: v1alpha1.TCP, Port: unusedPort})
	}
	ports, _ := ParsePortsLabel(text)
	return ports
}

// addWithPorts adds a pod with exactly its own ports.
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

// identityWithPorts returns what policies can distinguish of a pod, including its named ports.
func (i *representativeBuilder) identityWithPorts(ep Endpoint) string {
	return i.identityKey(ep) + ";" + PortsLabel(ep.Ports)
}
