package fn

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/tenantfence/tenantfence/internal/report"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// disablingSetting is a value of a key by which agents enforce policies not at all, or not a part of
// them that the input needs. Each is one error, and the proof goes on with the other value, so
// that it does not report again what follows from it.
type disablingSetting struct {
	check               *report.Check
	key, value, instead string
	// what states the effect.
	what string
	// concerns reports whether the input needs what the value disables.
	concerns func(p proof) bool
}

var disablingSettings = []disablingSetting{
	{report.PoliciesNotEnforced, policy.EnablePolicy, "never", "default", "agents enforce no policy", func(proof) bool { return true }},
	{report.PoliciesNotEnforced, policy.PolicyAuditMode, "true", "false", "agents log what policies deny, and deny nothing", func(proof) bool { return true }},
	{report.L7ProxyDisabled, policy.EnableL7Proxy, "false", "true", "agents refuse every policy with HTTP or DNS rules, and resolve no name", proof.usesProxies},
	{report.PoliciesNotEnforced, policy.EnableCiliumPolicy, "false", "true", "agents enforce no CiliumNetworkPolicy", func(p proof) bool { return p.hasKind(resource.KindCilium) }},
	{report.PoliciesNotEnforced, policy.EnableClusterwidePolicy, "false", "true", "agents enforce no CiliumClusterwideNetworkPolicy", func(p proof) bool { return p.hasKind(resource.KindClusterwide) }},
	{report.ICMPRulesDisabled, policy.EnableICMPRules, "false", "true", "agents refuse every policy with ICMP rules", func(p proof) bool {
		return p.inPolicies(func(n *yaml.Node) bool { return hasField(n, "icmps") })
	}},
	{report.HostPoliciesNotEnforced, policy.EnableHostFirewall, "false", "true", "agents enforce no host policy, so spec.nodes has no effect", func(p proof) bool { return len(p.fence.Nodes) > 0 }},
	{report.NetworkPoliciesNotEnforced, policy.EnableNetworkPolicy, "false", "true", "agents enforce no NetworkPolicy", func(p proof) bool { return p.fence.Policies == v1alpha1.PoliciesKubernetes }},
}

// effectiveAgent is the agent that the proof decides with, and what the configured agent does not
// enforce at all. ref is what configures it.
func (p proof) effectiveAgent(agent policy.Agent, ref report.Ref, field string) (policy.Agent, report.Findings) {
	var out report.Findings
	for _, d := range disablingSettings {
		if agent.Value(d.key) != d.value || !d.concerns(p) {
			continue
		}
		f := report.New(d.check, report.Error, ref, field+"["+d.key+"]", "%s is %s (%s): %s: set it to %q in the agents, and here", d.key, d.value, agent.Origin(d.key), d.what, d.instead)
		if !p.enforces(d.key) {
			f.Severity = report.Warning
		}
		out = append(out, f)
		agent = agent.With(d.key, d.instead, "")
	}
	return agent, out
}

// enforces reports whether anything that a key governs is in Enforce already.
func (p proof) enforces(key string) bool {
	enforced := func(e v1alpha1.Enforcement) bool { return e != v1alpha1.AllowOnly }
	nodes := slices.ContainsFunc(p.fence.Nodes, func(n policy.Node) bool { return enforced(n.Enforcement) })
	if key == policy.EnableHostFirewall {
		return nodes
	}
	return nodes || len(p.fence.Tenants) == 0 || slices.ContainsFunc(p.fence.Tenants, func(t policy.Tenant) bool { return enforced(t.Enforcement) })
}

// hasKind reports whether a policy is of a kind.
func (p proof) hasKind(kind string) bool {
	return slices.ContainsFunc(p.items, func(n *yaml.RNode) bool { return resource.IsPolicy(n) && n.GetKind() == kind })
}

// usesProxies reports whether a policy has L7 rules, or names.
func (p proof) usesProxies() bool {
	return slices.ContainsFunc(p.items, func(n *yaml.RNode) bool {
		return resource.IsCilium(n) && hasField(n.YNode(), "rules", "toFQDNs", "serverNames")
	})
}

// hasField reports whether one of some fields is anywhere in a value.
func hasField(n *yaml.Node, names ...string) bool {
	for i, child := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 && slices.Contains(names, child.Value) || hasField(child, names...) {
			return true
		}
	}
	return false
}

// anyScalar reports whether a key, or a value that has no parts, is such.
func anyScalar(n *yaml.Node, match func(string) bool) bool {
	found := false
	scalars(n, func(s string) { found = found || match(s) })
	return found
}

// scalars calls yield for every key and value in a value that has no parts.
func scalars(n *yaml.Node, yield func(string)) {
	if n.Kind == yaml.ScalarNode {
		yield(n.Value)
	}
	for _, child := range n.Content {
		scalars(child, yield)
	}
}

// policyMapFindings reports a policy map with more entries than agents give it: they then enforce only a
// part of the policies.
func (p proof) policyMapFindings(e policy.Engine) report.Findings {
	cilium, ok := e.(interface{ PolicyMap() (string, int) })
	if !ok {
		return nil
	}
	name, entries := cilium.PolicyMap()
	limit := p.fence.Agent.PolicyMapSize()
	if entries <= limit {
		return nil
	}
	return report.Findings{report.New(report.PolicyMapFull, report.Error, p.in.Profile.Ref, p.ciliumConfig()+"["+policy.PolicyMapMax+"]", "the policies at %s need %d entries in its policy map, and agents give it %d (%s), so that they enforce a part of them: raise %s in the agents, and here, or narrow the peers",
		name, entries, limit, p.fence.Agent.Origin(policy.PolicyMapMax), policy.PolicyMapMax)}
}

// assumedSettings counts the agent settings that are assumed. The details list them.
func (p proof) assumedSettings() report.Findings {
	settings, version := defaultSettings(p.fence.Agent), cmp.Or(p.fence.Cluster.CiliumVersion, engineVersion)
	assumed := policy.Count(len(settings), "agent setting") + " is assumed"
	if len(settings) != 1 {
		assumed = policy.Count(len(settings), "agent setting") + " are assumed"
	}
	engine := ""
	if version != engineVersion {
		engine = ", policy engine of Cilium " + engineVersion
	}
	f := report.New(report.AgentSettingsAssumed, report.Info, p.in.Profile.Ref, p.ciliumConfig(), "%s (defaults of Cilium's Helm chart %s%s): set the values that differ in cluster.ciliumConfig", assumed, version, engine)
	f.Details = settings
	switch {
	case len(settings) > 0:
		return report.Findings{f}
	case engine != "":
		f.Message = fmt.Sprintf("the policy engine of Cilium %s decides for Cilium %s", engineVersion, version)
		return report.Findings{f}
	}
	return nil
}

// defaultSettings are the settings that no source states, as "key: value".
func defaultSettings(agent policy.Agent) []string {
	var out []string
	for _, a := range agent.Assumptions() {
		if a.Source == "" {
			out = append(out, a.Key+": "+cmp.Or(a.Value, "none"))
		}
	}
	return out
}

// ciliumConfig is the field that states how agents are configured.
func (p proof) ciliumConfig() string {
	if p.in.Profile.Path == nil {
		return ""
	}
	return p.in.Profile.Path.Child("cluster", "ciliumConfig").String()
}
