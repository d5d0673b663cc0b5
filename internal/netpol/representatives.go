package netpol

import (
	"maps"
	"slices"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
)

// Representatives adds endpoints for everything that the policies distinguish. It adds no DNS
// names: to a NetworkPolicy, a name is an address of the world.
func (e *Engine) Representatives(s endpoints.Environment) ([]endpoints.Endpoint, error) {
	e.mu.Lock()
	defer e.mu.Unlock()

	if err := e.learn(s); err != nil {
		return nil, err
	}
	for _, ep := range s.Known {
		if ep.Kind != endpoints.PodEndpoint {
			continue
		}
		if err := checkPod(ep); err != nil {
			return nil, err
		}
	}
	var selections []endpoints.Selection
	for _, ns := range slices.Sorted(maps.Keys(e.policies)) {
		for _, p := range e.policies[ns] {
			for _, s := range p.selections(ns) {
				s.Policy = p.name
				selections = append(selections, s)
			}
		}
	}
	representatives, err := representativePods(s, e.pods, selections)
	if err != nil {
		return nil, err
	}
	e.pods, e.others = append(e.pods, representatives...), e.outsideEndpoints()
	e.index = newIndex(e.pods, e.others, e.cluster)
	return e.all(), nil
}

// representativePods is endpoints.RepresentativePods. It also distinguishes pods by labels that
// selectors name and that Cilium omits from the identity.
func representativePods(s endpoints.Environment, deployed []endpoints.Endpoint, selections []endpoints.Selection) ([]endpoints.Endpoint, error) {
	named := outsideIdentity(selections)
	if len(named) == 0 {
		return endpoints.RepresentativePods(s, deployed, selections)
	}
	seen := func(ep endpoints.Endpoint) map[string]string {
		out := maps.Clone(ep.AllLabels)
		maps.DeleteFunc(out, func(key, _ string) bool { return !v1alpha1.InIdentity(key) && !named[key] })
		return out
	}
	own := func(ep endpoints.Endpoint) map[string]string {
		out := maps.Clone(ep.AllLabels)
		maps.DeleteFunc(out, func(key, _ string) bool { return !v1alpha1.InIdentity(key) })
		return out
	}
	s.Known = withLabels(s.Known, seen)
	out, err := endpoints.RepresentativePods(s, withLabels(deployed, seen), selections)
	return withLabels(out, own), err
}

// outsideIdentity returns the label keys that selectors name and that Cilium omits from the
// identity.
func outsideIdentity(selections []endpoints.Selection) map[string]bool {
	out := map[string]bool{}
	for _, s := range selections {
		for _, r := range s.Requirements {
			if r.Trait == endpoints.PodLabel && !v1alpha1.InIdentity(r.Key) {
				out[r.Key] = true
			}
		}
	}
	return out
}

// withLabels returns copies of endpoints. If AllLabels of an endpoint is set, its Labels are the
// result of the function.
func withLabels(in []endpoints.Endpoint, of func(endpoints.Endpoint) map[string]string) []endpoints.Endpoint {
	out := slices.Clone(in)
	for i := range out {
		if out[i].AllLabels != nil {
			out[i].Labels = of(out[i])
		}
	}
	return out
}

// selections are what a policy's selectors require of pods: of those that it selects and of its
// peers, each with the ports that rules name there.
func (p *compiled) selections(namespace string) []endpoints.Selection {
	subject := endpoints.Selection{Requirements: append(endpoints.InNamespace(namespace), endpoints.RequirementsOf(p.source, endpoints.PodLabel)...)}
	var out []endpoints.Selection
	for _, r := range p.rules[flow.Ingress] {
		subject.Ports = append(subject.Ports, r.named()...)
		out = append(out, r.selections(nil)...)
	}
	for _, r := range p.rules[flow.Egress] {
		// They may be the names of a pod that no selector selects.
		out = append(out, endpoints.Selection{Ports: r.named()})
		out = append(out, r.selections(r.named())...)
	}
	return append(out, subject)
}

// selections are what a rule's peers require of pods, and the ports that the rule names there.
func (r *rule) selections(ports []endpoints.NamedPort) []endpoints.Selection {
	var out []endpoints.Selection
	for _, p := range r.peers {
		if p.block != nil {
			continue
		}
		where := endpoints.InNamespace(p.namespace)
		if p.namespaces != nil {
			where = endpoints.RequirementsOf(*p.source.NamespaceSelector, endpoints.NamespaceLabel)
		}
		pods := endpoints.RequirementsOf(endpoints.SelectorOf(p.source.PodSelector), endpoints.PodLabel)
		out = append(out, endpoints.Selection{Requirements: append(where, pods...), Ports: ports})
	}
	return out
}

// named returns the ports that a rule names.
func (r *rule) named() []endpoints.NamedPort {
	var out []endpoints.NamedPort
	for _, p := range r.ports {
		if p.name != "" {
			out = append(out, endpoints.NamedPort{Name: p.name, Protocol: p.protocol})
		}
	}
	return out
}

// all is everything that is known, each endpoint once.
func (e *Engine) all() []endpoints.Endpoint {
	out := slices.Clone(e.pods)
	for _, o := range e.others {
		ep := o.endpoint
		ep.Entities = nil
		if n := len(out); n == 0 || out[n-1].Name != ep.Name {
			out = append(out, ep)
		}
	}
	return out
}

// learn adds networks and addresses that are known from other sources than the policies.
func (e *Engine) learn(s endpoints.Environment) error {
	for _, c := range s.CIDRs {
		p, err := parseNetwork(c)
		if err != nil {
			return err
		}
		e.networks = append(e.networks, p)
	}
	e.networks.sort()
	elsewhere, err := e.cluster.addressesOf(s.Known)
	e.addresses = append(e.addresses, elsewhere...)
	return err
}
