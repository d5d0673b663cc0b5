package engine

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"sync"

	cmtypes "github.com/cilium/cilium/pkg/clustermesh/types"

	"github.com/cilium/cilium/pkg/identity"
	k8sconst "github.com/cilium/cilium/pkg/k8s/apis/cilium.io"
	"github.com/cilium/cilium/pkg/labels"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
)

// variant is one identity that an endpoint may have. Most endpoints have one.
type variant struct {
	id *identity.Identity
	// when distinguishes the variant from the endpoint's others in a note, "over IPv4".
	when string
	// name is the DNS name of the endpoint, if it is one.
	name string
	// unresolved is the identity of the name's address before a DNS answer links the two.
	unresolved *identity.Identity
	// at is the address of a node if networks match nodes, or of an apiserver.
	at *endpoints.Endpoint
	// outside reports whether at is the address of an apiserver outside the cluster.
	outside bool
	// ownNode reports whether the variant is the node on which the peer runs.
	ownNode bool
}

// variants returns every identity that the endpoint may have. A flow has one decision only if
// all of them agree.
func (t *table) variants(ep endpoints.Endpoint) ([]variant, error) {
	switch ep.Kind {
	case endpoints.PodEndpoint:
		id, _, err := t.pod(ep)
		return []variant{{id: id}}, err
	case endpoints.NodeEndpoint:
		return t.nodeVariants()
	case endpoints.EntityEndpoint:
		return t.entity(v1alpha1.Entity(ep.Name))
	case endpoints.AddressEndpoint:
		addr, err := netip.ParseAddr(ep.Name)
		if err != nil || addr.Zone() != "" {
			return nil, fmt.Errorf("%q is not an IP address", ep.Name)
		}
		return t.address(addr, ep.Entities)
	case endpoints.NameEndpoint:
		return t.name(ep.Name)
	default:
		return nil, fmt.Errorf("endpoint %q has the unknown kind %q", ep.Name, ep.Kind)
	}
}

// addressLabels returns the labels of an address outside the cluster: those of the networks and
// of the groups that contain it.
func (t *table) addressLabels(addr netip.Addr) labels.Labels {
	return mergeLabels(t.groupLabels(addr), labels.GetCIDRLabels(netip.PrefixFrom(addr, addr.BitLen())))
}

// address returns the identity of an address. Cilium labels an address of the apiserver as
// such. If the apiserver is on a node, its identity does not depend on the address.
func (t *table) address(addr netip.Addr, of []v1alpha1.Entity) ([]variant, error) {
	own := t.addressLabels(addr)
	if slices.Contains(of, v1alpha1.EntityKubeAPIServer) {
		if slices.Contains(of, v1alpha1.EntityRemoteNode) {
			return []variant{{id: reserved(identity.ReservedIdentityKubeAPIServer)}}, nil
		}
		own = mergeLabels(own, labels.LabelKubeAPIServer)
	}
	id, err := t.identity(own)
	return []variant{{id: id}}, err
}

// singleIdentity has the entities with exactly one identity.
var singleIdentity = map[v1alpha1.Entity]identity.NumericIdentity{
	v1alpha1.EntityHost:    identity.ReservedIdentityHost,
	v1alpha1.EntityHealth:  identity.ReservedIdentityHealth,
	v1alpha1.EntityIngress: identity.ReservedIdentityIngress,
	unmanaged:              identity.ReservedIdentityUnmanaged,
	initial:                identity.ReservedIdentityInit,
}

// entity returns the identities of an entity. If agents handle both IP families, an endpoint
// outside the cluster has one of two identities, and policies distinguish them.
func (t *table) entity(name v1alpha1.Entity) ([]variant, error) {
	if id, ok := singleIdentity[name]; ok {
		return []variant{{id: reserved(id)}}, nil
	}
	switch name {
	case v1alpha1.EntityRemoteNode:
		return t.atAddresses(reserved(identity.ReservedIdentityRemoteNode), "")
	case v1alpha1.EntityWorldIPv4, v1alpha1.EntityWorldIPv6:
		return t.worldIdentity(name)
	case v1alpha1.EntityWorld:
		var out []variant
		for _, f := range t.families() {
			out = append(out, variant{id: reserved(f.id), when: f.when})
		}
		return out, nil
	case v1alpha1.EntityKubeAPIServer:
		return t.apiServer()
	case v1alpha1.EntityAll, v1alpha1.EntityCluster:
		return nil, fmt.Errorf("entity %q includes several kinds of endpoints: test each of its entities separately", name)
	default:
		return nil, fmt.Errorf("unknown entity %q", name)
	}
}

// apiServer returns the identities of the apiserver. It runs on a node or, for some providers,
// outside the cluster, and policies distinguish the two. If its addresses outside the cluster
// are known, it has one identity for each network that policies distinguish among them.
func (t *table) apiServer() ([]variant, error) {
	out, err := t.atAddresses(reserved(identity.ReservedIdentityKubeAPIServer), "for an apiserver on another node")
	if err != nil {
		return nil, err
	}
	for _, f := range t.families() {
		known, err := t.apiServerOutside(f)
		if err != nil {
			return nil, err
		}
		if out = append(out, known...); len(known) > 0 {
			continue
		}
		id, err := t.identity(mergeLabels(labels.LabelKubeAPIServer, f.world))
		if err != nil {
			return nil, err
		}
		out = append(out, variant{id: id, when: strings.TrimSpace("for an apiserver outside the cluster " + f.when)})
	}
	return out, nil
}

func reserved(id identity.NumericIdentity) *identity.Identity {
	return identity.LookupReservedIdentity(id)
}

func mergeLabels(a, b labels.Labels) labels.Labels {
	l := maps.Clone(a)
	maps.Copy(l, b)
	return l
}

// maxIdentities is the number of identities of a scope, and otherCluster are the bits of another cluster's
// ID. An agent of a real cluster holds fewer pods: its identities have 16 bits next to the cluster's ID.
var maxIdentities, otherCluster = identityRanges()

// identityRanges gives identities all bits that the ID of one other cluster does not need. Cilium computes
// the ranges once, so that this comes first.
func identityRanges() (last uint32, other identity.NumericIdentity) {
	cmtypes.ClusterIDMax = 1
	return uint32(identity.GetMaximumAllocationIdentity(0)) - 1, identity.GetMinimalAllocationIdentity(1)
}

// isOtherCluster reports whether the labels are those of a pod in another cluster.
func (t *table) isOtherCluster(lbls labels.Labels) bool {
	of, ok := lbls[k8sconst.PolicyLabelCluster]
	return ok && of.Source == labels.LabelSourceK8s && of.Value != t.cluster
}

// identity returns the identity with these labels. Its number is in the scope that Cilium gives
// it, because the datapath aggregates identities by scope.
func (t *table) identity(lbls labels.Labels) (*identity.Identity, error) {
	key := strings.Join(sortedLabels(lbls), "\n")
	if id, ok := t.identities[key]; ok {
		return id, nil
	}
	if id := identity.LookupReservedIdentityByLabels(lbls); id != nil {
		return id, nil
	}
	scope := identity.ScopeForLabels(lbls)
	if scope == identity.IdentityScopeGlobal && t.isOtherCluster(lbls) {
		scope = otherCluster
	}
	number := t.allocated[scope] + 1
	if scope == identity.IdentityScopeGlobal || scope == otherCluster {
		number = max(number, identity.MinimalNumericIdentity.Uint32(), t.firstIdentity)
	}
	if number >= maxIdentities {
		return nil, fmt.Errorf("more than %d identities", number)
	}
	t.allocated[scope] = number

	id := identity.NewIdentity(identity.NumericIdentity(number)|scope, lbls)
	var done sync.WaitGroup
	t.repo.GetSelectorCache().UpdateIdentities(identity.IdentityMap{id.ID: t.places.add(id)}, nil, &done)
	t.repo.UpdateIdentities(identity.IdentityMap{id.ID: id.LabelArray}, nil)
	done.Wait()
	t.identities[key], t.deployed[id.ID] = id, false
	t.byScope[scopeOf(id.ID)] = append(t.byScope[scopeOf(id.ID)], id.ID)
	return id, nil
}

func sortedLabels(lbls labels.Labels) []string {
	all := make([]string, 0, len(lbls))
	for _, l := range lbls {
		all = append(all, l.String())
	}
	slices.Sort(all)
	return all
}
