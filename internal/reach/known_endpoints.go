package reach

import (
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// knownEndpoints are the endpoints that an engine knows.
type knownEndpoints struct {
	// known are the names of pods of the build and of addresses, with their positions in the set.
	known map[string]endpoints.ID
	// pods are those of the build.
	pods []endpoints.Endpoint
	// representatives are pods that may be created.
	representatives []endpoints.Endpoint
	// addresses represent each network that a policy or a declaration distinguishes, and
	// within has the next larger one of each.
	addresses []endpoints.Endpoint
	enclosing map[netip.Prefix]netip.Prefix
}

// has reports whether an endpoint is a pod of the build or an address.
func (e knownEndpoints) has(ep endpoints.Endpoint) bool {
	_, ok := e.known[ep.Name]
	return ok
}

func newKnownEndpoints(known []endpoints.Endpoint) knownEndpoints {
	e := knownEndpoints{known: map[string]endpoints.ID{}, enclosing: map[netip.Prefix]netip.Prefix{}}
	for _, ep := range known {
		switch {
		case ep.Kind == endpoints.PodEndpoint && !ep.Representative && ep.Cluster == "":
			e.known[ep.Name] = ep.ID
			e.pods = append(e.pods, ep)
		case ep.Kind == endpoints.PodEndpoint && ep.Cluster == "":
			e.representatives = append(e.representatives, ep)
		case ep.Kind == endpoints.AddressEndpoint:
			e.known[ep.Name] = ep.ID
			e.addresses = append(e.addresses, ep)
		}
	}
	slices.SortStableFunc(e.addresses, func(a, b endpoints.Endpoint) int { return compareNetworks(a, b.Network) })
	e.findEnclosing()
	return e
}

// clusterEntities are the entities of a cluster that are no pods.
var clusterEntities = []v1alpha1.Entity{v1alpha1.EntityHost, v1alpha1.EntityRemoteNode, v1alpha1.EntityKubeAPIServer, v1alpha1.EntityIngress, v1alpha1.EntityHealth}

// includesPods reports whether an entity has all pods.
func includesPods(e v1alpha1.Entity) bool {
	return e == v1alpha1.EntityAll || e == v1alpha1.EntityCluster
}

// entityEndpoints returns each one endpoint. Of those that have others, all but pods are decided.
func entityEndpoints(all []v1alpha1.Entity) []endpoints.Endpoint {
	var out []endpoints.Endpoint
	seen := map[v1alpha1.Entity]bool{}
	add := func(each ...v1alpha1.Entity) {
		for _, e := range each {
			if !seen[e] {
				seen[e] = true
				out = append(out, endpoints.Endpoint{Kind: endpoints.EntityEndpoint, Name: string(e)})
			}
		}
	}
	for _, e := range all {
		switch {
		case !includesPods(e):
			add(e)
		case e == v1alpha1.EntityAll:
			add(v1alpha1.EntityWorld)
			fallthrough
		default:
			add(clusterEntities...)
		}
	}
	return out
}

// peerEndpoints returns the endpoints of a peer: all pods of the build, or else one that represents
// them.
func (d *declaredFlows) peerEndpoints(p policy.Peer) []endpoints.Endpoint {
	switch p.Kind {
	case policy.Pods:
		return d.pods(p)
	case policy.Nodes:
		return d.nodes(d.Fence.OwnerOf(p))
	case policy.Entities:
		return append(entityEndpoints(p.Entities), d.endpoints.outsideAddresses(p, d.Fence.Cluster)...)
	case policy.CIDRs:
		return d.endpoints.addressesIn(p)
	default:
		return d.nameEndpoints(p)
	}
}

// nameEndpoints returns the names of a peer. It omits names that resolve to this cluster, which are
// declared as flows to pods, too.
func (d *declaredFlows) nameEndpoints(p policy.Peer) []endpoints.Endpoint {
	var out []endpoints.Endpoint
	for _, n := range p.FQDNs {
		if name := exampleName(n); len(d.Endpoints.clusterHostnameTargets(name)) == 0 {
			out = append(out, endpoints.Endpoint{Kind: endpoints.NameEndpoint, Name: name})
		}
	}
	return out
}

func (d *declaredFlows) pods(p policy.Peer) []endpoints.Endpoint {
	namespaces := []string{p.Namespace}
	if p.Namespace == "" {
		namespaces = d.labelledNamespaces(p)
	}
	var out []endpoints.Endpoint
	for _, ns := range namespaces {
		for _, w := range d.Endpoints.Index.WorkloadsIn(ns, p.Pods) {
			if !w.HostNetwork && d.belongToPeer(w, p) {
				pod := d.Endpoints.Pod(w)
				// The set finds a pod faster by its position.
				pod.ID = d.endpoints.known[pod.Name]
				out = append(out, pod)
			}
		}
	}
	switch {
	case len(out) > 0 || p.Namespace != "" && len(d.Endpoints.Index.WorkloadsIn(p.Namespace, p.Pods)) > 0:
		return out
	case p.Namespace != "":
		return []endpoints.Endpoint{d.Endpoints.representative(p.Namespace, endpoints.ExampleLabels(p.Pods))}
	default:
		return d.representativePods(p)
	}
}

// belongToPeer reports whether a workload's pods are those of a peer's tenant. A peer that names a
// shared namespace without a tenant includes its unclaimed pods.
func (d *declaredFlows) belongToPeer(w *resource.Workload, p policy.Peer) bool {
	all := d.Fence.TenantsIn(w.Ref.Namespace)
	if len(all) == 0 || !all[0].SharesNamespaces() {
		return true
	}
	owner := d.Fence.OwnerOfPod(w.Ref.Namespace, w.Labels)
	return p.Owner == "" && owner == nil || owner != nil && owner.Name == p.Owner
}

// labelledNamespaces returns the namespaces of the build that a peer selects by label. If it
// selects all, as the entity cluster does, it omits those of tenants: these declare for themselves
// whether they allow the flow.
func (d *declaredFlows) labelledNamespaces(p policy.Peer) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(d.Endpoints.Index.Namespaces)), func(ns string) bool {
		return !d.Endpoints.Within.Has(ns) || !inNamespaces(p, endpoints.Endpoint{Namespace: ns, NamespaceLabels: d.Endpoints.namespaceLabels(ns)}) ||
			len(p.NamespaceLabels) == 0 && d.Fence.Owner(ns) != nil
	})
}

// exampleName returns a name that a pattern matches.
func exampleName(pattern string) string {
	if pattern == "*" {
		return "any.example"
	}
	return strings.ReplaceAll(strings.ReplaceAll(strings.ToLower(pattern), "**", "any"), "*", "any")
}
