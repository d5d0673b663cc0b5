package flow

import (
	"slices"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
)

// ExpandProtocols replaces ports of protocol ANY by a port of each protocol.
func ExpandProtocols(ports []Port) []Port {
	var out []Port
	for _, p := range ports {
		if p.Protocol != v1alpha1.ANY {
			out = append(out, p)
			continue
		}
		for _, p.Protocol = range v1alpha1.Protocols() {
			out = append(out, p)
		}
	}
	return out
}

// MergeProtocols replaces a port of every protocol by one of protocol ANY. It keeps port names,
// which may differ by protocol.
func MergeProtocols(ports []Port) []Port {
	of := func(p Port, protocol v1alpha1.Protocol) Port {
		p.Protocol = protocol
		return p
	}
	var out []Port
	for _, p := range ports {
		all := p.Name == "" && !slices.ContainsFunc(v1alpha1.Protocols(), func(each v1alpha1.Protocol) bool { return !slices.Contains(ports, of(p, each)) })
		if all {
			p.Protocol = v1alpha1.ANY
		}
		if !all || !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	return out
}
