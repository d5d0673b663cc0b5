package engine

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	k8sconst "github.com/cilium/cilium/pkg/k8s/apis/cilium.io"
	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/policy/types"

	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/endpoints"
)

// requirement is a requirement of a selector. Its key does not include the label's source.
type requirement struct {
	source string
	metav1.LabelSelectorRequirement
}

// requirementsOf returns the requirements of a selector in a stable order.
func requirementsOf(s *types.LabelSelector) ([]requirement, error) {
	data, err := s.MarshalJSON()
	if err != nil {
		return nil, fmt.Errorf("read selector %s: %w", s, err)
	}
	var read endpoints.Selector
	if err := json.Unmarshal(data, &read); err != nil {
		return nil, fmt.Errorf("read selector %s: %w", s, err)
	}
	var out []requirement
	for _, r := range endpoints.RequirementsOf(read, endpoints.PodLabel) {
		l := labels.ParseSelectLabel(r.Key)
		r.Key = l.Key
		out = append(out, requirement{l.Source, r.LabelSelectorRequirement})
	}
	return out, nil
}

// positive reports whether only an endpoint with the label matches the requirement.
func (r requirement) positive() bool {
	return r.Operator == metav1.LabelSelectorOpIn || r.Operator == metav1.LabelSelectorOpExists
}

// hasSource reports whether the requirement matches labels of the source.
func (r requirement) hasSource(source string) bool {
	return r.source == source || r.source == labels.LabelSourceAny
}

// matchesPods reports whether the label of a pod may match the requirement. Agents remove labels
// with their own prefix from a pod, and add those that translate handles.
func (r requirement) matchesPods() bool {
	return r.hasSource(labels.LabelSourceK8s) && (!strings.HasPrefix(r.Key, k8sconst.LabelPrefix) ||
		strings.HasPrefix(r.Key, k8sconst.PodNamespaceMetaLabelsPrefix) ||
		r.Key == k8sconst.PolicyLabelServiceAccount || r.Key == k8sconst.PolicyLabelCluster)
}

// isOnNamedPorts reports whether a requirement is on the label that agents generate from the
// named ports of a pod.
func (p *Program) isOnNamedPorts(r requirement) bool {
	return p.agent.Has(cilium.PortsInLabel) && r.hasSource(labels.LabelSourceGenerated) && k8sconst.IsNamedPortsIdentityLabelName(r.Key)
}

// portsRequirement reads a requirement on the label of named ports. It reports false if no pod
// matches it. It ignores the continuation labels, which checkDecidable refuses.
func portsRequirement(r requirement) (endpoints.Requirement, bool) {
	out := endpoints.Requirement{Trait: endpoints.PodPorts, LabelSelectorRequirement: r.LabelSelectorRequirement}
	out.Key = ""
	if r.Operator == metav1.LabelSelectorOpIn {
		out.Values = slices.DeleteFunc(slices.Clone(r.Values), func(v string) bool { _, ok := endpoints.ParsePortsLabel(v); return !ok })
		return out, len(out.Values) > 0
	}
	return out, true
}

// represent adds representative endpoints for everything but pods that a selector may match. It
// returns an error if it cannot. Function selection handles pods.
func (p *Program) represent(rule *types.PolicyEntry, s *types.LabelSelector) error {
	all, err := requirementsOf(s)
	if err != nil {
		return err
	}
	for _, r := range all {
		if err := p.checkDecidable(r); err != nil && !rule.IsDeny() {
			return err
		}
	}
	if !p.mayMatchOutside(all) {
		return nil
	}
	for _, r := range all {
		if err := p.representOutside(rule, r); err != nil {
			return err
		}
	}
	return nil
}

// checkDecidable returns an error for a requirement on labels that the build does not contain.
func (p *Program) checkDecidable(r requirement) error {
	switch {
	case !r.positive():
		return nil
	case p.isOnNamedPorts(r) && r.Key != k8sconst.NamedPortsIdentityLabelName:
		return fmt.Errorf("a selector requires the label %s:%s, which only pods with many named ports have: select the pods by labels in their manifests", r.source, r.Key)
	case r.source == labels.LabelSourceGenerated && !k8sconst.IsNamedPortsIdentityLabelName(r.Key) || !slices.Contains(knownSources, r.source):
		return fmt.Errorf("a selector requires the label %s:%s, but the build does not show which endpoints have labels of source %q: select pods by labels in their manifests, and nodes by an entity", r.source, r.Key, r.source)
	}
	return nil
}

// knownSources are the label sources of all known endpoints.
var knownSources = []string{
	labels.LabelSourceAny, labels.LabelSourceK8s, labels.LabelSourceReserved, labels.LabelSourceGenerated,
	labels.LabelSourceCIDR, labels.LabelSourceCIDRGroup, labels.LabelSourceFQDN,
}

// mayMatchOutside reports whether an entity, an address or a name may match all requirements.
func (p *Program) mayMatchOutside(all []requirement) bool {
	return !slices.ContainsFunc(all, func(r requirement) bool {
		switch r.source {
		case labels.LabelSourceK8s, labels.LabelSourceGenerated:
			return r.positive()
		case labels.LabelSourceAny:
			_, entity := labelsOfEntities[r.Key]
			return r.positive() && !entity && !p.isGroupLabel(r) && !isPrefix(r.Key) && !p.names.has(r.Key)
		}
		return false
	})
}

// labelsOfEntities has the keys of the labels of entities.
var labelsOfEntities = map[string]bool{
	labels.IDNameHost: true, labels.IDNameRemoteNode: true, labels.IDNameHealth: true, labels.IDNameIngress: true,
	labels.IDNameKubeAPIServer: true, labels.IDNameWorld: true, labels.IDNameWorldIPv4: true, labels.IDNameWorldIPv6: true,
	labels.IDNameInit: true, labels.IDNameUnmanaged: true,
}

// representOutside adds the addresses that a requirement distinguishes. An agent labels the
// address of a name with every selector that matches the name, so that the labels it lacks are
// unknown.
func (p *Program) representOutside(rule *types.PolicyEntry, r requirement) error {
	switch {
	case p.isOnName(r):
		return fmt.Errorf("a selector uses the label fqdn:%s, but the addresses with this label depend on DNS answers: use toFQDNs", r.Key)
	case r.isOnNetwork():
		return p.representNetwork(rule, r)
	case r.source == labels.LabelSourceCIDRGroup && r.positive() && !rule.IsDeny() && !p.isGroupLabel(r):
		return errors.New("it refers to a CiliumCIDRGroup that is not in the build: add it to the build")
	}
	p.matchesGroups = p.matchesGroups || p.isOnGroups(r)
	return nil
}

// representNetwork adds the network of a requirement. An agent labels an address with the
// smallest network among the policies of its node, so that the labels it lacks are unknown.
func (p *Program) representNetwork(rule *types.PolicyEntry, r requirement) error {
	prefix, err := prefixOf(r.Key)
	if err != nil || rule.IsDeny() || !r.positive() || r.source != labels.LabelSourceCIDR {
		return fmt.Errorf("a selector uses the label cidr:%s, but the addresses with this label depend on the networks of all policies of a node: use fromCIDRSet or toCIDRSet", r.Key)
	}
	p.prefixes, p.labelsNetworks = append(p.prefixes, prefix), true
	return nil
}

// isOnName reports whether a requirement is on the label of a DNS name.
func (p *Program) isOnName(r requirement) bool {
	return r.source == labels.LabelSourceFQDN || r.source == labels.LabelSourceAny && p.names.has(r.Key)
}

// isOnNetwork reports whether the requirement is on the label of a network.
func (r requirement) isOnNetwork() bool {
	return r.source == labels.LabelSourceCIDR || r.source == labels.LabelSourceAny && isPrefix(r.Key)
}

// isOnGroups reports whether a requirement is on the labels of groups.
func (p *Program) isOnGroups(r requirement) bool {
	return r.source == labels.LabelSourceCIDRGroup || r.source == labels.LabelSourceAny && p.isGroupLabel(r)
}

// isPrefix reports whether a label key is a network.
func isPrefix(key string) bool {
	_, err := prefixOf(key)
	return err == nil
}

// prefixOf reads the label key of a network, which has "-" instead of ":".
func prefixOf(key string) (netip.Prefix, error) {
	return netip.ParsePrefix(strings.ReplaceAll(key, "-", ":"))
}
