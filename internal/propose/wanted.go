// Package propose lists what to add to Tenants, and to the limits of the profile, so that a flow is
// allowed.
package propose

import (
	"maps"
	"net/netip"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// Wanted is what to allow: flows from one endpoint to another.
type Wanted struct {
	From, To Side
	// Flows have the same source and destination.
	Flows   []flow.Flow
	fence   *policy.Fence
	profile v1alpha1.FenceProfileSpec
	// addresses are those that a NetworkPolicy has instead of an entity.
	addresses map[v1alpha1.Entity][]policy.Peer
}

// Side is an endpoint of wanted flows.
type Side struct {
	endpoints.Endpoint
	// Owner is the tenant of a pod. Nil: it has none.
	Owner *policy.Owner
	// Pods selects the pods of the workload, with as few labels as distinguish it in the build.
	Pods endpoints.Selector
}

// NewWanted returns what to allow so that flows between two endpoints pass. networkPolicyForm is the fence as
// NetworkPolicies express it. Nil: only one form is generated.
func NewWanted(in *resource.Inputs, fence, networkPolicyForm *policy.Fence, index *resource.Index, flows []flow.Flow) Wanted {
	w := Wanted{Flows: flows, fence: fence, profile: in.Profile.Spec, addresses: fence.EntityAddresses}
	if networkPolicyForm != nil {
		w.addresses = networkPolicyForm.EntityAddresses
	}
	w.From, w.To = w.side(index, flows[0].From), w.side(index, flows[0].To)
	return w
}

func (w Wanted) side(index *resource.Index, ep endpoints.Endpoint) Side {
	out := Side{Endpoint: ep}
	if ep.Kind != endpoints.PodEndpoint || ep.Cluster != "" {
		return out
	}
	out.Owner = w.fence.OwnerOfPod(ep.Namespace, ep.Labels)
	out.Pods = distinguishing(ep, w.neighbours(index, out))
	return out
}

// neighbours returns the labels of all pods that an entry for the side could also select.
func (w Wanted) neighbours(index *resource.Index, s Side) []map[string]string {
	namespaces := []string{s.Namespace}
	if s.Owner != nil {
		namespaces = s.Owner.Namespaces
	}
	var out []map[string]string
	for _, ns := range namespaces {
		for _, p := range index.WorkloadsIn(ns, endpoints.Selector{}) {
			if w.fence.OwnerOfPod(ns, p.Labels) == s.Owner {
				out = append(out, p.Labels)
			}
		}
	}
	return out
}

// usualLabels are those that name a workload, the most usual first.
var usualLabels = []string{"app.kubernetes.io/name", "app", "k8s-app", "name", "app.kubernetes.io/instance", "app.kubernetes.io/component"}

// distinguishing selects a pod with as few of its labels as possible: one label, or two, or all of
// them. Other pods that it selects have all of its labels.
func distinguishing(ep endpoints.Endpoint, pods []map[string]string) endpoints.Selector {
	// The value of a label that an operator sets may be unknown, and is "*".
	known := func(key string) bool {
		v, has := ep.Labels[key]
		return has && len(validation.IsValidLabelValue(v)) == 0
	}
	keys := slices.DeleteFunc(slices.Clone(usualLabels), func(key string) bool { return !known(key) })
	for _, key := range slices.Sorted(maps.Keys(ep.Labels)) {
		if known(key) && !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	selectorOf := func(keys ...string) endpoints.Selector {
		out := endpoints.Selector{MatchLabels: map[string]string{}}
		for _, key := range keys {
			out.MatchLabels[key] = ep.Labels[key]
		}
		return out
	}
	all := selectorOf(keys...)
	fewest := countSelected(all, pods)
	for _, key := range keys {
		if s := selectorOf(key); countSelected(s, pods) == fewest {
			return s
		}
	}
	for i, key := range keys {
		for _, other := range keys[:i] {
			if s := selectorOf(key, other); countSelected(s, pods) == fewest {
				return s
			}
		}
	}
	return all
}

func countSelected(s endpoints.Selector, pods []map[string]string) int {
	n := 0
	for _, labels := range pods {
		if endpoints.Selects(s, labels) {
			n++
		}
	}
	return n
}

// Includes reports whether a connection belongs to what is wanted: its source and destination, its
// ports, and its L7 rules. A flow to a name includes the DNS queries for the name.
func (w Wanted) Includes(from, to *endpoints.Endpoint, o flow.Opening) bool {
	if !w.includes(w.From, from) {
		return false
	}
	if names := o.L7.DNS(); len(names) > 0 && w.To.Kind == endpoints.NameEndpoint {
		return !slices.ContainsFunc(names, func(n string) bool { return !sameName(n, w.To.Name) })
	}
	return w.includes(w.To, to) && slices.ContainsFunc(w.Flows, func(f flow.Flow) bool { return hasPorts(f, o) })
}

// hasPorts reports whether a flow has the ports of an opening, and the opening has L7 rules if the flow is one
// request.
func hasPorts(f flow.Flow, o flow.Opening) bool {
	isRequest := f.HTTP != nil || f.DNS != "" || f.ServerName != ""
	if isRequest && o.L7.Unrestricted() {
		return false
	}
	ranges, err := f.PortRanges()
	every := f.Port == 0 && f.Protocol == "" && f.ICMP == ""
	return err == nil && (every || slices.ContainsFunc(ranges, func(r flow.PortRange) bool { return r.Includes(o.Ports) }))
}

func (w Wanted) includes(s Side, ep *endpoints.Endpoint) bool {
	switch {
	case s.Kind == endpoints.EntityEndpoint:
		return w.isOfEntity(v1alpha1.Entity(s.Name), ep)
	case ep.Kind != s.Kind:
		return false
	case s.Kind == endpoints.PodEndpoint:
		return ep.Cluster == s.Cluster && w.isOf(s, ep) && s.selects(ep)
	case s.Kind == endpoints.NameEndpoint:
		return sameName(ep.Name, s.Name)
	}
	return ep.Name == s.Name || ep.Network.IsValid() && ep.Network == prefixOf(s.Name)
}

// isOfEntity reports whether an endpoint belongs to an entity, or a NetworkPolicy has it instead of the entity.
func (w Wanted) isOfEntity(entity v1alpha1.Entity, ep *endpoints.Endpoint) bool {
	return ep.Kind == endpoints.EntityEndpoint && ep.Name == string(entity) || slices.Contains(ep.Entities, entity) ||
		entity == v1alpha1.EntityWorld && isOutside(ep) || w.replaces(entity, ep)
}

// replaces reports whether a NetworkPolicy has a network instead of an entity.
func (w Wanted) replaces(entity v1alpha1.Entity, ep *endpoints.Endpoint) bool {
	return ep.Kind == endpoints.AddressEndpoint && slices.ContainsFunc(w.addresses[entity], func(p policy.Peer) bool {
		network := ep.Network
		if !network.IsValid() {
			network = prefixOf(ep.Name)
		}
		return network.IsValid() && coversNetwork(p.CIDRs, network.String())
	})
}

// selects reports whether a pod has the labels of the wanted pod. One without labels has no others with it.
func (s Side) selects(ep *endpoints.Endpoint) bool {
	if endpoints.SelectsAll(s.Pods) {
		return maps.Equal(s.Labels, ep.Labels)
	}
	return endpoints.Selects(s.Pods, ep.Labels)
}

// isOf reports whether a pod is of the same tenant or, without one, in the same namespace.
func (w Wanted) isOf(s Side, ep *endpoints.Endpoint) bool {
	if s.Owner == nil {
		return ep.Namespace == s.Namespace
	}
	return w.fence.OwnerOfPod(ep.Namespace, ep.Labels) == s.Owner
}

func isOutside(ep *endpoints.Endpoint) bool {
	return ep.Kind == endpoints.AddressEndpoint && len(ep.Entities) == 0 || ep.Kind == endpoints.NameEndpoint ||
		ep.Kind == endpoints.EntityEndpoint && strings.HasPrefix(ep.Name, string(v1alpha1.EntityWorld))
}

func sameName(a, b string) bool {
	return strings.EqualFold(strings.TrimSuffix(a, "."), strings.TrimSuffix(b, "."))
}

// prefixOf is the network with one address. It is not valid for another text.
func prefixOf(address string) netip.Prefix {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return netip.Prefix{}
	}
	return netip.PrefixFrom(a, a.BitLen())
}

// IsInBuild reports whether an endpoint is a pod of the build, or no pod. FlowTests also name pods that may
// be created later.
func IsInBuild(index *resource.Index, ep endpoints.Endpoint) bool {
	return ep.Kind != endpoints.PodEndpoint || ep.Cluster != "" ||
		slices.ContainsFunc(index.WorkloadsIn(ep.Namespace, endpoints.Selector{}), func(p *resource.Workload) bool { return maps.Equal(p.Labels, ep.Labels) })
}
