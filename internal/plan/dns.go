package plan

import (
	"slices"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
)

// dns allows the pods with the baseline's DNS to resolve names, over UDP and TCP. It has DNS rules only
// if the profile restricts names. It has none in AllowOnly, where nothing may be denied.
func dns(f *policy.Fence, t *policy.Owner) []sideRule {
	var names []string
	if !anyName(f) && t.Enforcement == v1alpha1.Enforce {
		names = f.Baseline.DNS.Names
	}
	rule := dnsRule(f, names)
	var out []sideRule
	for _, namespace := range t.Namespaces {
		if pods, ok := t.PodsWithDNS(); ok {
			out = append(out, tenantSide(f, t, namespace, policy.DNS, pods, rule, "baseline.dns")...)
		}
		for _, client := range f.DNSClients(t, namespace) {
			out = append(out, remoteSides(f, t, client, policy.DNS, rule, "baseline.dns")...)
		}
	}
	return out
}

func anyName(f *policy.Fence) bool { return slices.Contains(f.Baseline.DNS.Names, "*") }

func dnsRule(f *policy.Fence, names []string) policy.Rule {
	dns := f.Baseline.DNS
	peers := []policy.Peer{{Kind: policy.Pods, Namespace: dns.Namespace, Pods: endpoints.SelectorOf(dns.Pods)}}
	if dns.NodeLocal {
		peers = append(peers, policy.NodeLocalDNS(dns.Namespace))
	}
	peers = append(peers, f.NodeDNSPeers()...)
	return policy.Rule{
		Direction: flow.Egress, Peers: peers, L7: flow.DNSFor(names...),
		Ports: []flow.Port{{Port: dns.Port, Protocol: v1alpha1.UDP}, {Port: dns.Port, Protocol: v1alpha1.TCP}},
	}
}
