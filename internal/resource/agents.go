package resource

import (
	"cmp"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
)

// AgentConfig is a resource that configures Cilium's agents: the ConfigMap cilium-config or,
// for some nodes, a CiliumNodeConfig.
type AgentConfig struct {
	Ref policy.Ref
	// Field is where the values are.
	Field  string
	Values map[string]string
	// SomeNodes reports that it is about some nodes, and comes before the ConfigMap there.
	SomeNodes bool
}

const agentConfigMap = "cilium-config"

// agentConfigOf reads a resource that configures agents. It returns nil for every other one.
func agentConfigOf(n *yaml.RNode) (*AgentConfig, error) {
	c := &AgentConfig{Ref: RefOf(n)}
	var path []string
	switch {
	case groupKind(n) == "v1/ConfigMap" && n.GetName() == agentConfigMap:
		c.Field, path = "data", []string{"data"}
	case groupKind(n) == "cilium.io/CiliumNodeConfig":
		c.Field, path, c.SomeNodes = "spec.defaults", []string{"spec", "defaults"}, true
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

// AgentOf is how the agents of a cluster are configured: by the profile's ciliumConfig, which
// is at a path of a resource, and by the resources of the build. Where some nodes differ, there is an override for each
// CiliumNodeConfig.
func (x *Index) AgentOf(c v1alpha1.Cluster, profile policy.Ref, at *field.Path) (policy.Agent, []policy.AgentOverride, policy.Findings) {
	a := agents{Agent: policy.Agent{Minor: policy.Minor(c.CiliumVersion)}}
	if c.CNI == v1alpha1.CNIKubernetes {
		return a.Agent, nil, nil
	}
	configs := slices.Clone(x.Agents)
	slices.SortFunc(configs, func(a, b *AgentConfig) int {
		return cmp.Or(cmp.Compare(a.Ref.Namespace, b.Ref.Namespace), cmp.Compare(a.Ref.Name, b.Ref.Name))
	})
	if len(c.CiliumConfig) > 0 {
		configs = append([]*AgentConfig{{Ref: profile, Field: at.String(), Values: c.CiliumConfig}}, configs...)
	}
	for _, config := range configs {
		if !config.SomeNodes {
			a.Agent = a.configured(a.Agent, config)
		}
	}
	var overrides []policy.AgentOverride
	for _, config := range configs {
		if config.SomeNodes {
			overrides = append(overrides, policy.AgentOverride{Ref: config.Ref, Agent: a.configured(a.Agent, config)})
		}
	}
	return a.Agent, overrides, a.findings
}

// agents collects what is wrong with the configuration of agents.
type agents struct {
	policy.Agent
	findings policy.Findings
}

// configured is an agent with the values of a resource that policies depend on.
func (a *agents) configured(agent policy.Agent, c *AgentConfig) policy.Agent {
	for _, s := range policy.Settings() {
		value, ok := c.Values[s.Key]
		if !ok {
			continue
		}
		if err := s.Check(value); err != nil {
			a.refuse("invalid-cilium-config", c, s.Key, "%s: %v: correct it, as the agents have it", s.What, err)
			continue
		}
		before, from, stated := agent.Stated(s.Key)
		if stated && before != value && !c.SomeNodes {
			a.refuse("cilium-config-differs", c, s.Key, "is %q, and %s sets %q: which one the agents have is unknown: keep one", value, from, before)
			continue
		}
		if !stated || c.SomeNodes {
			agent = agent.With(s.Key, value, c.Ref.String())
		}
	}
	for _, key := range policy.StatedKeys() {
		if value, ok := c.Values[key]; ok && !c.SomeNodes {
			agent = agent.With(key, value, c.Ref.String())
		}
	}
	return agent
}

func (a *agents) refuse(check string, c *AgentConfig, key, format string, args ...any) {
	a.findings = append(a.findings, policy.Finding{
		Check: check, Severity: policy.Error, Resource: c.Ref, Field: c.Field + "[" + key + "]", Message: fmt.Sprintf(format, args...),
	})
}
