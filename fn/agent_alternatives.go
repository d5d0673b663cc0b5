package fn

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/internal/report"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// alternative is another value of one key, "" where the input does not use what the key governs.
type alternative struct {
	keys  []string
	value func(p proof) string
}

// alternatives are tried where the key is not stated. Keys whose other value would disable policies
// as such are not tried: what comes of that is known.
var alternatives = []alternative{
	{[]string{policy.EnableIPv6}, whenUsed(proof.usesFamilies, "true")},
	{[]string{policy.EnableHostFirewall}, whenUsed(proof.hasHostPolicies, "true")},
	{[]string{policy.CIDRMatchMode}, whenUsed(proof.mayNameNodeNetworks, "nodes")},
	{[]string{policy.ClusterName}, proof.otherCluster},
	{[]string{policy.DefaultLocalCluster}, func(p proof) string {
		if inMesh(p.fence, p.items) {
			return negate(p.fence.Agent.Value(policy.DefaultLocalCluster))
		}
		return ""
	}},
	{[]string{policy.EnableNonDefaultDeny}, whenUsed(func(p proof) bool {
		return p.inOtherPolicies(func(n *yaml.Node) bool { return hasField(n, "enableDefaultDeny") })
	}, "false")},
	{[]string{policy.EnableNetworkPolicy}, whenUsed(func(p proof) bool {
		return p.fence.Policies != v1alpha1.PoliciesKubernetes && p.hasKind(resource.KindKubernetes)
	}, "false")},
	{[]string{policy.EnableClusterNetworkPolicy}, whenUsed(func(p proof) bool {
		return slices.ContainsFunc(p.items, func(n *yaml.RNode) bool { return n.GetKind() == resource.KindAdministrator })
	}, "true")},
	{[]string{policy.EnableSCTP}, whenUsed(func(p proof) bool { return p.inPolicies(protocols(string(v1alpha1.SCTP), string(v1alpha1.ANY))) }, "true")},
	// One alone authenticates nothing.
	{[]string{policy.MeshAuth, policy.MeshAuthMutual}, whenUsed(func(p proof) bool {
		return p.inPolicies(func(n *yaml.Node) bool { return hasField(n, "authentication") })
	}, "true")},
}

func whenUsed(uses func(p proof) bool, value string) func(p proof) string {
	return func(p proof) string {
		if uses(p) {
			return value
		}
		return ""
	}
}

// tryAlternatives decides what holds again: with another value of each key that is not stated and that
// the input uses, one at a time, and for the nodes that are configured otherwise.
func (p proof) tryAlternatives(level v1alpha1.Proof, base policy.Report) (report.Findings, error) {
	var out report.Findings
	for _, t := range alternatives {
		value := t.value(p)
		if p.stated(t.keys) || value == "" {
			continue
		}
		agent := p.fence.Agent
		for _, key := range t.keys {
			agent = agent.With(key, value, "")
		}
		differs, err := p.differs(level, agent, base)
		if err != nil {
			return out, err
		}
		if differs != "" {
			out = append(out, report.New(report.AgentSettingUnspecified, report.Warning, p.in.Profile.Ref, p.ciliumConfig()+"["+t.keys[0]+"]", "%s is not stated, and with %q the result differs: %s: state what the agents have", strings.Join(t.keys, " with "), value, differs))
		}
	}
	for _, o := range p.fence.Overrides {
		agent, found := p.effectiveAgent(o.Agent, o.Ref, "spec.defaults")
		out = append(out, found...)
		differs, err := p.differs(level, agent, base)
		if err != nil {
			return out, err
		}
		if differs != "" {
			out = append(out, report.New(report.AgentSettingsDiffer, report.Error, o.Ref, "spec.defaults", "%s", "on the nodes that it selects, agents decide otherwise: "+differs+": remove the keys, or set them for every node"))
		}
	}
	return out, nil
}

func (p proof) stated(keys []string) bool {
	return slices.ContainsFunc(keys, func(key string) bool {
		_, _, ok := p.fence.Agent.Explicit(key)
		return ok
	})
}

func negate(boolean string) string {
	if boolean == "true" {
		return "false"
	}
	return "true"
}

// differs decides with another agent, and tells the first thing that comes of it, if any.
func (p proof) differs(level v1alpha1.Proof, agent policy.Agent, base policy.Report) (string, error) {
	fence := *p.fence
	fence.Agent = agent
	p.fence, p.alternativeAgent, p.progress = &fence, true, nil
	other, err := p.decideWithinBudget(level)
	if err != nil {
		return "", err
	}
	if found := notIn(resultTexts(other), resultTexts(base)); len(found) > 0 {
		return firstAndCount(found), nil
	}
	return "", nil
}

// firstAndCount is the first of some texts, with how many there are besides.
func firstAndCount(texts []string) string {
	if len(texts) == 1 {
		return texts[0]
	}
	return fmt.Sprintf("%s (and %d more)", texts[0], len(texts)-1)
}

// resultTexts are what a report comes to, each as a text.
func resultTexts(r policy.Report) []string {
	var out []string
	for _, f := range r.Findings {
		if f.Severity != report.Info {
			out = append(out, fmt.Sprintf("%s %s [%s]", f.Resource, f.Message, f.Check))
		}
	}
	for _, t := range r.FlowTests {
		for _, c := range t.Cases {
			if !c.Passed {
				out = append(out, fmt.Sprintf("%s: case %q fails", t.Test, c.Case.Name))
			}
		}
	}
	return out
}

// notIn returns the texts that are not among others.
func notIn(texts, others []string) []string {
	return slices.DeleteFunc(slices.Clone(texts), func(s string) bool { return slices.Contains(others, s) })
}

// inPolicies reports whether some policy is such, and inOthers whether one is that the fence
// does not write.
func (p proof) inPolicies(match func(*yaml.Node) bool) bool {
	return slices.ContainsFunc(p.items, func(n *yaml.RNode) bool { return resource.IsPolicy(n) && match(n.YNode()) })
}

func (p proof) inOtherPolicies(match func(*yaml.Node) bool) bool {
	return slices.ContainsFunc(p.items, func(n *yaml.RNode) bool { return resource.IsPolicy(n) && !p.own[n] && match(n.YNode()) })
}

// hasHostPolicies reports whether a policy that the fence does not write selects nodes.
func (p proof) hasHostPolicies() bool {
	return p.inOtherPolicies(func(n *yaml.Node) bool { return hasField(n, "nodeSelector") })
}

// otherCluster is the first cluster that a policy names and that this one is not.
func (p proof) otherCluster() string {
	var names []string
	p.inPolicies(func(n *yaml.Node) bool {
		clusters(n, func(name string) { names = append(names, name) })
		return false
	})
	slices.Sort(names)
	names = slices.DeleteFunc(names, func(name string) bool { return !v1alpha1.ValidClusterName(name) })
	for _, name := range names {
		if name != p.fence.Agent.Value(policy.ClusterName) {
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

// protocols reports whether one of some protocols is named.
func protocols(names ...string) func(*yaml.Node) bool {
	return func(n *yaml.Node) bool {
		return anyScalar(n, func(s string) bool { return slices.Contains(names, s) })
	}
}

// usesFamilies reports whether a policy is about addresses in general, of IPv6, or about the
// identities of the world, which depend on the families.
func (p proof) usesFamilies() bool {
	return p.inPolicies(func(n *yaml.Node) bool {
		return anyScalar(n, func(s string) bool {
			prefix, err := netip.ParsePrefix(s)
			return err == nil && (prefix.Bits() == 0 || prefix.Addr().Is6()) || strings.HasPrefix(s, "reserved:world") || strings.HasPrefix(s, "reserved.world")
		})
	})
}

// privateNetworks are networks that nodes may have where the profile does not state theirs.
var privateNetworks = []string{"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "fc00::/7", "fe80::/10"}

// mayNameNodeNetworks reports whether a network of a policy may hold addresses of nodes.
func (p proof) mayNameNodeNetworks() bool {
	of := p.fence.Cluster.NodeCIDRs
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
