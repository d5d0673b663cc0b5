package engine

import (
	"math"
	"slices"

	k8sconst "github.com/cilium/cilium/pkg/k8s/apis/cilium.io"
	"github.com/cilium/cilium/pkg/labels"
	ciliumpolicy "github.com/cilium/cilium/pkg/policy"
	"github.com/cilium/cilium/pkg/u8proto"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/flow"
)

// policyMap is the policy of a pod or node in the datapath: a map from identity, port and
// direction to a decision.
type policyMap struct {
	*table
	subject        *subject
	selectors      ciliumpolicy.SelectorPolicy
	endpointPolicy *ciliumpolicy.EndpointPolicy
	// policies are those of rules.
	policies map[labels.LabelArrayListString]flow.Policies
}

// redirects provides a proxy for every L7 rule.
var redirects = map[string]uint16{ciliumpolicy.FallbackRedirectID: math.MaxUint16}

// policyMapOf computes a policy map. The map is only read, so that it needs no updates.
func (t *table) policyMapOf(s *subject) (*policyMap, error) {
	selectors, _, err := t.repo.ComputeSelectorPolicy(s.identity)
	if err != nil {
		return nil, flow.ConflictError{Err: err}
	}
	d := &policyMap{table: t, subject: s, selectors: selectors, policies: map[labels.LabelArrayListString]flow.Policies{}}
	d.endpointPolicy = selectors.DistillPolicy(discardLogger, *s, redirects)
	_ = d.endpointPolicy.Ready()
	d.endpointPolicy.Detach(discardLogger)
	d.release()
	return d, nil
}

// isolated reports whether policies deny anything in a direction. Without default-deny, Cilium
// adds a rule that allows everything, and only deny rules deny traffic.
func (d *policyMap) isolated(dir flow.Direction) bool {
	key, anything := ciliumpolicy.EgressKey(), ciliumpolicy.LabelsAllowAnyEgress
	if dir == flow.Ingress {
		key, anything = ciliumpolicy.IngressKey(), ciliumpolicy.LabelsAllowAnyIngress
	}
	meta, err := d.endpointPolicy.GetRuleMeta(key)
	if err != nil || !slices.ContainsFunc(meta.LabelArray(), anything.Equals) {
		return true
	}
	for key, entry := range d.endpointPolicy.Entries() {
		if entry.IsDeny() && key.IsIngress() == (dir == flow.Ingress) {
			return true
		}
	}
	return false
}

// policiesOf returns the policies behind an entry of a policy map. Rules that Cilium adds itself have
// none.
func (d *policyMap) policiesOf(meta ciliumpolicy.RuleMeta) flow.Policies {
	key := meta.LabelArrayListString()
	all, ok := d.policies[key]
	if !ok {
		for _, rule := range meta.LabelArray() {
			if id := policyID(rule); id.Name != "" {
				all = append(all, id)
			}
		}
		all = all.Sorted()
		d.policies[key] = all
	}
	return all
}

// policyID identifies the policy of a rule, by the labels that Cilium adds to each.
func policyID(rule labels.LabelArray) flow.PolicyID {
	of := func(key string) string { return rule.Get(labels.LabelSourceK8sKeyPrefix + key) }
	return flow.PolicyID{Kind: of(k8sconst.PolicyLabelDerivedFrom), Namespace: of(k8sconst.PolicyLabelNamespace), Name: of(k8sconst.PolicyLabelName)}
}

var protocolNames = map[u8proto.U8proto]v1alpha1.Protocol{
	u8proto.TCP: v1alpha1.TCP, u8proto.UDP: v1alpha1.UDP, u8proto.SCTP: v1alpha1.SCTP,
	u8proto.ICMP: flow.ICMP, u8proto.ICMPv6: flow.ICMPv6,
}

// protocolName returns the name of a protocol. Protocols without ports have Cilium's name.
func protocolName(proto u8proto.U8proto) v1alpha1.Protocol {
	if name, ok := protocolNames[proto]; ok {
		return name
	}
	return v1alpha1.Protocol(proto.String())
}

// protocolsOf returns the protocols that ranges may affect, in the order of reports.
func protocolsOf(ranges []mapRange) []u8proto.U8proto {
	out := []u8proto.U8proto{u8proto.TCP, u8proto.UDP, u8proto.SCTP, u8proto.ICMP, u8proto.ICMPv6}
	known := len(out)
	for _, r := range ranges {
		if r.proto != 0 && !slices.Contains(out, r.proto) {
			out = append(out, r.proto)
		}
	}
	slices.Sort(out[known:])
	return out
}
