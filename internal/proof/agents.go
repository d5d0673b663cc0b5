package proof

import (
	"cmp"
	"fmt"
	"slices"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// disablingSetting is a value with which agents do not enforce policies, or a kind of rule that the
// input needs. It is one error. The proof continues with the other value, so that consequences are
// not reported as well.
type disablingSetting struct {
	check               *report.Check
	key, value, instead string
	// effect is what agents do with the value.
	effect string
	// concerns reports whether the input needs what the value disables.
	concerns func(p proof) bool
}

var disablingSettings = []disablingSetting{
	{report.PoliciesNotEnforced, cilium.EnablePolicy, "never", "default", "agents enforce no policy", func(proof) bool { return true }},
	{report.PoliciesNotEnforced, cilium.PolicyAuditMode, "true", "false", "agents log what policies deny, and deny nothing", func(proof) bool { return true }},
	{report.L7ProxyDisabled, cilium.EnableL7Proxy, "false", "true", "agents reject policies with HTTP or DNS rules, and do not resolve names", proof.usesProxies},
	{report.PoliciesNotEnforced, cilium.EnableCiliumPolicy, "false", "true", "agents enforce no CiliumNetworkPolicy", func(p proof) bool { return p.hasKind(resource.KindCilium) }},
	{report.PoliciesNotEnforced, cilium.EnableClusterwidePolicy, "false", "true", "agents enforce no CiliumClusterwideNetworkPolicy", func(p proof) bool { return p.hasKind(resource.KindClusterwide) }},
	{report.ICMPRulesDisabled, cilium.EnableICMPRules, "false", "true", "agents reject policies with ICMP rules", func(p proof) bool {
		return p.inPolicies(func(n *yaml.Node) bool { return resource.HasKey(n, "icmps") })
	}},
	{report.HostPoliciesNotEnforced, cilium.EnableHostFirewall, "false", "true", "agents enforce no host policy, so spec.nodes has no effect", func(p proof) bool { return len(p.Fence.Nodes()) > 0 }},
	{report.NetworkPoliciesNotEnforced, cilium.EnableNetworkPolicy, "false", "true", "agents enforce no NetworkPolicy", func(p proof) bool { return p.Fence.Policies == v1alpha1.PoliciesKubernetes }},
}

// effectiveAgent is the agent of the proof, and findings about what the configured agent does not
// enforce. ref is the resource that configures it.
func (p proof) effectiveAgent(agent cilium.Agent, ref report.Ref, field string) (cilium.Agent, report.Findings) {
	var out report.Findings
	for _, d := range disablingSettings {
		if agent.Value(d.key) != d.value || !d.concerns(p) {
			continue
		}
		f := report.New(d.check, report.Error, ref, field+"["+d.key+"]", "%s is %s (%s): %s: set it to %q in the agents and here", d.key, d.value, agent.Origin(d.key), d.effect, d.instead)
		if !p.enforces(d.key) {
			f.Severity = report.Warning
		}
		out = append(out, f)
		agent = agent.With(d.key, d.instead, "")
	}
	return agent, out
}

// enforces reports whether a tenant or node that depends on a key is in Enforce.
func (p proof) enforces(key string) bool {
	owners := p.Fence.Owners()
	if key == cilium.EnableHostFirewall {
		owners = p.Fence.Nodes()
	} else if len(p.Fence.Tenants()) == 0 {
		return true
	}
	return slices.ContainsFunc(owners, func(o *policy.Owner) bool { return o.Enforcement != v1alpha1.AllowOnly })
}

// hasKind reports whether a policy is of a kind.
func (p proof) hasKind(kind string) bool {
	return slices.ContainsFunc(p.items, func(n *yaml.RNode) bool { return resource.IsPolicy(n) && n.GetKind() == kind })
}

// usesProxies reports whether a policy has L7 rules or DNS names.
func (p proof) usesProxies() bool {
	return slices.ContainsFunc(p.items, func(n *yaml.RNode) bool {
		return resource.IsCilium(n) && resource.HasKey(n.YNode(), "rules", "toFQDNs", "serverNames")
	})
}

// anyScalar reports whether a key or scalar value matches.
func anyScalar(n *yaml.Node, match func(string) bool) bool {
	found := false
	scalars(n, func(s string) { found = found || match(s) })
	return found
}

// scalars calls yield for every key and scalar value.
func scalars(n *yaml.Node, yield func(string)) {
	if n.Kind == yaml.ScalarNode {
		yield(n.Value)
	}
	for _, child := range n.Content {
		scalars(child, yield)
	}
}

// identityFindings reports more identities of pods than agents hold.
func (p proof) identityFindings(identities int) report.Findings {
	if identities <= cilium.MaxIdentities {
		return nil
	}
	return report.Findings{report.New(report.IdentitiesExceeded, report.Error, p.in.Profile.Ref, p.ciliumConfig()+"["+cilium.IdentityLabels+"]", "the pods of the build have %d identities, and the agents of a cluster hold %d: the pods beyond have none, and policies do not apply to them as proved: narrow the labels of identities, or divide the cluster",
		identities, cilium.MaxIdentities)}
}

// assumedSettings counts the agent settings that are assumed. The details list them.
func (p proof) assumedSettings() report.Findings {
	settings, version := defaultSettings(p.Fence.Agent), cmp.Or(p.Fence.Cluster.CiliumVersion, cilium.Newest)
	assumed := report.Count(len(settings), "agent setting") + " is assumed"
	if len(settings) != 1 {
		assumed = report.Count(len(settings), "agent setting") + " are assumed"
	}
	engine := ""
	if version != cilium.Newest {
		engine = ", policy engine of Cilium " + cilium.Newest
	}
	f := report.New(report.AgentSettingsAssumed, report.Info, p.in.Profile.Ref, p.ciliumConfig(), "%s (defaults of Cilium's Helm chart %s%s): set the values that differ in cluster.ciliumConfig", assumed, version, engine)
	f.Details = settings
	switch {
	case len(settings) > 0:
		return report.Findings{f}
	case engine != "":
		f.Message = fmt.Sprintf("the policy engine of Cilium %s decides for Cilium %s", cilium.Newest, version)
		return report.Findings{f}
	}
	return nil
}

// defaultSettings are the settings that no source states, as "key: value".
func defaultSettings(agent cilium.Agent) []string {
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
