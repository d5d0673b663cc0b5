// Package cilium has the settings of Cilium's agents on which policies depend, and what changed between
// releases.
package cilium

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/flow"
)

// Keys of the ConfigMap cilium-config that change what policies do.
const (
	EnableIPv4                 = "enable-ipv4"
	EnableIPv6                 = "enable-ipv6"
	EnableHostFirewall         = "enable-host-firewall"
	EnablePolicy               = "enable-policy"
	PolicyAuditMode            = "policy-audit-mode"
	IdentityLabels             = "labels"
	CIDRMatchMode              = "policy-cidr-match-mode"
	AllowLocalhost             = "allow-localhost"
	DefaultLocalCluster        = "policy-default-local-cluster"
	EnableNonDefaultDeny       = "enable-non-default-deny-policies"
	EnableNetworkPolicy        = "enable-k8s-networkpolicy"
	EnableClusterNetworkPolicy = "enable-k8s-cluster-network-policy"
	EnableL7Proxy              = "enable-l7-proxy"
	EnableSCTP                 = "enable-sctp"
	MeshAuth                   = "mesh-auth-enabled"
	MeshAuthMutual             = "mesh-auth-mutual-enabled"
	PolicyMapMax               = "bpf-policy-map-max"
	ClusterName                = "cluster-name"
	EnableCiliumPolicy         = "enable-cilium-network-policy"
	EnableClusterwidePolicy    = "enable-cilium-clusterwide-network-policy"
	EnableICMPRules            = "enable-icmp-rules"
	NormalizePath              = "http-normalize-path"
)

// Setting is a key of the ConfigMap cilium-config that changes what policies do.
type Setting struct {
	Key string
	// Default is what the Helm chart sets, or leaves to the agent.
	Default string
	// DefaultBefore is the default in versions without the fact Since.
	DefaultBefore string
	Since         Fact
	// Values are the values that agents accept. Empty: the key is not an enumeration.
	Values []string
	// Description states what the key decides.
	Description string
	// DefaultOnly reports that the engine supports only the default.
	DefaultOnly bool
	// check validates values of keys that are not an enumeration.
	check func(string) error
}

func defaultOnly(s Setting) Setting {
	s.DefaultOnly = true
	return s
}

func boolean(key, value, description string) Setting {
	return Setting{Key: key, Default: value, Values: []string{"true", "false"}, Description: description}
}

func since(fact Fact, before string, s Setting) Setting {
	s.Since, s.DefaultBefore = fact, before
	return s
}

var settings = []Setting{
	boolean(EnableIPv4, "true", "whether agents handle IPv4"),
	boolean(EnableIPv6, "false", "whether agents handle IPv6; with both families, world has an identity for each"),
	{Key: EnablePolicy, Default: "default", Values: []string{"default", "always", "never"}, Description: "which pods are isolated: those that a policy selects, all, or none"},
	boolean(PolicyAuditMode, "false", "whether agents only log what policies deny"),
	boolean(EnableHostFirewall, "false", "whether host policies are enforced, and policies about pods that have the label key host"),
	{Key: IdentityLabels, check: checkExpressions, Description: "which labels of pods policies can select by"},
	{Key: CIDRMatchMode, Values: []string{"", "nodes"}, check: checkMatchMode, Description: "whether networks match the addresses of nodes"},
	{Key: AllowLocalhost, Default: "auto", Values: []string{"auto", "always", "policy"}, Description: "whether a node always reaches its own pods; auto is always"},
	since(LocalCluster, "false", boolean(DefaultLocalCluster, "true", "whether a selector that names no cluster selects only this cluster's pods")),
	boolean(EnableNonDefaultDeny, "true", "whether enableDefaultDeny has an effect; if false, every allow isolates"),
	boolean(EnableNetworkPolicy, "true", "whether agents enforce NetworkPolicies"),
	boolean(EnableClusterNetworkPolicy, "false", "whether agents enforce ClusterNetworkPolicies"),
	boolean(EnableL7Proxy, "true", "whether agents run the proxies for HTTP and DNS; if false, they reject policies with such rules, and FQDN peers match no address"),
	boolean(EnableSCTP, "false", "whether agents forward SCTP"),
	since(AuthenticationOff, "true", boolean(MeshAuth, "false", "whether agents authenticate; if false, flows that require authentication are denied")),
	boolean(MeshAuthMutual, "false", "whether agents authenticate mutually (SPIRE); if false, flows that require authentication are denied"),
	{Key: PolicyMapMax, Default: "16384", check: checkEntries, Description: "the maximum number of entries in the policy map of a pod"},
	{Key: ClusterName, Default: "default", Description: "the name of the cluster, which selectors use to distinguish clusters of a mesh"},
	boolean(EnableCiliumPolicy, "true", "whether agents enforce CiliumNetworkPolicies"),
	boolean(EnableClusterwidePolicy, "true", "whether agents enforce CiliumClusterwideNetworkPolicies"),
	boolean(EnableICMPRules, "true", "whether agents support ICMP rules; if false, they reject policies with such rules"),
	defaultOnly(boolean("enable-node-selector-labels", "false", "whether policies can select nodes as peers by their labels")),
	defaultOnly(boolean("enable-remote-node-identity", "true", "whether policies distinguish other nodes from a pod's own node (before Cilium "+RemoteNodeOption.Removed()+")")),
	defaultOnly(boolean("enable-source-ip-verification", "true", "whether a pod can send only from its own address")),
	defaultOnly(boolean(NormalizePath, "true", "whether HTTP paths are normalised before rules apply")),
	defaultOnly(Setting{Key: "label-prefix-file", Description: "a file that decides which labels policies can select by"}),
	defaultOnly(Setting{Key: "static-cnp-path", Description: "a folder on each node with additional policies"}),
	defaultOnly(Setting{Key: "fixed-identity-mapping", Description: "labels that have a fixed identity"}),
}

// Settings returns all settings, in the order of reports.
func Settings() []Setting { return slices.Clone(settings) }

// defaultIn is the default in a minor version.
func (s Setting) defaultIn(minor int) string {
	if minor > 0 && !s.Since.In(minor) {
		return s.DefaultBefore
	}
	return s.Default
}

// Normalize returns a value as agents parse it: without surrounding spaces and, for an enumeration,
// in lower case.
func (s Setting) Normalize(value string) string {
	value = strings.TrimSpace(value)
	if len(s.Values) == 0 {
		return value
	}
	value = strings.ToLower(value)
	if b, err := strconv.ParseBool(value); err == nil && slices.Contains(s.Values, "true") {
		return strconv.FormatBool(b)
	}
	return value
}

// Check returns an error for a value that agents do not accept, or that the engine does not
// support.
func (s Setting) Check(value string) error {
	switch {
	case s.DefaultOnly && value != s.Default:
		return fmt.Errorf("%q is not supported: only %q is", value, s.Default)
	case s.check != nil:
		return s.check(value)
	case len(s.Values) > 0 && !slices.Contains(s.Values, value):
		return fmt.Errorf("must be one of %s, not %q", strings.Join(s.Values, ", "), value)
	}
	return nil
}

func checkExpressions(value string) error {
	for _, prefix := range strings.Fields(value) {
		if _, err := regexp.Compile(prefix); err != nil {
			return fmt.Errorf("%q is not a regular expression: %w", prefix, err)
		}
	}
	return nil
}

func checkEntries(value string) error {
	if n, err := strconv.Atoi(value); err != nil || n < 1 {
		return fmt.Errorf("must be a positive number of entries, not %q", value)
	}
	return nil
}

func checkMatchMode(value string) error {
	if value != "" && value != "nodes" {
		return fmt.Errorf(`%q is not supported: only "nodes" is`, value)
	}
	return nil
}

// Agent is the part of the configuration of Cilium's agents that policies depend on. The zero value
// has the defaults of the Helm chart of the newest version.
type Agent struct {
	// Minor is the minor version of Cilium. 0 is the newest.
	Minor int
	// explicit has the values that are configured.
	explicit map[string]string
	// source has the origin of each configured value.
	source map[string]string
}

// AllFeatures is an agent that supports everything that policies can express. Policies are compared
// under it, because it hides no difference between them.
func AllFeatures() Agent {
	a := Agent{}
	for _, key := range []string{EnableIPv6, EnableHostFirewall, EnableSCTP, EnableClusterNetworkPolicy, MeshAuth, MeshAuthMutual} {
		a = a.With(key, "true", "")
	}
	return a
}

// With returns the agent with another value. source is where the value is configured.
func (a Agent) With(key, value, source string) Agent {
	a.explicit, a.source = maps.Clone(a.explicit), maps.Clone(a.source)
	if a.explicit == nil {
		a.explicit, a.source = map[string]string{}, map[string]string{}
	}
	a.explicit[key], a.source[key] = value, source
	return a
}

// Explicit returns a configured value and its source.
func (a Agent) Explicit(key string) (value, source string, ok bool) {
	value, ok = a.explicit[key]
	return value, a.source[key], ok
}

// Differences returns the keys for which two agents have different values.
func (a Agent) Differences(b Agent) []string {
	var out []string
	for _, s := range settings {
		if a.Value(s.Key) != b.Value(s.Key) {
			out = append(out, s.Key)
		}
	}
	return out
}

// Value returns the configured value of a key, or its default.
func (a Agent) Value(key string) string {
	if value, ok := a.explicit[key]; ok {
		return value
	}
	for _, s := range settings {
		if s.Key == key {
			return s.defaultIn(a.Minor)
		}
	}
	return ""
}

// Enabled reports whether a key is "true".
func (a Agent) Enabled(key string) bool { return a.Value(key) == "true" }

// Has reports whether a fact is true for the agent's version.
func (a Agent) Has(fact Fact) bool { return a.Minor == 0 || fact.In(a.Minor) }

// DualStack reports whether agents handle both IP families.
func (a Agent) DualStack() bool { return a.Enabled(EnableIPv4) && a.Enabled(EnableIPv6) }

// Handles reports whether agents forward a protocol at all, where policies allow it.
func (a Agent) Handles(p v1alpha1.Protocol) bool {
	switch p {
	case v1alpha1.SCTP:
		return a.Enabled(EnableSCTP)
	case flow.ICMP:
		return a.Enabled(EnableIPv4)
	case flow.ICMPv6:
		return a.Enabled(EnableIPv6)
	}
	return true
}

// Authenticates reports whether flows that require authentication can be allowed.
func (a Agent) Authenticates() bool { return a.Enabled(MeshAuth) && a.Enabled(MeshAuthMutual) }

// The bounds that agents put on bpf-policy-map-max.
const (
	minPolicyMap = 256
	maxPolicyMap = 1 << 16
)

// MaxIdentities is the number of pod identities of a cluster: those of 16 bits, without the reserved ones.
const MaxIdentities = 1<<16 - 1 - 256

// PolicyMapSize is the maximum number of entries in the policy map of a pod.
func (a Agent) PolicyMapSize() int {
	n, err := strconv.Atoi(a.Value(PolicyMapMax))
	if err != nil {
		return minPolicyMap
	}
	return min(max(n, minPolicyMap), maxPolicyMap)
}

// Assumption is a setting of the agents that the proof depends on.
type Assumption struct {
	Key, Value string
	// Source is where the value is configured. Omitted: it is the default of the Helm chart.
	Source string
	// Description states what the key decides.
	Description string
}

// Assumptions returns all settings with their values.
func (a Agent) Assumptions() []Assumption {
	var out []Assumption
	for _, s := range settings {
		value, source, _ := a.Explicit(s.Key)
		if source == "" {
			value = a.Value(s.Key)
		}
		out = append(out, Assumption{Key: s.Key, Value: value, Source: source, Description: s.Description})
	}
	return out
}
