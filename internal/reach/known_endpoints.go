package reach

import (
	"maps"
	"net/netip"
	"slices"
	"strings"

	"go4.org/netipx"

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
	slices.SortStableFunc(e.addresses, func(a, b endpoints.Endpoint) int {
		if c := a.Network.Addr().Compare(b.Network.Addr()); c != 0 {
			return c
		}
		return a.Network.Bits() - b.Network.Bits()
	})
	e.findEnclosing()
	return e
}

// findEnclosing finds the next larger network of each.
func (e knownEndpoints) findEnclosing() {
	var stack []netip.Prefix
	for _, ep := range e.addresses {
		n := ep.Network
		if !n.IsValid() {
			continue
		}
		for len(stack) > 0 && !stack[len(stack)-1].Contains(n.Addr()) {
			stack = stack[:len(stack)-1]
		}
		if len(stack) > 0 {
			e.enclosing[n] = stack[len(stack)-1]
		}
		stack = append(stack, n)
	}
}

// addressesIn returns an address of each part of a peer's networks that a policy or a declaration
// distinguishes.
func (e knownEndpoints) addressesIn(p policy.Peer) []endpoints.Endpoint {
	var out []endpoints.Endpoint
	for _, ep := range e.addresses {
		if inNetworks(p, ep) {
			out = append(out, ep)
		}
	}
	for _, c := range p.CIDRs {
		if addr, ok := e.uncoveredAddress(c, p.Except); ok {
			out = append(out, addr)
		}
	}
	return out
}

// uncoveredAddress is an address of a network that is in no other network, which represents all of
// these.
func (e knownEndpoints) uncoveredAddress(cidr string, except []string) (endpoints.Endpoint, bool) {
	all := addressesOf(policy.Peer{CIDRs: []string{cidr}, Except: except})
	var b netipx.IPSetBuilder
	b.AddSet(all)
	for _, ep := range e.addresses {
		if ep.Network.IsValid() {
			b.RemovePrefix(ep.Network)
		}
	}
	set, err := b.IPSet()
	if err != nil || len(set.Ranges()) == 0 {
		return endpoints.Endpoint{}, false
	}
	network, err := netip.ParsePrefix(cidr)
	return endpoints.Endpoint{Kind: endpoints.AddressEndpoint, Name: set.Ranges()[0].From().String(), Network: network.Masked()}, err == nil
}

// formatNetworks spells networks, each without the smaller ones that are not among them:
// "198.51.0.0/16 except 198.51.0.0/24".
func (e knownEndpoints) formatNetworks(networks []netip.Prefix) []string {
	chosen := map[netip.Prefix]bool{}
	for _, n := range networks {
		chosen[n] = true
	}
	// outermost is the largest network around one that has only chosen parts in between.
	outermost := func(n netip.Prefix) netip.Prefix {
		for chosen[e.enclosing[n]] {
			n = e.enclosing[n]
		}
		return n
	}
	except := map[netip.Prefix][]string{}
	for _, ep := range e.addresses {
		if n := ep.Network; n.IsValid() && !chosen[n] && chosen[e.enclosing[n]] {
			at := outermost(e.enclosing[n])
			except[at] = append(except[at], n.String())
		}
	}
	var out []string
	for _, n := range networks {
		if outermost(n) != n {
			continue
		}
		text := n.String()
		if len(except[n]) > 0 {
			text += " except " + strings.Join(except[n], ", ")
		}
		out = append(out, text)
	}
	return out
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
		return !inNamespaces(p, endpoints.Endpoint{Namespace: ns, NamespaceLabels: d.Endpoints.namespaceLabels(ns)}) ||
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
