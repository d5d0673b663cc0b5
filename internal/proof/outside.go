package proof

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"go4.org/netipx"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/peers"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/reach"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// outside finds the networks and names of a build that distinguish the addresses of other networks and names.
type outside struct {
	// rules are distinct, with their texts, and ids has their numbers by text.
	rules []peers.Rule
	texts []string
	ids   map[string]int
	// allNetworks and allNames are hashes of all rules with networks, and of those with names.
	allNetworks, allNames string
	// networks are sorted, and rulesOf has the rules that name each. names has the rules that name each name.
	networks []netip.Prefix
	rulesOf  map[netip.Prefix][]int
	names    map[string][]int
	// unread are rules whose networks are not known, and unreadNames those whose names are not known.
	unread, unreadNames []int
	// ofGroups are the networks of groups.
	ofGroups []netip.Prefix
	// apiServer are the networks of the apiserver. byNode reports that networks match nodes, or that this is tried.
	apiServer []netip.Prefix
	byNode    bool
}

func (p proof) outside(settings []otherSetting) *outside {
	out := &outside{ids: map[string]int{}, rulesOf: map[netip.Prefix][]int{}, names: map[string][]int{}, apiServer: reach.Endpoints{Index: p.index, Fence: p.Fence}.APIServer()}
	out.byNode = p.Fence.Agent.Value(cilium.CIDRMatchMode) != "" || slices.ContainsFunc(p.Fence.Overrides, func(o policy.AgentOverride) bool { return o.Agent.Value(cilium.CIDRMatchMode) != "" }) || slices.ContainsFunc(settings, func(s otherSetting) bool { return slices.Contains(s.keys, cilium.CIDRMatchMode) })
	return out
}

// add adds the rules of a policy.
func (o *outside) add(rules []peers.Rule) {
	for _, r := range rules {
		key := endpoints.JSONKey(r.Rule)
		if _, known := o.ids[key]; known {
			continue
		}
		id := len(o.rules)
		o.rules, o.texts, o.ids[key] = append(o.rules, r), append(o.texts, key), id
		for _, network := range r.Networks {
			if o.rulesOf[network.Masked()] == nil {
				o.networks = append(o.networks, network.Masked())
			}
			o.rulesOf[network.Masked()] = append(o.rulesOf[network.Masked()], id)
		}
		for _, name := range r.Names {
			o.names[name] = append(o.names[name], id)
		}
		switch {
		case r.OfNames && len(r.Names) == 0:
			o.unreadNames = append(o.unreadNames, id)
		case !r.OfNames && len(r.Networks) == 0:
			o.unread = append(o.unread, id)
		}
	}
}

// addGroup adds the networks of a CiliumCIDRGroup, which policies may have as theirs.
func (o *outside) addGroup(n *yaml.RNode) {
	scalars(n.YNode(), func(text string) {
		if network, err := endpoints.ParseNetwork(text); err == nil {
			o.ofGroups = append(o.ofGroups, network)
		}
	})
}

// coversFamily reports whether the networks of the build may together have all addresses of a family.
func (o *outside) coversFamily() bool {
	var all netipx.IPSetBuilder
	for _, network := range slices.Concat(o.networks, o.ofGroups) {
		if network.Bits() > 0 {
			all.AddPrefix(network)
		}
	}
	set, err := all.IPSet()
	return err != nil || slices.ContainsFunc(set.Prefixes(), func(p netip.Prefix) bool { return p.Bits() == 0 })
}

// sort must be called once all rules are added.
func (o *outside) sort() {
	o.networks = endpoints.SortNetworks(o.networks)
	networks, names := []string{}, []string{}
	for id, r := range o.rules {
		if r.OfNames {
			names = append(names, o.texts[id])
		} else {
			networks = append(networks, o.texts[id])
		}
	}
	slices.Sort(networks)
	slices.Sort(names)
	o.allNetworks, o.allNames = "networks "+string(hashOf(networks)), "names "+string(hashOf(names))
}

// relevant returns the rules that distinguish what others name.
func (o *outside) relevant(own []peers.Outside) relevantRules {
	out := relevantRules{of: o, some: map[int]bool{}, rejected: map[string]bool{}}
	for _, one := range own {
		out.networks = out.networks || one.AllNetworks || one.Nodes && o.byNode
		out.names = out.names || one.AllNames
		for _, id := range o.ofNetworks(one) {
			out.some[id] = true
		}
		for _, id := range o.ofNames(one) {
			out.some[id] = true
		}
	}
	return out
}

// ofNetworks returns the rules about networks that may be within those of a policy.
func (o *outside) ofNetworks(one peers.Outside) []int {
	networks := one.Networks
	if one.APIServer {
		networks = slices.Concat(networks, o.apiServer)
	}
	if len(networks) == 0 {
		return nil
	}
	out := slices.Clone(o.unread)
	for _, network := range networks {
		for _, within := range o.within(network.Masked()) {
			out = append(out, o.rulesOf[within]...)
		}
	}
	return out
}

// ofNames returns the rules that may have a name of a policy.
func (o *outside) ofNames(one peers.Outside) []int {
	if len(one.Names) == 0 {
		return nil
	}
	out := slices.Clone(o.unreadNames)
	for _, name := range one.Names {
		out = append(out, o.names[name]...)
	}
	return out
}

// relevantRules are some rules, and all about networks or names.
type relevantRules struct {
	of              *outside
	some            map[int]bool
	networks, names bool
	// rejected are the names of policies that the engine rejects, as it rejects those that have the rule.
	rejected map[string]bool
}

// key is a text of all the rules.
func (r relevantRules) key() []string {
	out := []string{}
	if r.networks {
		out = append(out, r.of.allNetworks)
	}
	if r.names {
		out = append(out, r.of.allNames)
	}
	texts := []string{}
	for id := range r.some {
		texts = append(texts, r.of.texts[id])
	}
	slices.Sort(texts)
	return append(out, texts...)
}

// policies are synthetic ones, one for each rule. It selects no pod, and names networks or names as others do.
func (r relevantRules) policies() ([]json.RawMessage, error) {
	if r.of == nil {
		return nil, nil
	}
	var out []json.RawMessage
	for id, one := range r.of.rules {
		// No policy of the build can have this name, because it is not valid.
		name := fmt.Sprintf("networks and names of other policies, %d", id)
		if needed := r.some[id] || r.networks && !one.OfNames || r.names && one.OfNames; !needed || r.rejected[flow.FullName(resource.KindClusterwide, "", name)] {
			continue
		}
		nothing := map[string]any{"matchExpressions": []any{map[string]any{"key": "none", "operator": "Exists"}, map[string]any{"key": "none", "operator": "DoesNotExist"}}}
		data, err := json.Marshal(map[string]any{
			"apiVersion": "cilium.io/v2", "kind": resource.KindClusterwide, "metadata": map[string]any{"name": name},
			"spec": map[string]any{"endpointSelector": nothing, "egress": []any{one.Rule}},
		})
		if err != nil {
			return nil, fmt.Errorf("write the networks and names of other policies: %w", err)
		}
		out = append(out, data)
	}
	return out, nil
}

// reject leaves out its policies that the engine rejects, and returns the rest of what it rejects. The policy that has a rejected rule is rejected, too, so that it distinguishes
// nothing.
func (r relevantRules) reject(all flow.RejectedError) flow.RejectedError {
	return slices.DeleteFunc(slices.Clone(all), func(one flow.Rejected) bool {
		own := strings.Contains(one.Name, "networks and names of other policies, ")
		if own {
			r.rejected[one.Name] = true
		}
		return own
	})
}

// within returns the networks that are smaller than a network and part of it, or equal.
func (o *outside) within(network netip.Prefix) []netip.Prefix {
	first, _ := slices.BinarySearchFunc(o.networks, network, func(a, b netip.Prefix) int {
		if c := a.Addr().Compare(b.Addr()); c != 0 {
			return c
		}
		return a.Bits() - b.Bits()
	})
	last := first
	for last < len(o.networks) && network.Contains(o.networks[last].Addr()) {
		last++
	}
	return o.networks[first:last]
}

// ofGrants are the networks that declared flows name.
func ofGrants(all []policy.Grant) []peers.Rule {
	distinct := map[string]bool{}
	for _, g := range all {
		for _, cidr := range slices.Concat(g.From.CIDRs, g.From.Except, g.To.CIDRs, g.To.Except) {
			distinct[cidr] = true
		}
	}
	var out []peers.Rule
	for _, cidr := range slices.Sorted(maps.Keys(distinct)) {
		if network, err := netip.ParsePrefix(cidr); err == nil {
			out = append(out, peers.Rule{Networks: []netip.Prefix{network}, Rule: map[string]any{"toCIDR": []any{cidr}}})
		}
	}
	return out
}
