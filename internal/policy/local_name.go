package policy

import (
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
)

// LocalName is public names that end at a Service of this cluster.
type LocalName struct {
	FQDNs []string
	// Namespace and Service name it.
	Namespace, Service string
}

// LocalNamesOf turns localNames of the API into local names.
func LocalNamesOf(in []v1alpha1.LocalName) []LocalName {
	var out []LocalName
	for _, l := range in {
		namespace, service, _ := strings.Cut(l.Service, "/")
		out = append(out, LocalName{FQDNs: l.FQDNs, Namespace: namespace, Service: service})
	}
	return out
}

// Holds says whether all names that a pattern matches end there.
func (l LocalName) Holds(pattern string) bool { return SomeCovers(l.FQDNs, pattern) }

// HoldsSome says whether there is a name that a pattern matches and that ends there.
func (l LocalName) HoldsSome(pattern string) bool { return SomeOverlaps(l.FQDNs, pattern) }

// At is the Service, as people write it.
func (l LocalName) At() string { return l.Namespace + "/" + l.Service }
