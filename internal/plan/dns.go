package plan

import (
	"slices"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
)

// dns lets every pod resolve names, over UDP and TCP. The names are looked into
// only where the profile narrows them, and never in AllowOnly, where nothing may be
// denied.
func dns(f *policy.Fence, t *policy.Tenant) []sideRule {
	var names []string
	if !anyName(f) && t.Enforcement == v1alpha1.Enforce {
		names = f.Baseline.DNS.Names
	}
	return baselineSides(f, t, policy.DNS, dnsRule(f, names), "baseline.dns")
}

func anyName(f *policy.Fence) bool { return slices.Contains(f.Baseline.DNS.Names, "*") }

// dnsRule is the rule that reaches the cluster's DNS to ask for names.
func dnsRule(f *policy.Fence, names []string) policy.Rule {
	dns := f.Baseline.DNS
	peers := []policy.Peer{{Kind: policy.Pods, Namespace: dns.Namespace, Pods: policy.SelectorOf(dns.Pods)}}
	if dns.NodeLocal {
		peers = append(peers, policy.NodeLocalDNS(dns.Namespace))
	}
	peers = append(peers, f.NodeDNSPeers()...)
	return policy.Rule{
		Direction: policy.Egress, Peers: peers, L7: policy.L7{DNS: names},
		Ports: []policy.Port{{Port: dns.Port, Protocol: v1alpha1.UDP}, {Port: dns.Port, Protocol: v1alpha1.TCP}},
	}
}
