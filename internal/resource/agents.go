package resource

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
)

// AgentConfig is a resource that configures Cilium's agents: the ConfigMap cilium-config, a
// CiliumNodeConfig for some nodes, or the agents' DaemonSet.
type AgentConfig struct {
	Ref report.Ref
	// Field is the field with the values.
	Field  string
	Values map[string]string
	// PerNode reports that the configuration applies to some nodes, where it overrides the
	// ConfigMap.
	PerNode bool
	// Nodes selects these nodes.
	Nodes endpoints.Selector
}

const agentConfigMap = "cilium-config"

// ConfiguresAgents reports whether a resource configures agents.
func ConfiguresAgents(n *yaml.RNode) bool {
	return groupKind(n) == "v1/ConfigMap" && n.GetName() == agentConfigMap || groupKind(n) == "cilium.io/CiliumNodeConfig"
}

// agentConfigOf parses a resource that configures agents. It returns nil for all other resources.
func agentConfigOf(n *yaml.RNode) (*AgentConfig, error) {
	c := &AgentConfig{Ref: RefOf(n)}
	var path []string
	switch {
	case groupKind(n) == "v1/ConfigMap" && n.GetName() == agentConfigMap:
		c.Field, path = "data", []string{"data"}
	case groupKind(n) == "cilium.io/CiliumNodeConfig":
		c.Field, path, c.PerNode = "spec.defaults", []string{"spec", "defaults"}, true
		selector, err := n.Pipe(yaml.Lookup("spec", "nodeSelector"))
		if err == nil && selector != nil {
			err = decode(selector, &c.Nodes)
		}
		if err != nil {
			return nil, fmt.Errorf("spec.nodeSelector: %w", err)
		}
	default:
		return nil, nil
	}
	values, err := n.Pipe(yaml.Lookup(path...))
	if values == nil || err != nil {
		return c, err
	}
	if err := decode(values, &c.Values); err != nil {
		return nil, fmt.Errorf("%s: %w", c.Field, err)
	}
	return c, nil
}

type agents struct {
	cilium.Agent
	findings report.Findings
}

func (x *Index) addAgentConfig(n *yaml.RNode) error {
	c, err := agentConfigOf(n)
	if c != nil {
		x.Agents = append(x.Agents, c)
	}
	return err
}

// AgentOf returns the configuration of a cluster's agents, from the profile's ciliumConfig at a
// path of a resource, and from the resources of the build. It also returns an override for each
// CiliumNodeConfig.
func (x *Index) AgentOf(c v1alpha1.Cluster, profile report.Ref, at *field.Path) (cilium.Agent, []policy.AgentOverride, report.Findings) {
	a := agents{Agent: cilium.Agent{Minor: cilium.Minor(c.CiliumVersion)}}
	if c.CNI == v1alpha1.CNIKubernetes {
		return a.Agent, nil, nil
	}
	configs := slices.Clone(x.Agents)
	slices.SortFunc(configs, func(a, b *AgentConfig) int {
		return cmp.Or(cmp.Compare(a.Ref.Namespace, b.Ref.Namespace), cmp.Compare(a.Ref.Name, b.Ref.Name))
	})
	if c.Name != "" {
		a.Agent = a.With(cilium.ClusterName, c.Name, profile.String())
	}
	if len(c.CiliumConfig) > 0 {
		configs = append([]*AgentConfig{{Ref: profile, Field: at.String(), Values: c.CiliumConfig}}, configs...)
	}
	for _, config := range configs {
		if !config.PerNode {
			a.Agent = a.configured(a.Agent, config)
		}
	}
	return a.Agent, a.overrides(configs), a.findings
}

// overrides returns the agents of nodes that a CiliumNodeConfig selects, alone and combined with
// the others that may select the same nodes.
func (a *agents) overrides(configs []*AgentConfig) []policy.AgentOverride {
	var out []policy.AgentOverride
	some := slices.DeleteFunc(configs, func(c *AgentConfig) bool { return !c.PerNode })
	for i, config := range some {
		alone := a.configured(a.Agent, config)
		out = append(out, policy.AgentOverride{Ref: config.Ref, Agent: alone})
		together := alone
		for _, other := range some[i+1:] {
			if _, both := endpoints.Intersect(config.Nodes, other.Nodes); both {
				together = a.configured(together, other)
			}
		}
		if len(together.Differences(alone)) > 0 {
			out = append(out, policy.AgentOverride{Ref: config.Ref, Agent: together})
		}
	}
	return out
}

func (a *agents) configured(agent cilium.Agent, c *AgentConfig) cilium.Agent {
	explicit := map[string]string{}
	for key, value := range c.Values {
		// Agents ignore the case of keys.
		explicit[strings.ToLower(key)] = value
	}
	for _, s := range cilium.Settings() {
		if value, ok := explicit[s.Key]; ok {
			agent = a.set(agent, c, s, s.Normalize(value))
		}
	}
	for _, key := range cilium.ExplicitKeys() {
		if value, ok := c.Values[key]; ok && !c.PerNode {
			agent = agent.With(key, value, c.Ref.String())
		}
	}
	return agent
}

// set returns an agent with a value of a resource, if agents accept it and no other source sets
// another value.
func (a *agents) set(agent cilium.Agent, c *AgentConfig, s cilium.Setting, value string) cilium.Agent {
	before, from, known := agent.Explicit(s.Key)
	switch err := s.Check(value); {
	case err != nil && s.DefaultOnly:
		a.refuse(report.CiliumConfigUnsupported, c, s.Key, "(%s) %v, so nothing is proved for agents with this value", s.Description, err)
	case err != nil:
		a.refuse(report.InvalidCiliumConfig, c, s.Key, "(%s) %v: set it to the value that the agents use", s.Description, err)
	case known && before != value && !c.PerNode:
		a.refuse(report.CiliumConfigConflict, c, s.Key, "is %q, but %s sets %q: it is unknown which value the agents use: keep one", value, from, before)
	case !known || c.PerNode:
		return agent.With(s.Key, value, c.Ref.String())
	}
	return agent
}

func (a *agents) refuse(check *report.Check, c *AgentConfig, key, format string, args ...any) {
	a.findings = append(a.findings, report.New(check, report.Error, c.Ref, c.Field+"["+key+"]", format, args...))
}

// agentArgsOf parses the arguments of the agents' DaemonSet. It returns nil for all other
// resources, and if the arguments set nothing that policies depend on.
func agentArgsOf(n *yaml.RNode) *AgentConfig {
	var d struct {
		Spec struct {
			Template struct {
				Spec struct {
					Containers []struct {
						Name    string   `json:"name"`
						Command []string `json:"command"`
						Args    []string `json:"args"`
					} `json:"containers"`
				} `json:"spec"`
			} `json:"template"`
		} `json:"spec"`
	}
	if groupKind(n) != "apps/DaemonSet" || decode(n, &d) != nil {
		return nil
	}
	c := &AgentConfig{Ref: RefOf(n), Field: "spec.template.spec.containers[cilium-agent].args", Values: map[string]string{}}
	for _, container := range d.Spec.Template.Spec.Containers {
		if container.Name != "cilium-agent" {
			continue
		}
		for _, arg := range slices.Concat(container.Command, container.Args) {
			if key, value, ok := strings.Cut(strings.TrimLeft(arg, "-"), "="); ok && strings.HasPrefix(arg, "--") {
				c.Values[key] = value
			}
		}
	}
	if len(c.Values) == 0 {
		return nil
	}
	return c
}
