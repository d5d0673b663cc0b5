package reach

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// localEnds are the Services or entities that a public name resolves to in this cluster.
func (e Endpoints) localEnds(name string) []policy.LocalName {
	var out []policy.LocalName
	for _, l := range e.Fence.LocalNames {
		if l.Holds(name) {
			out = append(out, l)
		}
	}
	return out
}

// ended are flows without a source in which what a name ends at stands for the name:
// after translation, no enforcer knows of it.
func (e Endpoints) ended(c v1alpha1.FlowCase, flows []policy.Flow) ([]policy.Flow, error) {
	var out []policy.Flow
	for _, f := range flows {
		var local []policy.LocalName
		if f.To.Kind == policy.NameEndpoint {
			local = e.localEnds(f.To.Name)
		}
		if len(local) == 0 {
			out = append(out, f)
			continue
		}
		if i := slices.IndexFunc(local, func(l policy.LocalName) bool { return l.Entity != "" }); i >= 0 {
			return nil, fmt.Errorf("%q resolves to %s (the profile's localNames), where Cilium's proxy decides by the pods behind the Gateway's routes, which are not known: write a case to %s, and one to these pods and their own port", f.To.Name, local[i].At(), local[i].Entity)
		}
		if c.ICMP != "" {
			return nil, fmt.Errorf("%q resolves to Service %s, and no Service forwards icmp: write its pods", f.To.Name, local[0].At())
		}
		c.Port, c.Protocol = int32(f.Port), f.Protocol
		for _, l := range local {
			at := v1alpha1.FlowEndpoint{Form: v1alpha1.ServiceForm, In: l.Namespace, Name: l.Service}
			behind, err := e.behindName(c, f.To.Name, at)
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
	if err != nil || to.Form != v1alpha1.NameForm || len(e.localEnds(to.Name)) == 0 || v.Decision() == policy.Allowed {
		return ""
	}
	f.To, f.Port = policy.Endpoint{Kind: policy.NameEndpoint, Name: strings.ToLower(to.Name)}, uint16(c.Port)
	if written, err := engine.Decide(f); err != nil || written.Decision() == policy.Denied {
		return ""
	}
	return fmt.Sprintf("%s ends at these pods, on their own port, so that no rule about names or the world ever matches it", c.To)
}
