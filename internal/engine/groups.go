package engine

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"

	ciliumv2 "github.com/cilium/cilium/pkg/k8s/apis/cilium.io/v2"
	k8sutils "github.com/cilium/cilium/pkg/k8s/utils"
	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/policy/api"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	klabels "k8s.io/apimachinery/pkg/labels"
)

// group is a CiliumCIDRGroup.
type group struct {
	name   string
	labels klabels.Set
	cidrs  []api.CIDR
}

func (p *Program) addGroup(o object, doc []byte) error {
	var g ciliumv2.CiliumCIDRGroup
	if err := decode(doc, &g); err != nil {
		return err
	}
	p.groups = append(p.groups, group{name: o.Name, labels: o.Labels, cidrs: g.Spec.ExternalCIDRs})
	return nil
}

// expand replaces references to groups by the networks of the groups, as an agent does. It
// refuses the other peers that an agent looks up in the cluster. The parser ignores these, and
// an unresolved toServices would allow every destination on its ports.
func (p *Program) expand(rules api.Rules) error {
	var errs []error
	set := func(s *api.CIDRRuleSlice) {
		expanded, err := p.expandReferences(*s)
		*s, errs = expanded, append(errs, err)
	}
	ingress := func(r *api.IngressCommonRule) {
		set(&r.FromCIDRSet)
		if len(r.FromGroups) > 0 {
			errs = append(errs, errors.New("fromGroups refers to groups of a cloud provider, which the build does not contain: write their networks into fromCIDRSet"))
		}
	}
	egress := func(r *api.EgressCommonRule) {
		set(&r.ToCIDRSet)
		if len(r.ToGroups) > 0 {
			errs = append(errs, errors.New("toGroups refers to groups of a cloud provider, which the build does not contain: write their networks into toCIDRSet"))
		}
		if len(r.ToServices) > 0 {
			errs = append(errs, errors.New("toServices is not supported: select the pods of these Services in toEndpoints"))
		}
	}
	for _, r := range rules {
		for i := range r.Ingress {
			ingress(&r.Ingress[i].IngressCommonRule)
		}
		for i := range r.IngressDeny {
			ingress(&r.IngressDeny[i].IngressCommonRule)
		}
		for i := range r.Egress {
			egress(&r.Egress[i].EgressCommonRule)
		}
		for i := range r.EgressDeny {
			egress(&r.EgressDeny[i].EgressCommonRule)
		}
	}
	return errors.Join(errs...)
}

// expandReferences replaces references to groups. It refuses a reference to groups without
// networks, because an empty list differs from a peer that selects nothing.
func (p *Program) expandReferences(set api.CIDRRuleSlice) (api.CIDRRuleSlice, error) {
	if set == nil {
		return nil, nil
	}
	out := api.CIDRRuleSlice{}
	for _, c := range set {
		if c.CIDRGroupRef == "" && c.CIDRGroupSelector.LabelSelector == nil {
			out = append(out, c)
			continue
		}
		cidrs, err := p.groupCIDRs(c)
		if err != nil {
			return nil, err
		}
		for _, cidr := range cidrs {
			out = append(out, api.CIDRRule{Cidr: cidr, ExceptCIDRs: c.ExceptCIDRs})
		}
	}
	return out, nil
}

func (p *Program) groupCIDRs(c api.CIDRRule) ([]api.CIDR, error) {
	selects := klabels.Everything()
	if c.CIDRGroupRef == "" {
		s := metav1.LabelSelector{MatchLabels: map[string]string{}}
		for key, value := range c.CIDRGroupSelector.MatchLabels {
			s.MatchLabels[labels.ParseSelectLabel(key).Key] = value
		}
		for _, r := range c.CIDRGroupSelector.MatchExpressions {
			s.MatchExpressions = append(s.MatchExpressions, metav1.LabelSelectorRequirement{
				Key: labels.ParseSelectLabel(r.Key).Key, Operator: metav1.LabelSelectorOperator(r.Operator), Values: r.Values,
			})
		}
		var err error
		if selects, err = metav1.LabelSelectorAsSelector(&s); err != nil {
			return nil, fmt.Errorf("read cidrGroupSelector: %w", err)
		}
	}
	var out []api.CIDR
	for _, g := range p.groups {
		if g.name == string(c.CIDRGroupRef) || c.CIDRGroupRef == "" && selects.Matches(g.labels) {
			out = append(out, g.cidrs...)
		}
	}
	if len(out) == 0 {
		return nil, errors.New("it refers to a CiliumCIDRGroup that is not in the build or has no networks: add it to the build")
	}
	return out, nil
}

// identityLabels returns the labels that an agent gives to the addresses of a group: each label of
// the group twice, by key and by key with value.
func (g group) identityLabels() labels.Labels {
	own := api.LabelForCIDRGroupRef(g.name)
	out := labels.Labels{own.Key: own}
	for key, value := range k8sutils.RemoveCiliumLabels(g.labels) {
		l := labels.NewLabel(key, value, labels.LabelSourceCIDRGroup)
		encoded := labels.EncodedCIDRGroupLabel(l.Key, l.Value, l.Source)
		out[l.Key], out[encoded.Key] = l, encoded
	}
	return out
}

// prefixes returns the networks of a group. Agents skip invalid ones.
func (g group) prefixes() []netip.Prefix {
	var out []netip.Prefix
	for _, c := range g.cidrs {
		if p, err := netip.ParsePrefix(string(c)); err == nil {
			out = append(out, p.Masked())
		}
	}
	return out
}

// groupLabels returns the labels that an address has from all groups that contain it. If two
// labels have the same key, that of the smaller network takes precedence.
func (p *Program) groupLabels(addr netip.Addr) labels.Labels {
	out, bits := labels.Labels{}, map[string]int{}
	for _, g := range p.groups {
		for _, p := range g.prefixes() {
			if !p.Contains(addr) {
				continue
			}
			for key, l := range g.identityLabels() {
				if have, ok := bits[key]; !ok || p.Bits() >= have {
					out[key], bits[key] = l, p.Bits()
				}
			}
		}
	}
	return out
}

// isGroupLabel reports whether the addresses of a group have the label that r requires.
func (p *Program) isGroupLabel(r requirement) bool {
	return slices.ContainsFunc(p.groups, func(g group) bool { return g.identityLabels().HasLabelWithKey(r.Key) })
}
