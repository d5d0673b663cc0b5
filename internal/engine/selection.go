package engine

import (
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	k8sconst "github.com/cilium/cilium/pkg/k8s/apis/cilium.io"
	"github.com/cilium/cilium/pkg/policy/api"
	"github.com/cilium/cilium/pkg/policy/types"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/endpoints"
)

// collectSelectors records the requirements of a rule's selectors, and its named ports: those of
// its subject or, for egress, of its peers. Deny rules are not credited for representative pods,
// so the peers of a deny add no representatives.
func (p *Program) collectSelectors(entry *types.PolicyEntry) error {
	subjectPorts, peerPorts := portNames(entry.L4), []endpoints.NamedPort(nil)
	if !entry.Ingress {
		subjectPorts, peerPorts = nil, subjectPorts
		// Pods that no selector selects may have these ports, too.
		p.selections[0].Ports = withPorts(p.selections[0].Ports, peerPorts)
	}
	if entry.Node {
		s, ok, err := p.selection(entry.Subject)
		if ok {
			s.Policy = policyID(entry.Labels).String()
			p.nodes = append(p.nodes, s)
		}
		if err != nil {
			return err
		}
	} else if err := p.collectSelector(entry, entry.Subject, subjectPorts); err != nil {
		return err
	}
	if entry.IsDeny() {
		return nil
	}
	for _, peer := range entry.L3 {
		if s, ok := peer.(*types.LabelSelector); ok {
			if err := p.collectSelector(entry, s, peerPorts); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *Program) collectSelector(of *types.PolicyEntry, s *types.LabelSelector, ports []endpoints.NamedPort) error {
	i, seen := p.selectionAt[s.Key()]
	if !seen {
		selection, ok, err := p.selection(s)
		if err != nil {
			return err
		}
		if ok {
			selection.Policy = policyID(of.Labels).String()
			i = len(p.selections)
			p.selections = append(p.selections, selection)
		}
		p.selectionAt[s.Key()] = i
	}
	if s := &p.selections[i]; s.Policy != "" {
		s.Policy = min(s.Policy, policyID(of.Labels).String())
	}
	p.selections[i].Ports = withPorts(p.selections[i].Ports, ports)
	return nil
}

func withPorts(have, more []endpoints.NamedPort) []endpoints.NamedPort {
	for _, p := range more {
		if !slices.Contains(have, p) {
			have = append(have, p)
		}
	}
	return have
}

// portNames returns the named ports in rules, for each protocol that they may have.
func portNames(rules api.PortRules) []endpoints.NamedPort {
	var out []endpoints.NamedPort
	for _, rule := range rules {
		for _, p := range rule.Ports {
			if _, err := strconv.ParseUint(p.Port, 10, 16); err == nil || p.Port == "" {
				continue
			}
			for _, protocol := range v1alpha1.Protocols() {
				if p.Protocol == api.ProtoAny || string(p.Protocol) == string(protocol) {
					out = append(out, endpoints.NamedPort{Name: p.Port, Protocol: protocol})
				}
			}
		}
	}
	return out
}

// selection returns what a selector requires of pods. It reports false if the selector requires
// a label that no pod has.
func (p *Program) selection(s *types.LabelSelector) (endpoints.Selection, bool, error) {
	read, err := requirementsOf(s)
	if err != nil {
		return endpoints.Selection{}, false, err
	}
	var out []endpoints.Requirement
	anyCluster := p.mesh
	for _, r := range read {
		anyCluster = anyCluster && r.Key != k8sconst.PolicyLabelCluster
		switch {
		case p.isOnNamedPorts(r):
			of, ok := portsRequirement(r)
			if !ok {
				return endpoints.Selection{}, false, nil
			}
			out = append(out, of)
		case r.matchesPods() && isReservedKey(r.Key):
			if r.positive() {
				return endpoints.Selection{}, false, nil
			}
		case r.matchesPods():
			of := endpoints.Requirement{Trait: endpoints.PodLabel, LabelSelectorRequirement: r.LabelSelectorRequirement}
			p.translate(&of)
			out = append(out, of)
		case r.positive():
			return endpoints.Selection{}, false, nil
		}
	}
	if anyCluster {
		out = append(out, p.anyClusterRequirement())
	}
	return endpoints.Selection{Requirements: out}, true, nil
}

// isReservedKey reports whether agents reserve a label key. Pods are assumed not to have it.
func isReservedKey(key string) bool {
	_, reserved := cilium.ReservedLabel(key)
	return reserved
}

// anyClusterRequirement distinguishes this cluster from another one of the mesh.
func (p *Program) anyClusterRequirement() endpoints.Requirement {
	other := "another"
	if p.cluster == other {
		other = "yet-another"
	}
	return endpoints.Requirement{Trait: endpoints.PodCluster, LabelSelectorRequirement: metav1.LabelSelectorRequirement{
		Operator: metav1.LabelSelectorOpIn, Values: []string{"", other},
	}}
}

// translate replaces a label that Cilium adds to pods by the trait that it represents.
func (p *Program) translate(r *endpoints.Requirement) {
	ofNamespace, is := strings.CutPrefix(r.Key, k8sconst.PodNamespaceMetaLabelsPrefix)
	switch {
	case is:
		r.Trait, r.Key = endpoints.NamespaceLabel, ofNamespace
	case r.Key == k8sconst.PodNamespaceLabel:
		r.Trait, r.Key = endpoints.NamespaceLabel, corev1.LabelMetadataName
	case r.Key == k8sconst.PolicyLabelServiceAccount:
		r.Trait, r.Key = endpoints.PodAccount, ""
	case r.Key == k8sconst.PolicyLabelCluster:
		r.Trait, r.Key, r.Values = endpoints.PodCluster, "", slices.Clone(r.Values)
		for i, name := range r.Values {
			if name == p.cluster {
				r.Values[i] = ""
			}
		}
	}
}
