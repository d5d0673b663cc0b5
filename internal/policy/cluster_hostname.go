package policy

import (
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
)

// LocalName is public names that resolve to a Service of this cluster, or to an entity.
type LocalName struct {
	FQDNs []string
	// Namespace and Service name the Service, and Tenant the owner of its pods, where its
	// namespace is shared.
	Namespace, Service, Tenant string
	// Entity is set instead of the Service. Omitted: Service is set.
	Entity v1alpha1.Entity
}

// LocalNamesOf turns localNames of the API into local names.
func LocalNamesOf(in []v1alpha1.LocalName) []LocalName {
	var out []LocalName
	for _, l := range in {
		namespace, service, _ := strings.Cut(l.Service, "/")
		out = append(out, LocalName{FQDNs: l.FQDNs, Namespace: namespace, Service: service, Tenant: l.Tenant, Entity: l.Entity})
	}
	return out
}

// Holds says whether all names that a pattern matches end there.
func (l LocalName) Holds(pattern string) bool { return SomeCovers(l.FQDNs, pattern) }

// HoldsSome says whether there is a name that a pattern matches and that ends there.
func (l LocalName) HoldsSome(pattern string) bool { return SomeOverlaps(l.FQDNs, pattern) }

// At is the Service or entity, as people write it.
func (l LocalName) At() string {
	if l.Entity != "" {
		return "entity " + string(l.Entity)
	}
	return l.Namespace + "/" + l.Service
}
