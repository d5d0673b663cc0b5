package plan

import (
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
)

// sides returns both sides of a grant. Sides of pods that are not fenced are dropped during
// assembly.
func sides(f *policy.Fence, g policy.Grant) []sideRule {
	var out []sideRule
	if g.From.Kind == policy.Pods && g.From.Namespace != "" {
		out = append(out, side(f, g, flow.Egress, g.From, g.To))
	}
	if g.To.Kind == policy.Pods && g.To.Namespace != "" {
		out = append(out, side(f, g, flow.Ingress, g.To, g.From))
	}
	return out
}

func side(f *policy.Fence, g policy.Grant, d flow.Direction, subject, peer policy.Peer) sideRule {
	own, other, ports := g.Source, g.Destination, g.Ports
	if d == flow.Ingress {
		own, other = g.Destination, g.Source
	} else if len(g.SourcePorts) > 0 {
		ports = g.SourcePorts
	}
	if peer.Kind == policy.Nodes {
		peer = policy.AnyNode()
	}
	h := sideRule{
		namespace: subject.Namespace, owner: subject.Owner, family: g.Family, subject: subject.Pods, declared: subject.Pods,
		rule: policy.Rule{Direction: d, Peers: []policy.Peer{peer}, Ports: ports, L7: l7At(f, subject, d, g.L7)},
	}
	for _, decl := range []*policy.Declaration{own, other} {
		if decl != nil {
			h.reasons = append(h.reasons, decl.Reason)
		}
	}
	if own == nil {
		h.name = flowPolicyName(d, other) + ownerSuffix(f, subject, other)
		return h
	}
	h.declared = own.Subject
	switch {
	case own.Policy != "":
		h.name = own.Policy
	case own.Via != "":
		return moveToEgressPoint(h, own.Via)
	default:
		h.name = flowPolicyName(d, own) + ownerSuffix(f, subject, own)
	}
	return h
}

// l7At returns the L7 rules of one side. It returns none in AllowOnly, where nothing may be denied.
// DNS and TLS rules are only on the egress side, where Cilium's proxy decrypts TLS and encrypts it
// again.
func l7At(f *policy.Fence, at policy.Peer, d flow.Direction, l7 flow.L7) flow.L7 {
	if !f.IsEnforced(at) {
		return flow.L7{}
	}
	switch {
	case d == flow.Egress:
		return l7
	case l7.InspectsTLS():
		return flow.L7{}
	}
	return l7.WithoutDNS()
}

// flowPolicyName names a policy after the flow. A flow's name has no dot, so suffixes are
// unambiguous.
func flowPolicyName(d flow.Direction, decl *policy.Declaration) string {
	name := string(d) + "-" + decl.Flow
	switch {
	case decl.Kind == policy.Nodes:
		return "node-" + decl.Owner + "." + name
	case decl.AllTenants:
		return "every-" + name
	}
	return name
}

// ownerSuffix is the name of the flow's tenant, if the policy is in a namespace of another tenant
// or in a shared one. In a shared namespace, the owner of the pods follows.
func ownerSuffix(f *policy.Fence, at policy.Peer, decl *policy.Declaration) string {
	switch {
	case decl.Kind == policy.Nodes && at.Owner != "":
		return "." + at.Owner
	case decl.Kind == policy.Nodes, decl.IsOf(f.Owner(at.Namespace)):
		return ""
	case at.Owner != "" && at.Owner != decl.Owner:
		return "." + decl.Owner + "." + at.Owner
	}
	return "." + decl.Owner
}

// baselineSides returns both sides of a baseline flow between the pods of a tenant, in each of its
// namespaces, and the rule's peers.
func baselineSides(f *policy.Fence, t *policy.Owner, family policy.Family, rule policy.Rule, field string) []sideRule {
	var out []sideRule
	for _, namespace := range t.Namespaces {
		out = append(out, tenantSide(f, t, namespace, family, t.Selector, rule, field)...)
		out = append(out, remoteSides(f, t, t.PeerIn(namespace), family, rule, field)...)
	}
	return out
}

// tenantSide returns the side of some pods of a tenant. Its policy is named after the family. It is
// omitted if cluster-wide policies have it: these select all pods of a namespace.
func tenantSide(f *policy.Fence, t *policy.Owner, namespace string, family policy.Family, pods endpoints.Selector, rule policy.Rule, field string) []sideRule {
	if f.InClusterScope(namespace) && endpoints.SelectsAll(pods) {
		return nil
	}
	return []sideRule{{
		namespace: namespace, owner: t.PeerIn(namespace).Owner, name: tenantPolicyName(t, "allow-"+string(family)), family: family,
		subject: pods, declared: pods, rule: rule, reasons: []report.Reason{f.Profile.Child(field)},
	}}
}

// remoteSides returns the sides of the rule's peers that are fenced, for some pods of a tenant's
// namespace. The tenant's name is appended to those of the policies.
func remoteSides(f *policy.Fence, t *policy.Owner, pods policy.Peer, family policy.Family, rule policy.Rule, field string) []sideRule {
	reverse := policy.Rule{Direction: rule.Direction.Opposite(), Peers: []policy.Peer{pods}, Ports: rule.Ports}
	var out []sideRule
	for _, p := range ownedParts(f, rule.Peers) {
		name := "allow-" + string(family) + "." + t.Name
		if p.Owner != "" {
			name += "." + p.Owner
		}
		out = append(out, sideRule{
			namespace: p.Namespace, owner: p.Owner, name: name, family: family, subject: p.Pods, declared: p.Pods, rule: reverse,
			reasons: []report.Reason{f.Profile.Child(field)},
		})
	}
	return out
}

// ownedParts returns the parts of peers that tenants own, in the order of the tenants.
func ownedParts(f *policy.Fence, peers []policy.Peer) []policy.Peer {
	var out []policy.Peer
	for _, p := range peers {
		if p.Kind != policy.Pods {
			continue
		}
		for _, owner := range f.TenantsIn(p.Namespace) {
			part, ok := f.OwnedPart(owner, p)
			if ok {
				out = append(out, part)
			}
		}
	}
	return out
}

// tenantPolicyName is the name of a policy for all of a tenant's pods of a namespace.
func tenantPolicyName(t *policy.Owner, name string) string {
	if t.SharesNamespaces() {
		return name + "." + t.Name
	}
	return name
}
