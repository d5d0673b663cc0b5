package engine

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/cilium/cilium/pkg/identity"
	"github.com/cilium/cilium/pkg/labels"
	ciliumpolicy "github.com/cilium/cilium/pkg/policy"
	"github.com/cilium/cilium/pkg/policy/types"

	"github.com/tenantfence/tenantfence/internal/endpoints"
)

// nodeAddresses are the addresses of numbered nodes. Node i has, for the policies of each namespace, an address
// in their networks.
//
// One node for each network of the build would decide the same, and each would be a peer at every pod that
// reaches nodes. The policies at a pod are those of its namespace and the cluster-wide ones, "". They
// distinguish nodes only by the networks of their own that contain the address. So what they decide about all
// nodes of the build is what they decide about a node with an address in each part of their own networks.
// Cluster-wide policies apply in every namespace: there, node i is always in the same networks of theirs.
type nodeAddresses struct {
	// of has the address of each node, by the namespace of the policies.
	of map[string][]netip.Addr
	// clusterWide are the networks of cluster-wide policies.
	clusterWide []netip.Prefix
}

// newNodeAddresses numbers nodes for the networks of policies, by their namespace.
func (p *Program) newNodeAddresses(networks map[string][]netip.Prefix) (*nodeAddresses, error) {
	clusterWide := endpoints.SortNetworks(p.nodeNetworks(networks[""]))
	parts := map[string]map[netip.Prefix][]netip.Addr{}
	// most is the largest number of addresses that a namespace distinguishes in a part of the cluster-wide networks.
	most := map[netip.Prefix]int{}
	for namespace, own := range networks {
		parts[namespace] = map[netip.Prefix][]netip.Addr{}
		for _, ep := range addressInEach(append(p.nodeNetworks(own), clusterWide...)) {
			addr, err := netip.ParseAddr(ep.Name)
			if err != nil {
				return nil, err
			}
			part := innermost(clusterWide, addr)
			parts[namespace][part] = append(parts[namespace][part], addr)
			most[part] = max(most[part], len(parts[namespace][part]))
		}
	}
	out := &nodeAddresses{map[string][]netip.Addr{}, networks[""]}
	for _, part := range slices.SortedFunc(maps.Keys(most), netip.Prefix.Compare) {
		for namespace, addrs := range parts {
			out.of[namespace] = append(out.of[namespace], filled(addrs[part], most[part])...)
		}
	}
	if len(most) > 0 {
		// The last node is outside of all networks.
		for namespace := range parts {
			out.of[namespace] = append(out.of[namespace], netip.Addr{})
		}
	}
	return out, nil
}

// selector returns a selector of networks that finds nodes by their numbers. A selector that a cluster-wide policy
// may have, too, finds the same nodes in every namespace: Cilium merges rules with equal selectors.
func (a *nodeAddresses) selector(s types.Selector, namespace string) types.Selector {
	if !slices.ContainsFunc(s.GetCIDRPrefixes(), func(p netip.Prefix) bool { return !slices.Contains(a.clusterWide, p) }) {
		namespace = ""
	}
	return numberedSelector{s, namespace, a.of[namespace]}
}

// numberedSelector is a selector of networks in the policies of a namespace.
type numberedSelector struct {
	types.Selector
	namespace string
	nodes     []netip.Addr
}

// Key distinguishes the namespaces in which a node has different addresses.
func (s numberedSelector) Key() string { return s.Selector.Key() + keySeparator + s.namespace }

// Matches asks Cilium about a numbered node as one with its address in the namespace.
func (s numberedSelector) Matches(ls labels.LabelArray) bool {
	return s.Selector.Matches(atAddress(ls, s.nodes))
}

// keySeparator is in no key of Cilium.
const keySeparator = "\n"

// ownKey is the key of a selector in its policy.
func ownKey(s ciliumpolicy.CachedSelector) string {
	key, _, _ := strings.Cut(s.String(), keySeparator)
	return key
}

// innermost returns the smallest network with an address. Invalid: none. Each network comes before those within it.
func innermost(sorted []netip.Prefix, addr netip.Addr) netip.Prefix {
	for _, p := range slices.Backward(sorted) {
		if p.Contains(addr) {
			return p
		}
	}
	return netip.Prefix{}
}

// filled repeats the last of some addresses. Without any, nodes have no address in a network of the policies.
func filled(addrs []netip.Addr, length int) []netip.Addr {
	last := netip.Addr{}
	if len(addrs) > 0 {
		last = addrs[len(addrs)-1]
	}
	return append(addrs, slices.Repeat([]netip.Addr{last}, length-len(addrs))...)
}

// networks are those that policies distinguish, by the namespace of the policies.
func (p *Program) networks() map[string][]netip.Prefix {
	out := map[string][]netip.Prefix{"": nil}
	for _, l := range p.loaded {
		for _, entry := range l.entries {
			for _, peer := range entry.L3 {
				if own := peer.GetCIDRPrefixes(); len(own) > 0 {
					out[l.namespace()] = append(out[l.namespace()], own...)
				}
			}
		}
	}
	return out
}

// numberSource is the source of the label that numbers a node. No selector has it.
const numberSource = "tenantfence-node"

// numberedNodes returns the identities of the numbered nodes.
func (t *table) numberedNodes(node *identity.Identity, when string) ([]variant, error) {
	var out []variant
	for i := range t.nodeAddresses.of[""] {
		number := labels.NewLabel(strconv.Itoa(i), "", numberSource)
		id, err := t.identity(mergeLabels(node.Labels, labels.Labels{number.Key: number}))
		if err != nil {
			return nil, err
		}
		out = append(out, variant{id: id, when: strings.TrimSpace(when + t.nodeAddresses.where(i))})
	}
	return out, nil
}

// where is the address of a numbered node, if it has the same one in all namespaces.
func (a *nodeAddresses) where(number int) string {
	known := map[netip.Addr]bool{}
	for _, addrs := range a.of {
		known[addrs[number]] = true
	}
	delete(known, netip.Addr{})
	for addr := range known {
		if len(known) == 1 {
			return " at " + addr.String()
		}
		return fmt.Sprintf(" in network %d of the pod's policies", number+1)
	}
	return ""
}

// atAddress replaces the number of a node by the label of its address.
func atAddress(ls labels.LabelArray, nodes []netip.Addr) labels.LabelArray {
	at := slices.IndexFunc(ls, func(l labels.Label) bool { return l.Source == numberSource })
	if at < 0 {
		return ls
	}
	number, err := strconv.Atoi(ls[at].Key)
	node := slices.Delete(slices.Clone(ls), at, at+1)
	if err != nil || !nodes[number].IsValid() {
		return node
	}
	return mergeLabels(node.Labels(), nodeAddressLabels(nodes[number])).LabelArray()
}
