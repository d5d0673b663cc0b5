package proof

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// alternative is another value of some keys. It is empty where the input does not use their feature.
type alternative struct {
	keys  []string
	value func(p proof) string
}

// alternatives are tried for keys without a stated value. Values that disable policies as a whole are
// not tried, because their effect is known.
var alternatives = []alternative{
	{[]string{cilium.EnableIPv6}, whenUsed(proof.usesFamilies, "true")},
	{[]string{cilium.EnableHostFirewall}, whenUsed(proof.hasHostPolicies, "true")},
	{[]string{cilium.CIDRMatchMode}, whenUsed(proof.mayNameNodeNetworks, "nodes")},
	{[]string{cilium.ClusterName}, proof.otherCluster},
	{[]string{cilium.DefaultLocalCluster}, func(p proof) string {
		if inMesh(p.Fence, p.items) {
			return negate(p.Fence.Agent.Value(cilium.DefaultLocalCluster))
		}
		return ""
	}},
	{[]string{cilium.EnableNonDefaultDeny}, whenUsed(func(p proof) bool {
		return p.inOtherPolicies(func(n *yaml.Node) bool { return resource.HasKey(n, "enableDefaultDeny") })
	}, "false")},
	{[]string{cilium.EnableNetworkPolicy}, whenUsed(func(p proof) bool {
		return p.Fence.Policies != v1alpha1.PoliciesKubernetes && p.hasKind(resource.KindKubernetes)
	}, "false")},
	{[]string{cilium.EnableClusterNetworkPolicy}, whenUsed(func(p proof) bool {
		return slices.ContainsFunc(p.items, func(n *yaml.RNode) bool { return n.GetKind() == resource.KindAdministrator })
	}, "true")},
	{[]string{cilium.EnableSCTP}, whenUsed(func(p proof) bool {
		return p.inPolicies(protocols(string(v1alpha1.SCTP), string(v1alpha1.ANY))) || p.testsProtocol(v1alpha1.SCTP, v1alpha1.ANY)
	}, "true")},
	// One of them alone authenticates no connection.
	{[]string{cilium.MeshAuth, cilium.MeshAuthMutual}, whenUsed(func(p proof) bool {
		return p.inPolicies(func(n *yaml.Node) bool { return resource.HasKey(n, "authentication") })
	}, "true")},
}

// testsProtocol reports whether a FlowTest case is about one of the protocols. Rules without ports
// allow them, too, and no policy names them.
func (p proof) testsProtocol(protocols ...v1alpha1.Protocol) bool {
	return slices.ContainsFunc(p.in.FlowTests, func(t resource.FlowTest) bool {
		return slices.ContainsFunc(t.Test.Spec.Cases, func(c v1alpha1.FlowCase) bool { return slices.Contains(protocols, c.Protocol) })
	})
}

func whenUsed(uses func(p proof) bool, value string) func(p proof) string {
	return func(p proof) string {
		if uses(p) {
			return value
		}
		return ""
	}
}

// otherSetting is another value of some keys, with which a proof is repeated.
type otherSetting struct {
	keys  []string
	value string
}

// agent is an agent with the other value.
func (s otherSetting) agent(a cilium.Agent) cilium.Agent {
	for _, key := range s.keys {
		a = a.With(key, s.value, "")
	}
	return a
}

// otherAgents are the agents with which tryAlternatives repeats a proof.
func (p proof) otherAgents(settings []otherSetting) []cilium.Agent {
	var out []cilium.Agent
	for _, s := range settings {
		out = append(out, s.agent(p.Fence.Agent))
	}
	for _, o := range p.Fence.Overrides {
		agent, _ := p.effectiveAgent(o.Agent, o.Ref, "spec.defaults")
		out = append(out, agent)
	}
	return out
}

// otherSettings are another value of each unstated key that the input uses.
func (p proof) otherSettings() []otherSetting {
	var out []otherSetting
	for _, a := range alternatives {
		if p.stated(a.keys) {
			continue
		}
		if value := a.value(p); value != "" {
			out = append(out, otherSetting{a.keys, value})
		}
	}
	return out
}

// tryAlternatives repeats a proof that passed: with each other setting, and with the configuration of each group of nodes
// that has its own.
func (p proof) tryAlternatives(level v1alpha1.Proof, settings []otherSetting, base report.Report) (report.Findings, error) {
	var out report.Findings
	for _, t := range settings {
		differs, err := p.differs(level, t.agent(p.Fence.Agent), base)
		if err != nil {
			return out, err
		}
		if len(differs) > 0 {
			f := report.New(report.AgentSettingUnspecified, report.Warning, p.in.Profile.Ref, p.ciliumConfig()+"["+t.keys[0]+"]", "%s is not set here, and with %q the result differs (%s): set the value that the agents have, for example the default: %s", strings.Join(t.keys, " and "), t.value, firstSubject(differs), p.defaultsYAML(t.keys))
			f.Details = texts(differs)
			out = append(out, f)
		}
	}
	for _, o := range p.Fence.Overrides {
		agent, found := p.effectiveAgent(o.Agent, o.Ref, "spec.defaults")
		out = append(out, found...)
		differs, err := p.differs(level, agent, base)
		if err != nil {
			return out, err
		}
		if len(differs) > 0 {
			f := report.New(report.AgentSettingsDiffer, report.Error, o.Ref, "spec.defaults", "agents on the selected nodes decide differently (%s): remove the keys, or set them for all nodes", firstSubject(differs))
			f.Details = texts(differs)
			out = append(out, f)
		}
	}
	return out, nil
}

func (p proof) stated(keys []string) bool {
	return slices.ContainsFunc(keys, func(key string) bool {
		_, _, ok := p.Fence.Agent.Explicit(key)
		return ok
	})
}

// defaultsYAML is the line that sets keys to the values that are assumed, which may be empty.
func (p proof) defaultsYAML(keys []string) string {
	var list []string
	for _, key := range keys {
		list = append(list, fmt.Sprintf("%s: %q", key, p.Fence.Agent.Value(key)))
	}
	return "cluster.ciliumConfig: {" + strings.Join(list, ", ") + "}"
}

func negate(boolean string) string {
	if boolean == "true" {
		return "false"
	}
	return "true"
}

// differs decides with another agent, and returns the differences in the result.
func (p proof) differs(level v1alpha1.Proof, agent cilium.Agent, base report.Report) ([]resultText, error) {
	p.Fence, p.alternativeAgent, p.listAccess, p.progress = p.Fence.WithAgent(agent), true, false, nil
	other, err := p.decideWithinBudget(level)
	if err != nil {
		return nil, err
	}
	return notIn(resultTexts(other), resultTexts(base)), nil
}

// resultText is a part of a result: what it is about, and the whole text.
type resultText struct{ subject, text string }

// firstSubject is the subject of the first difference, and the number of the others.
func firstSubject(all []resultText) string {
	if len(all) == 1 {
		return all[0].subject
	}
	return fmt.Sprintf("%s, and %d more", all[0].subject, len(all)-1)
}

func texts(all []resultText) []string {
	var out []string
	for _, t := range all {
		out = append(out, t.text)
	}
	return out
}

// resultTexts are the errors, warnings and failed cases of a report.
func resultTexts(r report.Report) []resultText {
	var out []resultText
	for _, f := range r.Findings {
		if f.Severity != report.Info {
			text := fmt.Sprintf("%s: %s [%s]", f.Resource, strings.Join(append([]string{f.Message}, f.Details...), "; "), f.Check)
			out = append(out, resultText{fmt.Sprintf("%s at %s", f.Check, f.Resource), text})
		}
	}
	for _, t := range r.FlowTests {
		for _, c := range t.Cases {
			if !c.Passed {
				text := fmt.Sprintf("%s: case %q fails", t.Test, c.Case.Name)
				out = append(out, resultText{text, text})
			}
		}
	}
	return out
}

// notIn returns the parts that others do not contain.
func notIn(all, others []resultText) []resultText {
	return slices.DeleteFunc(slices.Clone(all), func(t resultText) bool { return slices.Contains(others, t) })
}

// inPolicies reports whether any policy matches.
func (p proof) inPolicies(match func(*yaml.Node) bool) bool {
	return slices.ContainsFunc(p.items, func(n *yaml.RNode) bool { return resource.IsPolicy(n) && match(n.YNode()) })
}

// inOtherPolicies reports whether any policy that the fence does not write matches.
func (p proof) inOtherPolicies(match func(*yaml.Node) bool) bool {
	return slices.ContainsFunc(p.items, func(n *yaml.RNode) bool { return resource.IsPolicy(n) && !p.own[n] && match(n.YNode()) })
}

// hasHostPolicies reports whether a policy that the fence does not write selects nodes.
func (p proof) hasHostPolicies() bool {
	return p.inOtherPolicies(func(n *yaml.Node) bool { return resource.HasKey(n, "nodeSelector") })
}

// otherCluster is the first cluster in a policy that is not this cluster.
func (p proof) otherCluster() string {
	var names []string
	p.inPolicies(func(n *yaml.Node) bool {
		clusters(n, func(name string) { names = append(names, name) })
		return false
	})
	slices.Sort(names)
	names = slices.DeleteFunc(names, func(name string) bool { return !v1alpha1.ValidClusterName(name) })
	for _, name := range names {
		if name != p.Fence.Agent.Value(cilium.ClusterName) {
			return name
		}
	}
	return ""
}

// clusters calls yield for each cluster that labels or expressions in a value name.
func clusters(n *yaml.Node, yield func(string)) {
	ofExpression := false
	for i, child := range n.Content {
		isKey := n.Kind == yaml.MappingNode && i%2 == 0
		named := strings.HasSuffix(child.Value, "io.cilium.k8s.policy.cluster")
		switch {
		case isKey && named:
			yield(n.Content[i+1].Value)
		case named:
			ofExpression = true
		case isKey && child.Value == "values" && ofExpression:
			scalars(n.Content[i+1], yield)
		}
		clusters(child, yield)
	}
}

// protocols matches values that have one of the protocols.
func protocols(names ...string) func(*yaml.Node) bool {
	return func(n *yaml.Node) bool {
		return anyScalar(n, func(s string) bool { return slices.Contains(names, s) })
	}
}

// usesFamilies reports whether a policy selects IPv6 addresses, all addresses, or identities of the
// world: they depend on the IP families.
func (p proof) usesFamilies() bool {
	return p.inPolicies(func(n *yaml.Node) bool {
		return anyScalar(n, func(s string) bool {
			prefix, err := netip.ParsePrefix(s)
			return err == nil && (prefix.Bits() == 0 || prefix.Addr().Is6()) || strings.HasPrefix(s, "reserved:world") || strings.HasPrefix(s, "reserved.world")
		})
	})
}

// privateNetworks may contain nodes if the profile does not set cluster.nodeCIDRs.
var privateNetworks = []string{"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "fc00::/7", "fe80::/10"}

// mayNameNodeNetworks reports whether a network in a policy may contain addresses of nodes.
func (p proof) mayNameNodeNetworks() bool {
	of := p.Fence.Cluster.NodeCIDRs
	if len(of) == 0 {
		of = privateNetworks
	}
	return p.inPolicies(func(n *yaml.Node) bool {
		return anyScalar(n, func(s string) bool {
			prefix, err := netip.ParsePrefix(s)
			return err == nil && slices.ContainsFunc(of, func(c string) bool { return prefix.Overlaps(netip.MustParsePrefix(c)) })
		})
	})
}
