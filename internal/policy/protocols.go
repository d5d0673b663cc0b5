package policy

import (
	"slices"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
)

// EachProtocol has ports of each protocol instead of those of ANY.
func EachProtocol(ports []Port) []Port {
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

// AnyProtocol has ports of ANY protocol, where all of them are among the ports. A name is
// not the same port in each.
func AnyProtocol(ports []Port) []Port {
	of := func(p Port, protocol v1alpha1.Protocol) Port {
		p.Protocol = protocol
		return p
	}
	var out []Port
	for _, p := range ports {
		every := p.Name == "" && !slices.ContainsFunc(v1alpha1.Protocols(), func(each v1alpha1.Protocol) bool { return !slices.Contains(ports, of(p, each)) })
		if every {
			p.Protocol = v1alpha1.ANY
		}
		if !every || !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	return out
}
