package policy

import (
	"slices"

	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/report"
)

// FlowsByTenant returns the flows of each tenant. The baseline is not part of them.
func (f *Fence) FlowsByTenant() []report.TenantFlows {
	out := make([]report.TenantFlows, len(f.tenants))
	at := map[string]*report.TenantFlows{}
	for i, t := range f.tenants {
		out[i] = report.TenantFlows{Tenant: t.Name, Namespaces: t.Namespaces, Enforcement: t.Enforcement}
		at[t.Name] = &out[i]
	}
	for _, g := range f.Grants {
		if t := at[f.connectingTenant(g)]; t != nil {
			t.Reaches = addFlow(t.Reaches, flowName(g, g.Source, g.Destination), via(g), f.peerNames(g.To), g.Ports)
		}
		if owner := f.OwnerOf(g.To); owner != nil && g.To.Kind == Pods {
			from := f.peerNames(g.From)
			if via(g) != "" {
				from = []string{g.Source.Owner}
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
		return g.Source.Owner
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

func addFlow(flows []report.NamedFlow, name, via string, peers []string, ports []flow.Port) []report.NamedFlow {
	i := slices.IndexFunc(flows, func(o report.NamedFlow) bool { return o.Name == name && o.Via == via && slices.Equal(o.Ports, ports) })
	if i < 0 {
		return append(flows, report.NamedFlow{Name: name, Via: via, Peers: peers, Ports: ports})
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
		return []string{"nodes " + p.Owner}
	}
	owner := f.OwnerOf(p)
	switch {
	case owner != nil:
		return []string{owner.Name}
	case p.Namespace != "":
		return []string{p.Namespace}
	case len(p.NamespaceLabels) > 0:
		return []string{"namespaces " + endpoints.FormatLabels(p.NamespaceLabels)}
	}
	return []string{"every namespace"}
}
