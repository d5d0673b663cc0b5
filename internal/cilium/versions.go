package cilium

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Fact is a rule about policies that changed between two minor versions of Cilium. Generated
// policies fit the version in the profile's cluster.ciliumVersion.
type Fact struct {
	// Name is stable and unique.
	Name string
	// Since is the first minor version with the rule: 16 is Cilium 1.16. 0 means that every
	// supported version has it.
	Since int
	// Until is the first minor version without the rule. 0 means that the newest version has it.
	Until int
	// Description states the rule, and the behavior of agents without it.
	Description string
	// Source is the file of Cilium's module that implements the rule.
	Source string
}

// Files of Cilium's module that implement the facts.
const (
	crdSource        = "pkg/k8s/apis/cilium.io/client/crds/v2/ciliumnetworkpolicies.yaml"
	sanitizeSource   = "pkg/policy/api/rule_validation.go"
	resolveSource    = "pkg/policy/l4.go"
	optionsSource    = "pkg/option/config.go"
	wildcardsSource  = "pkg/fqdn/matchpattern/matchpattern.go"
	chartSource      = "install/kubernetes/cilium/values.yaml"
	podLabelsSource  = "pkg/k8s/labels.go"
	annotationSource = "pkg/annotation/k8s.go"
)

// The facts.
var (
	AdditivePolicies = Fact{
		Name: "additive-policies", Since: 16, Source: crdSource,
		Description: "enableDefaultDeny exists. Before, every policy with rules in a direction denies the rest of that direction.",
	}
	PortRanges = Fact{
		Name: "port-ranges", Since: 16, Source: crdSource,
		Description: "endPort exists. Before, an apiserver drops the field, and the policy applies only to the first port.",
	}
	ICMPNames = Fact{
		Name: "icmp-names", Since: 16, Source: crdSource,
		Description: "icmps[].fields[].type accepts names of types. Before, it accepts only numbers, and an apiserver rejects the policy.",
	}
	CIDRFormat = Fact{
		Name: "cidr-format", Since: 16, Source: crdSource,
		Description: "A network is validated as a CIDR. Before, a pattern validates it, which rejects an IPv6 network with a dotted IPv4 address as its last part.",
	}
	HostDNS = Fact{
		Name: "host-dns", Since: 17, Source: sanitizeSource,
		Description: "Policies with a nodeSelector accept DNS rules in egress, and so FQDNs. Before, agents reject the whole policy.",
	}
	RangesWithHTTP = Fact{
		Name: "ranges-with-http", Since: 17, Source: sanitizeSource,
		Description: "HTTP rules may apply to a range of ports. Before, agents reject the whole policy.",
	}
	WildcardL7 = Fact{
		Name: "wildcard-l7", Since: 18, Source: resolveSource,
		Description: "An additive policy with L7 rules allows other L7 traffic. Before, its L7 rules deny the rest on their ports.",
	}
	ServerPatterns = Fact{
		Name: "server-patterns", Since: 18, Source: crdSource,
		Description: "serverNames accept patterns. Before, a pattern is a literal name that no TLS connection has.",
	}
	SubdomainPatterns = Fact{
		Name: "subdomain-patterns", Since: 19, Source: wildcardsSource,
		Description: `A leading "**." matches one or more labels of a name. Before, it matches one.`,
	}
	LocalCluster = Fact{
		Name: "local-cluster", Since: 19, Source: chartSource,
		Description: "A selector that names no cluster matches only this cluster's pods (policy-default-local-cluster). Before, it matches the pods of every cluster of the mesh.",
	}
	PortsInLabel = Fact{
		Name: "ports-in-label", Since: 20, Source: podLabelsSource,
		Description: "Agents give a pod with named ports the label gen:io.cilium.k8s.named-ports, which is part of its identity. Before, they do not.",
	}
	ServerPatternsInside = Fact{
		Name: "server-patterns-inside", Since: 20, Source: crdSource,
		Description: `serverNames accept * anywhere. Before, they accept it only in a leading "*." or "**.", and an apiserver rejects the policy.`,
	}
	NamedEgressPorts = Fact{
		Name: "named-egress-ports", Since: 20, Source: resolveSource,
		Description: "A port name in egress is resolved at the destination pods. Before, it is resolved among all pods of the cluster, and matches only if all agree on its number.",
	}
	AuthenticationOff = Fact{
		Name: "authentication-off", Since: 19, Source: chartSource,
		Description: "Agents do not authenticate unless the chart enables it (mesh-auth-enabled). Before, they do by default.",
	}
	Ztunnel = Fact{
		Name: "ztunnel", Since: 19, Source: chartSource,
		Description: "The label io.cilium/mtls-enabled adds pods to the mesh of Cilium's ztunnel. Before, it has no effect.",
	}
	SourceIPDelegation = Fact{
		Name: "source-ip-delegation", Since: 20, Source: annotationSource,
		Description: "Annotations let pods send with addresses of other pods. Before, they have no effect.",
	}
	RemoteNodeOption = Fact{
		Name: "remote-node-option", Until: 16, Source: optionsSource,
		Description: "enable-remote-node-identity exists. Since then, policies always distinguish other nodes from a pod's own node.",
	}
	ProxyVisibility = Fact{
		Name: "proxy-visibility", Until: 17, Source: annotationSource,
		Description: "Annotations send connections to ports of a pod through the proxy. Since then, they have no effect.",
	}
	Requirements = Fact{
		Name: "requirements", Until: 19, Source: crdSource,
		Description: "fromRequires and toRequires accept selectors. Since then, an apiserver rejects a policy in which they are not empty.",
	}
	ClusterNetworkPolicies = Fact{
		Name: "cluster-network-policies", Since: 20, Source: optionsSource,
		Description: "Agents enforce ClusterNetworkPolicies of policy.networking.k8s.io, if enable-k8s-cluster-network-policy is true. Before, such a policy has no effect.",
	}
	RemovedL7 = Fact{
		Name: "removed-l7", Until: 20, Source: crdSource,
		Description: "toPorts[].rules accept kafka, l7 and l7proto. Since then, an apiserver drops them, and everything is allowed on these ports.",
	}
)

// Facts returns all facts, oldest first.
func Facts() []Fact {
	return []Fact{
		AdditivePolicies, PortRanges, ICMPNames, CIDRFormat, HostDNS, RangesWithHTTP, WildcardL7, ServerPatterns,
		SubdomainPatterns, LocalCluster, AuthenticationOff, Ztunnel, ServerPatternsInside, PortsInLabel, NamedEgressPorts, ClusterNetworkPolicies,
		SourceIPDelegation, RemoteNodeOption, ProxyVisibility, Requirements, RemovedL7,
	}
}

// In reports whether the fact is true in a minor version.
func (f Fact) In(minor int) bool { return minor >= f.Since && (f.Until == 0 || minor < f.Until) }

// Introduced is the first version with the fact, as "1.16".
func (f Fact) Introduced() string { return version(f.Since) }

// Before is the last version without the fact, as "1.15".
func (f Fact) Before() string { return version(f.Since - 1) }

// Removed is the first version without the fact, as "1.20".
func (f Fact) Removed() string { return version(f.Until) }

func version(minor int) string { return fmt.Sprintf("1.%d", minor) }

// The oldest and the newest version that a profile may declare. The policy engine is that of the
// newest.
const (
	Oldest = "1.14"
	Newest = "1.20"
)

// Versions returns the versions that a profile may declare, oldest first.
func Versions() []string {
	var out []string
	for minor := Minor(Oldest); minor <= Minor(Newest); minor++ {
		out = append(out, version(minor))
	}
	return out
}

// AnyVersion is the minor version if Cilium is not the enforcer: it has every fact.
const AnyVersion = math.MaxInt

// Minor returns the minor version of "1.19", and 0 for anything else.
func Minor(ciliumVersion string) int {
	_, minor, _ := strings.Cut(ciliumVersion, ".")
	n, err := strconv.Atoi(minor)
	if err != nil {
		return 0
	}
	return n
}
