package plan

import (
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/policy"
)

// moveToEgressPoint moves a tenant's flow via an egress point into the policy that the point has
// for all tenants, where flows of several tenants share one rule. Flows to DNS names have another
// family, and so their own policy.
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

// splitPeer returns a peer for each name, network and entity, so that equal peers of several flows
// are recognized.
func splitPeer(p policy.Peer) []policy.Peer {
	if p.Kind == policy.Pods {
		return []policy.Peer{p}
	}
	var out []policy.Peer
	for _, name := range p.FQDNs {
		out = append(out, policy.Peer{Kind: p.Kind, FQDNs: []string{strings.ToLower(name)}})
	}
	for _, cidr := range p.CIDRs {
		out = append(out, policy.Peer{Kind: p.Kind, CIDRs: []string{cidr}, Except: endpoints.ExceptionsIn(cidr, p.Except)})
	}
	for _, e := range p.Entities {
		out = append(out, policy.Peer{Kind: p.Kind, Entities: []v1alpha1.Entity{e}})
	}
	return out
}
