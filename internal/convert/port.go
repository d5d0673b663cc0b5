package convert

import (
	"slices"
	"strconv"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// maxPorts is the maximum number of ports that Cilium accepts in one entry of toPorts.
const maxPorts = 40

// toPorts returns the ports of a rule as the toPorts field of Cilium.
func toPorts(ports *yaml.Node) *yaml.Node {
	for _, p := range ports.Content {
		port(p)
	}
	out := sequence()
	for chunk := range slices.Chunk(slices.Clone(ports.Content), maxPorts) {
		list := ports
		if len(out.Content) > 0 {
			list = sequence()
			list.Style = ports.Style
		}
		list.Content = chunk
		out.Content = append(out.Content, mapping(scalar("ports"), list))
	}
	return out
}

// port rewrites one port. Numbers become strings, and the default protocol is set explicitly.
// An omitted port becomes 0, which means every port of the protocol.
func port(p *yaml.Node) {
	if isEmpty(p) {
		replaceContent(p, mapping(), p)
	}
	for _, key := range []string{"port", "protocol", "endPort"} {
		if k, v := pair(p, key); k != nil && isNull(v) {
			drop(p, key)
			moveComments(p, k, v)
		}
	}
	number := value(p, "port")
	if number == nil {
		number = scalar("0")
		p.Content = slices.Insert(p.Content, 0, scalar("port"), number)
	}
	if n := 0; number.Tag != yaml.NodeTagString && number.Decode(&n) == nil {
		number.Value = strconv.Itoa(n)
	}
	if _, err := strconv.Atoi(number.Value); err == nil {
		number.Tag, number.Style = yaml.NodeTagString, yaml.DoubleQuotedStyle
	}
	if value(p, "protocol") == nil {
		p.Content = append(p.Content, scalar("protocol"), scalar("TCP"))
	}
}
