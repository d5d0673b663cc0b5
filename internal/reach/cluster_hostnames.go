package reach

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// clusterHostnameTargets returns the Services or entities that a public name resolves to in this
// cluster.
func (e Endpoints) clusterHostnameTargets(name string) []policy.ClusterHostname {
	var out []policy.ClusterHostname
	for _, l := range e.Fence.ClusterHostnames {
		if l.MatchesAll(name) {
			out = append(out, l)
		}
	}
	return out
}

// resolveClusterHostnames replaces a name by the endpoints that it resolves to: after translation,
// no enforcer knows the name. The flows have no source.
func (e Endpoints) resolveClusterHostnames(c v1alpha1.FlowCase, flows []flow.Flow) ([]flow.Flow, error) {
	var out []flow.Flow
	for _, f := range flows {
		var local []policy.ClusterHostname
		if f.To.Kind == endpoints.NameEndpoint {
			local = e.clusterHostnameTargets(f.To.Name)
		}
		if len(local) == 0 {
			out = append(out, f)
			continue
		}
		if i := slices.IndexFunc(local, func(l policy.ClusterHostname) bool { return l.Entity != "" }); i >= 0 {
			return nil, fmt.Errorf("%q resolves to %s (the profile's clusterHostnames), where Cilium's proxy decides by the pods behind the Gateway's routes, which are not known: write a case to %s, and one to these pods and their own port", f.To.Name, local[i].Target(), local[i].Entity)
		}
		if c.ICMP != "" {
			return nil, fmt.Errorf("%q resolves to Service %s, and no Service forwards icmp: write its pods", f.To.Name, local[0].Target())
		}
		c.Port, c.Protocol = int32(f.Port), f.Protocol
		for _, l := range local {
			at := v1alpha1.FlowEndpoint{Form: v1alpha1.ServiceForm, TenantOrNamespace: l.Namespace, Name: l.Service}
			targets, err := e.hostnameTargets(c, f.To.Name, at)
			if err != nil {
				return nil, fmt.Errorf("%q ends in this cluster: %w", f.To.Name, err)
			}
			out = append(out, targets...)
		}
	}
	return out, nil
}

// hostnameTargets are the destinations of connections to a name, behind one Service.
func (e Endpoints) hostnameTargets(c v1alpha1.FlowCase, name string, at v1alpha1.FlowEndpoint) ([]flow.Flow, error) {
	s, _, err := e.service(at)
	if err != nil {
		return nil, err
	}
	if s.Type == "ExternalName" || len(s.Selector) == 0 {
		return nil, errors.New("the Service " + at.TenantOrNamespace + "/" + at.Name + " selects no pods")
	}
	ports, err := servicePorts(c, s)
	if err != nil {
		return nil, err
	}
	var out []flow.Flow
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

// clusterHostnameHint explains why a flow is denied to a name that resolves to this cluster, although
// a rule allows the name itself or the world.
func (e Endpoints) clusterHostnameHint(asked *flow.View, c v1alpha1.FlowCase, f flow.Flow, v flow.Verdict) string {
	to, err := v1alpha1.ParseEndpoint(c.To)
	if err != nil || to.Form != v1alpha1.NameForm || len(e.clusterHostnameTargets(to.Name)) == 0 || v.Decision() == flow.Allowed {
		return ""
	}
	f.To, f.Port = endpoints.Endpoint{Kind: endpoints.NameEndpoint, Name: strings.ToLower(to.Name)}, uint16(c.Port)
	if direct, err := asked.Decide(f); err != nil || direct.Decision() == flow.Denied {
		return ""
	}
	return fmt.Sprintf("%s resolves to these pods, which neither fqdns nor world match", c.To)
}
