package reach

import (
	"errors"
	"fmt"
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// localServices are the Services, as endpoints, at which a public name ends in this
// cluster.
func (e Endpoints) localServices(name string) []v1alpha1.FlowEndpoint {
	var out []v1alpha1.FlowEndpoint
	for _, l := range e.Fence.LocalNames {
		if l.Holds(name) {
			out = append(out, v1alpha1.FlowEndpoint{Form: v1alpha1.ServiceForm, In: l.Namespace, Name: l.Service})
		}
	}
	return out
}

// ended are flows without a source in which what a name ends at stands for the name:
// after translation, no enforcer knows of it.
func (e Endpoints) ended(c v1alpha1.FlowCase, flows []policy.Flow) ([]policy.Flow, error) {
	var out []policy.Flow
	for _, f := range flows {
		var local []v1alpha1.FlowEndpoint
		if f.To.Kind == policy.NameEndpoint {
			local = e.localServices(f.To.Name)
		}
		if len(local) == 0 {
			out = append(out, f)
			continue
		}
		if c.ICMP != "" {
			return nil, fmt.Errorf("%q ends at Service %s/%s, and no Service passes icmp on: say its pods", f.To.Name, local[0].In, local[0].Name)
		}
		c.Port, c.Protocol = int32(f.Port), f.Protocol
		for _, service := range local {
			behind, err := e.behindName(c, f.To.Name, service)
			if err != nil {
				return nil, fmt.Errorf("%q ends in this cluster: %w", f.To.Name, err)
			}
			out = append(out, behind...)
		}
	}
	return out, nil
}

// behindName are the ends of connections to a name, behind one Service.
func (e Endpoints) behindName(c v1alpha1.FlowCase, name string, at v1alpha1.FlowEndpoint) ([]policy.Flow, error) {
	s, _, err := e.service(at)
	if err != nil {
		return nil, err
	}
	if s.Type == "ExternalName" || len(s.Selector) == 0 {
		return nil, errors.New("the Service " + at.In + "/" + at.Name + " selects no pods")
	}
	ports, err := servicePorts(c, s)
	if err != nil {
		return nil, err
	}
	var out []policy.Flow
	for _, p := range ports {
		targets, err := e.podTargets(s, []resource.ServicePort{p})
		if err != nil {
			return nil, err
		}
		for _, f := range targets {
			// The port as it is written, and where it ends.
			f.To.Name = fmt.Sprintf("%s:%d (%s)", name, p.Port, f.To.Name)
			out = append(out, f)
		}
	}
	return out, nil
}

// hint says why a flow is denied to a name which ends in this cluster, where the name
// itself may be reached: by a rule about it, or the world.
func (e Endpoints) hint(engine policy.Engine, c v1alpha1.FlowCase, f policy.Flow, v policy.Verdict) string {
	to, err := v1alpha1.ParseEndpoint(c.To)
	if err != nil || to.Form != v1alpha1.NameForm || len(e.localServices(to.Name)) == 0 || v.Decision() == policy.Allowed {
		return ""
	}
	f.To, f.Port = policy.Endpoint{Kind: policy.NameEndpoint, Name: strings.ToLower(to.Name)}, uint16(c.Port)
	if written, err := engine.Decide(f); err != nil || written.Decision() == policy.Denied {
		return ""
	}
	return fmt.Sprintf("%s ends at these pods, on their own port, so that no rule about names or the world ever matches it", c.To)
}
