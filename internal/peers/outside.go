package peers

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// Outside are the peers of a policy outside of the cluster. Agents give an address one identity for all networks and
// names that contain it, of any policy. So the number of identities that a wide network has depends on the smaller ones
// that other policies name.
type Outside struct {
	// Networks and Names are those that rules name. AllNetworks and AllNames report that a rule may include others.
	Networks              []netip.Prefix
	Names                 []string
	AllNetworks, AllNames bool
	// APIServer and Nodes report that the apiserver, or nodes, are peers.
	APIServer, Nodes bool
	// Rules are the lists of networks and names, each as an egress rule.
	Rules []Rule
}

// Rule is a list of networks or names, as it distinguishes addresses.
type Rule struct {
	Networks []netip.Prefix
	Names    []string
	// Rule is the egress rule of a CiliumNetworkPolicy.
	Rule map[string]any
}

// OutsideOf returns the peers of a policy outside of the cluster.
func OutsideOf(n *yaml.RNode) Outside {
	var out Outside
	if n.GetKind() == resource.KindKubernetes {
		out.walk(field(n.YNode(), "spec"), map[string]func(*yaml.Node){"ipBlock": func(block *yaml.Node) { out.addSet([]*yaml.Node{block}) }})
		return out
	}
	readers := map[string]func(*yaml.Node){"nodeSelector": func(*yaml.Node) {}}
	for _, side := range []string{"from", "to"} {
		readers[side+"CIDR"] = func(list *yaml.Node) { out.addList(list) }
		readers[side+"CIDRSet"] = func(list *yaml.Node) { out.addSet(list.Content) }
		readers[side+"Entities"] = func(list *yaml.Node) { out.addEntities(scalars(list)) }
		readers[side+"Nodes"] = func(*yaml.Node) { out.Nodes = true }
	}
	readers["toFQDNs"] = func(list *yaml.Node) { out.addNames(list) }
	out.walk(field(n.YNode(), "spec"), readers)
	out.walk(field(n.YNode(), "specs"), readers)
	return out
}

// walk calls a reader for each field that it has one for.
func (o *Outside) walk(n *yaml.Node, readers map[string]func(*yaml.Node)) {
	if n == nil {
		return
	}
	for i, child := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 1 {
			if read := readers[n.Content[i-1].Value]; read != nil {
				read(child)
				continue
			}
		}
		o.walk(child, readers)
	}
}

func (o *Outside) addList(list *yaml.Node) {
	var cidrs []any
	var networks []netip.Prefix
	for _, text := range scalars(list) {
		if network, err := netip.ParsePrefix(text); err == nil {
			cidrs, networks = append(cidrs, text), append(networks, network)
		}
	}
	o.addNetworks(networks, map[string]any{"toCIDR": cidrs})
}

// addSet adds networks with exceptions, each as a rule.
func (o *Outside) addSet(all []*yaml.Node) {
	for _, one := range all {
		if group := field(one, "cidrGroupRef"); group != nil {
			o.AllNetworks = true
			o.Rules = append(o.Rules, Rule{Rule: map[string]any{"toCIDRSet": []any{map[string]any{"cidrGroupRef": scalar(group)}}}})
			continue
		}
		cidr, err := netip.ParsePrefix(scalar(field(one, "cidr")))
		if err != nil {
			// By the labels of a group, or rejected.
			o.AllNetworks = true
			continue
		}
		networks, except := []netip.Prefix{cidr}, []any{}
		for _, text := range scalars(field(one, "except")) {
			if network, err := netip.ParsePrefix(text); err == nil && cidr.Contains(network.Addr()) && network.Bits() >= cidr.Bits() {
				networks, except = append(networks, network), append(except, text)
			}
		}
		o.addNetworks(networks, map[string]any{"toCIDRSet": []any{map[string]any{"cidr": cidr.String(), "except": except}}})
	}
}

func (o *Outside) addNetworks(networks []netip.Prefix, rule map[string]any) {
	if len(networks) == 0 {
		return
	}
	o.AllNetworks = o.AllNetworks || slices.ContainsFunc(networks, func(p netip.Prefix) bool { return p.Bits() == 0 })
	o.AllNames = o.AllNames || o.AllNetworks
	o.Networks = append(o.Networks, networks...)
	o.Rules = append(o.Rules, Rule{Networks: networks, Rule: rule})
}

// validName matches the names and patterns that Cilium accepts.
var validName = regexp.MustCompile(`^([-a-zA-Z0-9_*]+[.]?)+$`)

func (o *Outside) addNames(list *yaml.Node) {
	var names []string
	var selectors []any
	for _, one := range list.Content {
		for _, key := range []string{"matchName", "matchPattern"} {
			if name := scalar(field(one, key)); validName.MatchString(name) && (key == "matchPattern" || !strings.Contains(name, "*")) {
				names, selectors = append(names, strings.ToLower(name)), append(selectors, map[string]any{key: name})
				o.AllNames = o.AllNames || strings.Contains(name, "*")
			}
		}
	}
	if len(names) > 0 {
		o.Names = append(o.Names, names...)
		o.Rules = append(o.Rules, Rule{Names: names, Rule: map[string]any{"toFQDNs": selectors}})
	}
}

func (o *Outside) addEntities(all []string) {
	for _, e := range all {
		switch v1alpha1.Entity(e) {
		case v1alpha1.EntityHealth, v1alpha1.EntityIngress:
		case v1alpha1.EntityKubeAPIServer:
			o.APIServer, o.Nodes = true, true
		case v1alpha1.EntityHost, v1alpha1.EntityRemoteNode, v1alpha1.EntityCluster:
			o.Nodes = true
		default:
			o.AllNetworks, o.AllNames = true, true
		}
	}
}
