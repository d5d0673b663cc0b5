package resource

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
)

// nodeLocalDNS is the default listening address of a NodeLocal DNSCache.
var nodeLocalDNS = netip.MustParseAddr("169.254.20.10")

const dnsPort = 53

// PodDNS describes how a workload's pods resolve names.
type PodDNS struct {
	// Policy is their dnsPolicy. Omitted: ClusterFirst.
	Policy string
	// Nameservers are their own nameservers. They are additional to the cluster's DNS or, with the
	// policy None, replace it.
	Nameservers []string
	// Searches are search domains of their own.
	Searches []string
	// HostAliases are the addresses of names that they resolve without DNS.
	HostAliases map[string]string
}

type dnsSpec struct {
	DNSPolicy string `json:"dnsPolicy"`
	DNSConfig struct {
		Nameservers []string `json:"nameservers"`
		Searches    []string `json:"searches"`
	} `json:"dnsConfig"`
	HostAliases []struct {
		IP        string   `json:"ip"`
		Hostnames []string `json:"hostnames"`
	} `json:"hostAliases"`
}

func (w *Workload) addDNS(spec dnsSpec) {
	w.DNS = PodDNS{Policy: spec.DNSPolicy, Nameservers: spec.DNSConfig.Nameservers, Searches: spec.DNSConfig.Searches}
	for _, a := range spec.HostAliases {
		for _, name := range a.Hostnames {
			if w.DNS.HostAliases == nil {
				w.DNS.HostAliases = map[string]string{}
			}
			w.DNS.HostAliases[strings.TrimSuffix(strings.ToLower(name), ".")] = a.IP
		}
	}
}

// HasExtraNameservers reports whether pods have nameservers in addition to the cluster's DNS, which
// comes first.
func (d PodDNS) HasExtraNameservers() bool {
	return d.Policy != "Default" && d.Policy != "None" && len(d.Nameservers) > 0
}

// AliasOf returns a name that matches a name or pattern and that a workload's pods resolve without
// DNS, with its address.
func (w *Workload) AliasOf(pattern string) (name, address string, ok bool) {
	for alias, ip := range w.DNS.HostAliases {
		if flow.Covers(strings.ToLower(pattern), alias) && (!ok || alias < name) {
			name, address, ok = alias, ip, true
		}
	}
	return name, address, ok
}

// BypassesClusterDNS describes how the pods of a workload resolve a name without the cluster's DNS,
// so that Cilium learns no address for it. It returns "" if they use the cluster's DNS. It also
// returns "" if a flow with dns rules to their own nameserver lets Cilium learn the address.
func (x *Index) BypassesClusterDNS(f *policy.Fence, w *Workload, name string) string {
	switch {
	case w.DNS.Policy == "Default":
		if x.inspects(f, w, "", name) {
			return ""
		}
		return "its dnsPolicy is Default, so it queries the nameservers of its node"
	case w.DNS.Policy != "None":
		return ""
	case len(w.DNS.Nameservers) == 0:
		return "its dnsPolicy is None, without a nameserver"
	}
	// A resolver queries the first nameserver, and the others only if the first does not answer.
	first := w.DNS.Nameservers[0]
	if x.clusterDNS(f, first) || x.inspects(f, w, first, name) {
		return ""
	}
	return fmt.Sprintf("its dnsPolicy is None, so it queries nameserver %s", first)
}

// clusterDNS reports whether an address is known to be the cluster's DNS.
func (x *Index) clusterDNS(f *policy.Fence, nameserver string) bool {
	addr, err := netip.ParseAddr(nameserver)
	if err != nil {
		return false
	}
	if f.Baseline.DNS.NodeLocal && addr == nodeLocalDNS {
		return true
	}
	if owner, ok := x.OwnerOf(addr); ok && owner.Service != nil {
		return owner.Service.Ref.Namespace == f.Baseline.DNS.Namespace
	}
	return containsAddress(f.Cluster.ServiceCIDRs, addr)
}

// inspects reports whether a flow of a workload's pods to a nameserver lists a name in dns.
// nameserver "" is unknown.
func (x *Index) inspects(f *policy.Fence, w *Workload, nameserver, name string) bool {
	addr, err := netip.ParseAddr(nameserver)
	return slices.ContainsFunc(f.Grants, func(g policy.Grant) bool {
		onDNSPort := slices.ContainsFunc(g.Ports, func(p flow.Port) bool { return p.Port <= dnsPort && dnsPort <= max(p.Port, p.End) })
		if !onDNSPort || len(g.L7.DNS()) == 0 || !flow.AnyCovers(g.L7.DNS(), name) || !w.MatchesPeer(g.From) {
			return false
		}
		return nameserver == "" && isExternal(g.To) || err == nil && includesNameserver(g.To, addr)
	})
}

func isExternal(p policy.Peer) bool { return p.Kind == policy.CIDRs || p.Kind == policy.Entities }

func includesNameserver(p policy.Peer, addr netip.Addr) bool {
	if p.Kind == policy.Entities {
		return slices.ContainsFunc(p.Entities, func(e v1alpha1.Entity) bool { return e == v1alpha1.EntityWorld || e == v1alpha1.EntityAll })
	}
	return p.Kind == policy.CIDRs && containsAddress(p.CIDRs, addr) && !containsAddress(p.Except, addr)
}

// MatchesPeer reports whether a peer selects the workload's pods by namespace and labels.
func (w *Workload) MatchesPeer(p policy.Peer) bool {
	return p.Kind == policy.Pods && (p.Namespace == "" || p.Namespace == w.Ref.Namespace) && endpoints.Selects(p.Pods, w.Labels)
}

func containsAddress(networks []string, addr netip.Addr) bool {
	return slices.ContainsFunc(networks, func(n string) bool {
		prefix, err := netip.ParsePrefix(n)
		return err == nil && prefix.Contains(addr)
	})
}
