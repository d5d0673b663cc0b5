package policy

import "slices"

// TenantFlows are the granted flows of a tenant, under the names that their declarations give them.
type TenantFlows struct {
	Tenant *Tenant
	// Reaches are the flows from the tenant's pods, and ReachedBy those to them. Both are in the
	// order of the grants.
	Reaches, ReachedBy []NamedFlow
	// Exceptions describe what the tenant does not have of the baseline, and what it fences in part.
	Exceptions []string
}

// NamedFlow is a declared flow with its peers.
type NamedFlow struct {
	Name string
	// Via is the egress point whose pods connect. Empty: the tenant's own pods connect.
	Via string
	// Peers are tenants, namespaces, entities, networks and names.
	Peers []string
	// Ports are the destination ports. Empty: every port.
	Ports []Port
}

// FlowsByTenant returns the flows of each tenant. The baseline is not part of them.
func (f *Fence) FlowsByTenant() []TenantFlows {
	out := make([]TenantFlows, len(f.Tenants))
	at := map[string]*TenantFlows{}
	for i := range f.Tenants {
		out[i].Tenant = &f.Tenants[i]
		at[f.Tenants[i].Name] = &out[i]
	}
	for _, g := range f.Grants {
		if t := at[f.connectingTenant(g)]; t != nil {
			t.Reaches = addFlow(t.Reaches, flowName(g, g.Source, g.Destination), via(g), f.peerNames(g.To), g.Ports)
		}
		if owner := f.OwnerOf(g.To); owner != nil && g.To.Kind == Pods {
			from := f.peerNames(g.From)
			if via(g) != "" {
				from = []string{g.Source.Tenant}
			}
			t := at[owner.Name]
			t.ReachedBy = addFlow(t.ReachedBy, flowName(g, g.Destination, g.Source), via(g), from, g.Ports)
		}
	}
	return out
}

// connectingTenant is the tenant whose flow a grant is, seen from the source.
func (f *Fence) connectingTenant(g Grant) string {
	if via(g) != "" {
		return g.Source.Tenant
	}
	if owner := f.OwnerOf(g.From); owner != nil && g.From.Kind == Pods {
		return owner.Name
	}
	return ""
}

func via(g Grant) string {
	if g.Source == nil {
		return ""
	}
	return g.Source.Via
}

// flowName is the name in the declaration of a side or, without one, of the other side.
func flowName(g Grant, own, other *Declaration) string {
	for _, d := range []*Declaration{own, other} {
		if d != nil && d.Flow != "" {
			return d.Flow
		}
	}
	return string(g.Family)
}

func addFlow(flows []NamedFlow, name, via string, peers []string, ports []Port) []NamedFlow {
	i := slices.IndexFunc(flows, func(o NamedFlow) bool { return o.Name == name && o.Via == via && slices.Equal(o.Ports, ports) })
	if i < 0 {
		return append(flows, NamedFlow{Name: name, Via: via, Peers: peers, Ports: ports})
	}
	for _, p := range peers {
		if !slices.Contains(flows[i].Peers, p) {
			flows[i].Peers = append(flows[i].Peers, p)
		}
	}
	return flows
}

// peerNames names a peer as its author would: by its tenant, namespace, entity, network or name.
func (f *Fence) peerNames(p Peer) []string {
	switch p.Kind {
	case Entities:
		var out []string
		for _, e := range p.Entities {
			out = append(out, string(e))
		}
		return out
	case CIDRs:
		return slices.Clone(p.CIDRs)
	case FQDNs:
		return slices.Clone(p.FQDNs)
	case Nodes:
		return []string{"nodes " + p.Node}
	}
	owner := f.OwnerOf(p)
	switch {
	case owner != nil:
		return []string{owner.Name}
	case p.Namespace != "":
		return []string{p.Namespace}
	case len(p.NamespaceLabels) > 0:
		return []string{"namespaces " + FormatLabels(p.NamespaceLabels)}
	}
	return []string{"every namespace"}
}
