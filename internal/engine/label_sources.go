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

	"github.com/tenantfence/tenantfence/internal/policy"
)

// requirement is one of a selector on a label of some source. Its key is without the source.
type requirement struct {
	source string
	metav1.LabelSelectorRequirement
}

// requirementsOf are those of a selector, in a stable order.
func requirementsOf(s *types.LabelSelector) ([]requirement, error) {
	data, err := s.MarshalJSON()
	if err != nil {
		return nil, fmt.Errorf("read selector %s: %w", s, err)
	}
	var read policy.Selector
	if err := json.Unmarshal(data, &read); err != nil {
		return nil, fmt.Errorf("read selector %s: %w", s, err)
	}
	var out []requirement
	for _, r := range policy.RequirementsOf(read, policy.PodLabel) {
		l := labels.ParseSelectLabel(r.Key)
		r.Key = l.Key
		out = append(out, requirement{l.Source, r.LabelSelectorRequirement})
	}
	return out, nil
}

// positive reports whether only what has the label fulfils the requirement.
func (r requirement) positive() bool {
	return r.Operator == metav1.LabelSelectorOpIn || r.Operator == metav1.LabelSelectorOpExists
}

// hasSource reports whether the requirement is on labels of a source, among others perhaps.
func (r requirement) hasSource(source string) bool {
	return r.source == source || r.source == labels.LabelSourceAny
}

// matchesPods reports whether a label of a pod may fulfil the requirement. Agents remove the labels
// of their own prefix that a pod's author wrote, and add those that translate knows.
func (r requirement) matchesPods() bool {
	return r.hasSource(labels.LabelSourceK8s) && (!strings.HasPrefix(r.Key, k8sconst.LabelPrefix) ||
		strings.HasPrefix(r.Key, k8sconst.PodNamespaceMetaLabelsPrefix) ||
		r.Key == k8sconst.PolicyLabelServiceAccount || r.Key == k8sconst.PolicyLabelCluster)
}

// isOnNamedPorts reports whether a requirement is on the label that agents make of a pod's named
// ports.
func (e *Engine) isOnNamedPorts(r requirement) bool {
	return e.agent.Has(policy.PortsInLabel) && r.hasSource(labels.LabelSourceGenerated) && k8sconst.IsNamedPortsIdentityLabelName(r.Key)
}

// portsRequirement reads a requirement on that label. It reports false where no pod fulfils
// it. The labels that continue the first are not represented: see undecidable.
func portsRequirement(r requirement) (policy.Requirement, bool) {
	out := policy.Requirement{Trait: policy.PodPorts, LabelSelectorRequirement: r.LabelSelectorRequirement}
	out.Key = ""
	if r.Operator == metav1.LabelSelectorOpIn {
		out.Values = slices.DeleteFunc(slices.Clone(r.Values), func(v string) bool { _, ok := policy.ParsePortsLabel(v); return !ok })
		return out, len(out.Values) > 0
	}
	return out, true
}

// represent makes sure that what a selector of a rule may match besides pods is represented,
// or returns an error that it is not. Pods are: see selection.
func (e *Engine) represent(rule *types.PolicyEntry, s *types.LabelSelector) error {
	all, err := requirementsOf(s)
	if err != nil {
		return err
	}
	for _, r := range all {
		if err := e.checkDecidable(r); err != nil && !rule.IsDeny() {
			return err
		}
	}
	if !e.mayMatchOutside(all) {
		return nil
	}
	for _, r := range all {
		if err := e.representOutside(rule, r); err != nil {
			return err
		}
	}
	return nil
}

// checkDecidable returns an error for a requirement on labels that the build does not show.
func (e *Engine) checkDecidable(r requirement) error {
	switch {
	case !r.positive():
		return nil
	case e.isOnNamedPorts(r) && r.Key != k8sconst.NamedPortsIdentityLabelName:
		return fmt.Errorf("a selector requires the label %s:%s, which only pods with many named ports have: select them by their own labels", r.source, r.Key)
	case r.source == labels.LabelSourceGenerated && !k8sconst.IsNamedPortsIdentityLabelName(r.Key) || !slices.Contains(knownSources, r.source):
		return fmt.Errorf("a selector requires the label %s:%s, and which endpoints have labels of the source %q is not known here: select pods by their own labels, and nodes by an entity", r.source, r.Key, r.source)
	}
	return nil
}

// knownSources are the sources of labels of all that is known.
var knownSources = []string{
	labels.LabelSourceAny, labels.LabelSourceK8s, labels.LabelSourceReserved, labels.LabelSourceGenerated,
	labels.LabelSourceCIDR, labels.LabelSourceCIDRGroup, labels.LabelSourceFQDN,
}

// mayMatchOutside reports whether what is no pod may fulfil all requirements: an entity, an
// address or a name.
func (e *Engine) mayMatchOutside(all []requirement) bool {
	return !slices.ContainsFunc(all, func(r requirement) bool {
		switch r.source {
		case labels.LabelSourceK8s, labels.LabelSourceGenerated:
			return r.positive()
		case labels.LabelSourceAny:
			_, entity := labelsOfEntities[r.Key]
			return r.positive() && !entity && !e.isGroupLabel(r) && !isPrefix(r.Key) && !e.names.has(r.Key)
		}
		return false
	})
}

// labelsOfEntities are the keys of the labels of entities.
var labelsOfEntities = map[string]bool{
	labels.IDNameHost: true, labels.IDNameRemoteNode: true, labels.IDNameHealth: true, labels.IDNameIngress: true,
	labels.IDNameKubeAPIServer: true, labels.IDNameWorld: true, labels.IDNameWorldIPv4: true, labels.IDNameWorldIPv6: true,
	labels.IDNameInit: true, labels.IDNameUnmanaged: true,
}

// representOutside adds what a requirement of a rule distinguishes by address. An agent knows
// a name's address by all selectors that match the name: what it does not have is unknown.
func (e *Engine) representOutside(rule *types.PolicyEntry, r requirement) error {
	switch {
	case e.isOnName(r):
		return fmt.Errorf("a selector is about the label fqdn:%s, and which addresses have it depends on the DNS answers that an agent has seen: write toFQDNs", r.Key)
	case r.isOnNetwork():
		return e.representNetwork(rule, r)
	case r.source == labels.LabelSourceCIDRGroup && r.positive() && !rule.IsDeny() && !e.isGroupLabel(r):
		return errors.New("it refers to a CiliumCIDRGroup that is not known here: add it to the build")
	}
	e.matchesGroups = e.matchesGroups || e.isOnGroups(r)
	return nil
}

// representNetwork adds the network that a requirement is on. An agent knows an address by
// the smallest network that some policy of its node lists: what it does not have is unknown.
func (e *Engine) representNetwork(rule *types.PolicyEntry, r requirement) error {
	prefix, err := prefixOf(r.Key)
	if err != nil || rule.IsDeny() || !r.positive() || r.source != labels.LabelSourceCIDR {
		return fmt.Errorf("a selector is about the label cidr:%s, and which addresses have it depends on the networks of all policies of a node: write fromCIDRSet or toCIDRSet", r.Key)
	}
	e.prefixes = append(e.prefixes, prefix)
	return nil
}

// isOnName reports whether a requirement is on the label of a name's addresses.
func (e *Engine) isOnName(r requirement) bool {
	return r.source == labels.LabelSourceFQDN || r.source == labels.LabelSourceAny && e.names.has(r.Key)
}

// isOnNetwork reports whether the requirement is on the label of a network.
func (r requirement) isOnNetwork() bool {
	return r.source == labels.LabelSourceCIDR || r.source == labels.LabelSourceAny && isPrefix(r.Key)
}

// isOnGroups reports whether a requirement is on the labels of groups.
func (e *Engine) isOnGroups(r requirement) bool {
	return r.source == labels.LabelSourceCIDRGroup || r.source == labels.LabelSourceAny && e.isGroupLabel(r)
}

// isPrefix reports whether a key is that of the label of a network.
func isPrefix(key string) bool {
	_, err := prefixOf(key)
	return err == nil
}

// prefixOf reads the key of a network's label, in which "-" stands for ":".
func prefixOf(key string) (netip.Prefix, error) {
	return netip.ParsePrefix(strings.ReplaceAll(key, "-", ":"))
}
