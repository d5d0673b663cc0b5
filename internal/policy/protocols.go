package policy

import (
	"slices"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
)

// ExpandProtocols has ports of each protocol instead of those of ANY.
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

// MergeProtocols has ports of ANY protocol, where all of them are among the ports. A name is
// not the same port in each.
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
