package engine

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/cilium/cilium/pkg/identity"
	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/labelsfilter"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
)

// subject returns the identity of a pod as Cilium has it, or of a node as its own agent has it.
func (e *Engine) subject(ep endpoints.Endpoint) (*knownPod, error) {
	if ep.Kind == endpoints.NodeEndpoint {
		return e.node(ep), nil
	}
	if id, ok := ownEndpoints[v1alpha1.Entity(ep.Name)]; ok && ep.Kind == endpoints.EntityEndpoint {
		key := "entity " + ep.Name
		if e.pods[key] == nil {
			e.pods[key] = &knownPod{id: reserved(id)}
		}
		return e.pods[key], nil
	}
	return e.pod(ep)
}

// ownEndpoints are the entities for Cilium's own endpoints on each node. Policies can select
// them.
var ownEndpoints = map[v1alpha1.Entity]identity.NumericIdentity{
	v1alpha1.EntityIngress: identity.ReservedIdentityIngress,
	v1alpha1.EntityHealth:  identity.ReservedIdentityHealth,
}

// decides reports whether policies decide the side of a flow at an endpoint. They do for pods
// and nodes, and for an endpoint of Cilium itself that a policy isolates.
func (e *Engine) decides(ep endpoints.Endpoint, d flow.Direction) bool {
	if _, own := ownEndpoints[v1alpha1.Entity(ep.Name)]; !own || ep.Kind != endpoints.EntityEndpoint {
		return ep.IsSelected()
	}
	own, err := e.policyOf(ep)
	return err != nil || isolated(own, d)
}

// node returns the host endpoint of a node. Every agent gives its own node the same number, and
// selects it by the labels of the node. So each node has an identity of its own, with the same
// number.
func (e *Engine) node(ep endpoints.Endpoint) *knownPod {
	key := "node " + fingerprint(ep)
	if known, ok := e.pods[key]; ok {
		return known
	}
	own, _ := labelsfilter.Filter(labels.Map2Labels(ep.Labels, labels.LabelSourceK8s))
	known := &knownPod{id: identity.NewIdentity(identity.ReservedIdentityHost, mergeLabels(labels.LabelHost, own))}
	e.pods[key] = known
	return known
}

// nodeVariants returns a node as the policies of a pod see it: the pod's own node, or another.
func (e *Engine) nodeVariants() ([]variant, error) {
	others, err := e.atAddresses(reserved(identity.ReservedIdentityRemoteNode), "on another node")
	own := variant{id: reserved(identity.ReservedIdentityHost), when: "on the pod's own node", ownNode: true}
	return append([]variant{own}, others...), err
}

// atAddresses returns the identities of another node. If networks match nodes, it also returns
// one at an address in each network of the policies.
func (e *Engine) atAddresses(node *identity.Identity, when string) ([]variant, error) {
	out := []variant{{id: node, when: when}}
	if !e.matchesNodes() {
		return out, nil
	}
	for _, ep := range addressInEach(e.nodePrefixes(), nil) {
		addr, err := netip.ParseAddr(ep.Name)
		if err != nil {
			return nil, err
		}
		at := labels.GetCIDRLabels(netip.PrefixFrom(addr, addr.BitLen()))
		maps.DeleteFunc(at, func(_ string, l labels.Label) bool { return l.Source == labels.LabelSourceReserved })
		id, err := e.identity(mergeLabels(node.Labels, at))
		if err != nil {
			return nil, err
		}
		out = append(out, variant{id: id, when: strings.TrimSpace(when + " at " + addr.String()), at: &ep})
	}
	return out, nil
}

// nodePrefixes returns the networks of policies in which nodes may have addresses.
func (e *Engine) nodePrefixes() []netip.Prefix {
	var out []netip.Prefix
	for _, p := range e.prefixes {
		if len(e.options.NodeCIDRs) == 0 {
			out = append(out, p)
		}
		for _, c := range e.options.NodeCIDRs {
			if nodes, err := netip.ParsePrefix(c); err == nil && nodes.Overlaps(p) {
				// If two networks overlap, one contains the other.
				if p.Bits() > nodes.Bits() {
					nodes = p
				}
				out = append(out, nodes)
			}
		}
	}
	return out
}

// checkHostDecidable returns an error for a flow to a pod's own node if networks match nodes,
// because the address of that node is unknown.
func (e *Engine) checkHostDecidable(f flow.Flow) error {
	toHost := f.To.Kind == endpoints.NodeEndpoint || f.To.Kind == endpoints.EntityEndpoint && f.To.Name == string(v1alpha1.EntityHost)
	if !toHost || f.From.Kind != endpoints.PodEndpoint || !e.matchesNodes() || len(e.prefixes) == 0 {
		return nil
	}
	return fmt.Errorf("undecided with %s: nodes, because policies have networks that may contain the address of the pod's own node: test entity remote-node instead", cilium.CIDRMatchMode)
}

// matchesNodes reports whether networks match the addresses of nodes.
func (e *Engine) matchesNodes() bool { return e.agent.Value(cilium.CIDRMatchMode) == "nodes" }

// variantsFor returns every identity that an endpoint may have for the policies of its peer.
// Traffic of a node to itself is not a flow, so two nodes are different ones.
func (e *Engine) variantsFor(ep, other endpoints.Endpoint) ([]variant, error) {
	all, err := e.variants(ep)
	if ep.Kind == endpoints.NodeEndpoint && other.Kind == endpoints.NodeEndpoint {
		all = slices.DeleteFunc(all, func(v variant) bool { return v.ownNode })
	}
	if err != nil || ep.Kind != endpoints.EntityEndpoint {
		return all, err
	}
	var out []variant
	for _, v := range all {
		in := []variant{v}
		for _, f := range e.families() {
			if v.id.ID == f.id {
				if in, err = e.inNetworks(f, v); err != nil {
					return nil, err
				}
			}
		}
		out = append(out, in...)
	}
	return out, nil
}

// addRepresentativeNodes adds representative nodes for the selectors of host policies, and one
// without labels. They are only subjects of policies: as peers, nodes are host and remote-node.
func (e *Engine) addRepresentativeNodes(s endpoints.Environment) error {
	if len(e.nodes) == 0 {
		return nil
	}
	nodes, err := endpoints.RepresentativeNodes(s, e.nodes)
	if err != nil {
		return err
	}
	for _, ep := range nodes {
		if key := fmt.Sprint(ep.Kind, ep.Name); !e.learned[key] {
			e.learned[key] = true
			e.knownEndpoints = append(e.knownEndpoints, ep)
		}
	}
	return nil
}
