package plan

import (
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
)

// moveToEgressPoint moves what a tenant reaches via an egress point into the one policy
// that the point has for all tenants, and there into one rule with what the others ask
// for. What is reached by name has its own policy, since its family is another.
func moveToEgressPoint(h sideRule, point string) sideRule {
	h.name = "via-" + point
	if h.family != policy.FQDNEgress {
		h.name += ".networks"
	}
	var peers []policy.Peer
	for _, p := range h.rule.Peers {
		peers = append(peers, splitPeer(p)...)
	}
	h.rule.Peers = peers
	return h
}

// splitPeer makes a peer of each name, network and entity, so that equal ones of several
// flows are seen to be equal.
func splitPeer(p policy.Peer) []policy.Peer {
	if p.Kind == policy.Pods {
		return []policy.Peer{p}
	}
	var out []policy.Peer
	for _, name := range p.FQDNs {
		out = append(out, policy.Peer{Kind: p.Kind, FQDNs: []string{strings.ToLower(name)}})
	}
	for _, cidr := range p.CIDRs {
		out = append(out, policy.Peer{Kind: p.Kind, CIDRs: []string{cidr}, Except: policy.ExceptionsIn(cidr, p.Except)})
	}
	for _, e := range p.Entities {
		out = append(out, policy.Peer{Kind: p.Kind, Entities: []v1alpha1.Entity{e}})
	}
	return out
}
