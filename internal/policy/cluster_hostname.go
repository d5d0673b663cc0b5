package policy

import (
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
)

// ClusterHostname is public names that resolve to a Service of this cluster, or to an entity.
type ClusterHostname struct {
	FQDNs []string
	// Namespace and Service name the Service, and Tenant the owner of its pods, where its
	// namespace is shared.
	Namespace, Service, Tenant string
	// Entity is set instead of the Service. Omitted: Service is set.
	Entity v1alpha1.Entity
}

// ClusterHostnamesOf turns clusterHostnames of the API into local names.
func ClusterHostnamesOf(in []v1alpha1.ClusterHostname) []ClusterHostname {
	var out []ClusterHostname
	for _, l := range in {
		namespace, service, _ := strings.Cut(l.Service, "/")
		out = append(out, ClusterHostname{FQDNs: l.FQDNs, Namespace: namespace, Service: service, Tenant: l.Tenant, Entity: l.Entity})
	}
	return out
}

// MatchesAll says whether all names that a pattern matches end there.
func (l ClusterHostname) MatchesAll(pattern string) bool { return AnyCovers(l.FQDNs, pattern) }

// MatchesAny says whether there is a name that a pattern matches and that ends there.
func (l ClusterHostname) MatchesAny(pattern string) bool { return AnyOverlaps(l.FQDNs, pattern) }

// Target is the Service or entity, as people write it.
func (l ClusterHostname) Target() string {
	if l.Entity != "" {
		return "entity " + string(l.Entity)
	}
	return l.Namespace + "/" + l.Service
}
