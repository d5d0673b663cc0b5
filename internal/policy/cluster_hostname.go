package policy

import (
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/flow"
)

// ClusterHostname has public names that resolve to a Service of this cluster, or to an entity.
type ClusterHostname struct {
	FQDNs []string
	// Namespace and Service identify the Service. Tenant owns its pods, if the namespace is shared.
	Namespace, Service, Tenant string
	// Entity is set instead of the Service. Omitted: Service is set.
	Entity v1alpha1.Entity
}

// ClusterHostnamesOf converts clusterHostnames of the API.
func ClusterHostnamesOf(in []v1alpha1.ClusterHostname) []ClusterHostname {
	var out []ClusterHostname
	for _, l := range in {
		namespace, service, _ := strings.Cut(l.Service, "/")
		out = append(out, ClusterHostname{FQDNs: l.FQDNs, Namespace: namespace, Service: service, Tenant: l.Tenant, Entity: l.Entity})
	}
	return out
}

// MatchesAll reports whether every name that a pattern matches is one of these names.
func (l ClusterHostname) MatchesAll(pattern string) bool { return flow.AnyCovers(l.FQDNs, pattern) }

// MatchesAny reports whether a pattern matches one of these names.
func (l ClusterHostname) MatchesAny(pattern string) bool { return flow.AnyOverlaps(l.FQDNs, pattern) }

// Target is the Service or entity, as the API writes it.
func (l ClusterHostname) Target() string {
	if l.Entity != "" {
		return "entity " + string(l.Entity)
	}
	return l.Namespace + "/" + l.Service
}
