package peers

import (
	"net/netip"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
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
	// Rules are the lists of networks and names. Unreadable reports that it lacks one, or may
	// distinguish addresses otherwise.
	Rules      []Rule
	Unreadable bool
}

// Rule is a list of networks, or of names, as a policy has it.
type Rule struct {
	// Rule is the list in an egress rule of a CiliumNetworkPolicy.
	Rule map[string]any
	// OfNames reports that it is a list of names.
	OfNames bool
	// Networks and Names are what it names. None: that is not known.
	Networks []netip.Prefix
	Names    []string
}

// OutsideOf returns the peers of a policy outside of the cluster.
func OutsideOf(n *yaml.RNode) Outside {
	var out Outside
	if n.GetKind() == resource.KindKubernetes {
		out.walk(field(n.YNode(), "spec"), map[string]func(*yaml.Node){
			"ipBlock":           func(block *yaml.Node) { out.addNetworks("toCIDRSet", block) },
			"namespaceSelector": func(selector *yaml.Node) { out.addSelector(selector, false) },
		})
		return out
	}
	readers := map[string]func(*yaml.Node){"toFQDNs": func(list *yaml.Node) { out.addNames(list) }}
	for _, side := range []string{"from", "to"} {
		readers[side+"CIDR"] = func(list *yaml.Node) { out.addNetworks("toCIDR", list.Content...) }
		readers[side+"CIDRSet"] = func(list *yaml.Node) { out.addNetworks("toCIDRSet", list.Content...) }
		readers[side+"Entities"] = func(list *yaml.Node) { out.addEntities(scalars(list)) }
		readers[side+"Nodes"] = func(*yaml.Node) { out.Nodes = true }
		readers[side+"Endpoints"] = func(list *yaml.Node) { out.addSelectors(list, resource.NamespaceOf(n) != "") }
	}
	out.walk(field(n.YNode(), "spec"), readers)
	out.walk(field(n.YNode(), "specs"), readers)
	return out
}

// walk calls a reader for each field that it has one for.
func (o *Outside) walk(n *yaml.Node, readers map[string]func(*yaml.Node)) {
	if n == nil {
		return
	}
	o.Unreadable = o.Unreadable || n.Kind == yaml.AliasNode
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

func (o *Outside) addSelectors(list *yaml.Node, namespaced bool) {
	for _, one := range list.Content {
		o.addSelector(one, namespaced)
	}
}

// addSelector adds a selector of endpoints. One that requires no label of a pod also selects what is outside of the cluster.
// One that requires a label of another source may distinguish addresses by their networks.
func (o *Outside) addSelector(selector *yaml.Node, namespaced bool) {
	all, ok := requirements(selector)
	ofPods, ofNamespace := false, false
	for _, r := range all {
		source, key := sourceOf(r.Key)
		if source != "k8s" {
			o.Unreadable = o.Unreadable || source != "reserved"
			continue
		}
		ofPods = ofPods || r.Operator == metav1.LabelSelectorOpIn || r.Operator == metav1.LabelSelectorOpExists
		ofNamespace = ofNamespace || key == namespaceKey || strings.HasPrefix(key, namespaceLabels)
	}
	// Cilium requires the namespace of a policy where its selector requires none.
	if ofPods = ofPods || namespaced && !ofNamespace; !ok || !ofPods {
		o.AllNetworks, o.AllNames, o.Nodes = true, true, true
	}
}

// addNetworks adds a list of networks. One without a readable network, such as a group of them, may have any.
func (o *Outside) addNetworks(field string, list ...*yaml.Node) {
	var networks []netip.Prefix
	readable := true
	for _, one := range list {
		found, ok := networksOf(one)
		networks, readable = append(networks, found...), readable && ok
	}
	o.Networks = append(o.Networks, networks...)
	if !readable || slices.ContainsFunc(networks, func(p netip.Prefix) bool { return p.Bits() == 0 }) {
		// All addresses include those of names.
		o.AllNetworks, o.AllNames = true, true
	}
	if !readable {
		networks = nil
	}
	o.addRule(field, list, Rule{Networks: networks})
}

// networksOf returns the network of an element, and its exceptions. It reports false for one that has anything else.
func networksOf(one *yaml.Node) ([]netip.Prefix, bool) {
	texts := []string{scalar(one)}
	if one.Kind == yaml.MappingNode {
		cidr := field(one, "cidr")
		except := field(one, "except")
		if cidr == nil || len(one.Content) > 4 || except == nil && len(one.Content) > 2 {
			return nil, false
		}
		texts = append([]string{scalar(cidr)}, scalars(except)...)
	}
	var out []netip.Prefix
	for _, text := range texts {
		network, err := endpoints.ParseNetwork(text)
		if err != nil {
			return nil, false
		}
		out = append(out, network)
	}
	return out, true
}

// addNames adds a list of names and patterns.
func (o *Outside) addNames(list *yaml.Node) {
	var names []string
	readable := true
	for _, one := range list.Content {
		for i := 0; i+1 < len(one.Content); i += 2 {
			name := strings.ToLower(scalar(one.Content[i+1]))
			names, readable = append(names, name), readable && name != unreadable
			o.AllNames = o.AllNames || strings.Contains(name, "*")
		}
	}
	o.Names, o.AllNames = append(o.Names, names...), o.AllNames || !readable
	if !readable {
		names = nil
	}
	o.addRule("toFQDNs", list.Content, Rule{OfNames: true, Names: names})
}

func (o *Outside) addRule(field string, list []*yaml.Node, r Rule) {
	var elements []any
	for _, one := range list {
		var element any
		if one.Decode(&element) != nil {
			o.Unreadable = true
		}
		elements = append(elements, element)
	}
	if len(elements) > 0 {
		r.Rule = map[string]any{field: elements}
		o.Rules = append(o.Rules, r)
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
