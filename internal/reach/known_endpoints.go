package reach

import (
	"maps"
	"net/netip"
	"slices"
	"strings"

	"go4.org/netipx"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// ends are the endpoints that an engine knows.
type ends struct {
	// known are the names of pods of the build and of addresses.
	known map[string]bool
	// pods are those of the build.
	pods []policy.Endpoint
	// later are pods that may be created.
	later []policy.Endpoint
	// addresses represent each network that a policy or a declaration distinguishes, and
	// within has the next larger one of each.
	addresses []policy.Endpoint
	within    map[netip.Prefix]netip.Prefix
}

func endsOf(known []policy.Endpoint) ends {
	e := ends{known: map[string]bool{}, within: map[netip.Prefix]netip.Prefix{}}
	for _, ep := range known {
		switch {
		case ep.Kind == policy.PodEndpoint && !ep.Imagined && ep.Cluster == "":
			e.known[ep.Name] = true
			e.pods = append(e.pods, ep)
		case ep.Kind == policy.PodEndpoint && ep.Cluster == "":
			e.later = append(e.later, ep)
		case ep.Kind == policy.AddressEndpoint:
			e.known[ep.Name] = true
			e.addresses = append(e.addresses, ep)
		}
	}
	slices.SortStableFunc(e.addresses, func(a, b policy.Endpoint) int {
		if c := a.Network.Addr().Compare(b.Network.Addr()); c != 0 {
			return c
		}
		return a.Network.Bits() - b.Network.Bits()
	})
	e.nest()
	return e
}

// nest finds the next larger network of each.
func (e ends) nest() {
	var around []netip.Prefix
	for _, ep := range e.addresses {
		n := ep.Network
		if !n.IsValid() {
			continue
		}
		for len(around) > 0 && !around[len(around)-1].Contains(n.Addr()) {
			around = around[:len(around)-1]
		}
		if len(around) > 0 {
			e.within[n] = around[len(around)-1]
		}
		around = append(around, n)
	}
}

// in are an address of each part of a peer's networks that a policy or a declaration
// distinguishes.
func (e ends) in(p policy.Peer) []policy.Endpoint {
	var out []policy.Endpoint
	for _, ep := range e.addresses {
		if inNetworks(p, ep) {
			out = append(out, ep)
		}
	}
	for _, c := range p.CIDRs {
		if addr, ok := e.rest(c, p.Except); ok {
			out = append(out, addr)
		}
	}
	return out
}

// rest is an address of a network that is in no other network, which represents all of
// these.
func (e ends) rest(cidr string, except []string) (policy.Endpoint, bool) {
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
		return policy.Endpoint{}, false
	}
	network, err := netip.ParsePrefix(cidr)
	return policy.Endpoint{Kind: policy.AddressEndpoint, Name: set.Ranges()[0].From().String(), Network: network.Masked()}, err == nil
}

// parts spells networks, each without the smaller ones that are not among them:
// "198.51.0.0/16 except 198.51.0.0/24".
func (e ends) parts(networks []netip.Prefix) []string {
	chosen := map[netip.Prefix]bool{}
	for _, n := range networks {
		chosen[n] = true
	}
	// outermost is the largest network around one of which all parts in between are chosen.
	outermost := func(n netip.Prefix) netip.Prefix {
		for chosen[e.within[n]] {
			n = e.within[n]
		}
		return n
	}
	except := map[netip.Prefix][]string{}
	for _, ep := range e.addresses {
		if n := ep.Network; n.IsValid() && !chosen[n] && chosen[e.within[n]] {
			at := outermost(e.within[n])
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

// inCluster are the entities of a cluster that are no pods.
var inCluster = []v1alpha1.Entity{v1alpha1.EntityHost, v1alpha1.EntityRemoteNode, v1alpha1.EntityKubeAPIServer, v1alpha1.EntityIngress, v1alpha1.EntityHealth}

// ofPods reports whether an entity has all pods.
func ofPods(e v1alpha1.Entity) bool { return e == v1alpha1.EntityAll || e == v1alpha1.EntityCluster }

// entities are each one endpoint. Of those that have others, all but pods are decided.
func entities(all []v1alpha1.Entity) []policy.Endpoint {
	var out []policy.Endpoint
	seen := map[v1alpha1.Entity]bool{}
	add := func(each ...v1alpha1.Entity) {
		for _, e := range each {
			if !seen[e] {
				seen[e] = true
				out = append(out, policy.Endpoint{Kind: policy.EntityEndpoint, Name: string(e)})
			}
		}
	}
	for _, e := range all {
		switch {
		case !ofPods(e):
			add(e)
		case e == v1alpha1.EntityAll:
			add(v1alpha1.EntityWorld)
			fallthrough
		default:
			add(inCluster...)
		}
	}
	return out
}

// examples are endpoints that a peer stands for: all pods of the build or, where there
// is none, one that is like them.
func (d *declared) examples(p policy.Peer) []policy.Endpoint {
	switch p.Kind {
	case policy.Pods:
		return d.pods(p)
	case policy.Nodes:
		return d.nodes(d.Fence.NodeOf(p))
	case policy.Entities:
		return append(entities(p.Entities), d.ends.world(p, d.Fence.Cluster)...)
	case policy.CIDRs:
		return d.ends.in(p)
	default:
		return d.names(p)
	}
}

// names are those of a peer, but for what ends in this cluster, which is wanted as a flow
// to pods, too.
func (d *declared) names(p policy.Peer) []policy.Endpoint {
	var out []policy.Endpoint
	for _, n := range p.FQDNs {
		if name := concrete(n); len(d.Endpoints.localEnds(name)) == 0 {
			out = append(out, policy.Endpoint{Kind: policy.NameEndpoint, Name: name})
		}
	}
	return out
}

func (d *declared) pods(p policy.Peer) []policy.Endpoint {
	namespaces := []string{p.Namespace}
	if p.Namespace == "" {
		namespaces = d.labelled(p)
	}
	var out []policy.Endpoint
	for _, ns := range namespaces {
		for _, w := range d.Endpoints.Index.In(ns, p.Pods) {
			if !w.HostNetwork && d.are(w, p) {
				out = append(out, d.Endpoints.Pod(w))
			}
		}
	}
	switch {
	case len(out) > 0 || p.Namespace != "" && len(d.Endpoints.Index.In(p.Namespace, p.Pods)) > 0:
		return out
	case p.Namespace != "":
		return []policy.Endpoint{d.Endpoints.imagined(p.Namespace, policy.Example(p.Pods))}
	default:
		return d.later(p)
	}
}

// are says whether a workload's pods are those of a peer's tenant: one that names a
// shared namespace means nobody's pods there.
func (d *declared) are(w *resource.Workload, p policy.Peer) bool {
	all := d.Fence.Owners(w.Ref.Namespace)
	if len(all) == 0 || !all[0].Shares() {
		return true
	}
	owner := d.Fence.OwnerOfPod(w.Ref.Namespace, w.Labels)
	return p.Tenant == "" && owner == nil || owner != nil && owner.Name == p.Tenant
}

// labelled are the namespaces of the build that a peer names by label. Where it names
// all, as the entity cluster does, those of tenants are left out: whether they let it pass
// is theirs to say.
func (d *declared) labelled(p policy.Peer) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(d.Endpoints.Index.Namespaces)), func(ns string) bool {
		return !inNamespaces(p, policy.Endpoint{Namespace: ns, NamespaceLabels: d.Endpoints.namespaceLabels(ns)}) ||
			len(p.NamespaceLabels) == 0 && d.Fence.Owner(ns) != nil
	})
}

// concrete is a name that a pattern matches.
func concrete(pattern string) string {
	if pattern == "*" {
		return "any.example"
	}
	return strings.ReplaceAll(strings.ReplaceAll(strings.ToLower(pattern), "**", "any"), "*", "any")
}
