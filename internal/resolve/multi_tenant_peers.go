package resolve

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/internal/policy"
)

// classes are the peers that stand for several tenants, with what became of each tenant.
type classes struct {
	*resolver
	// at finds a peer by its resource and field, order has them as they first appear. A flow
	// of the profile's every is one of each tenant, and its peer is one.
	at    map[string]*classPeer
	order []*classPeer
}

// classPeer is one peer of that kind.
type classPeer struct {
	flow  *flow
	path  *field.Path
	among class
	// pairs are the tenants at the two sides of the peer, each with whether the peer allows
	// the flow between them. open are those at the other side of pairs that it allows.
	pairs map[[2]string]bool
	open  []string
	// partly are those of open that declare a part of the flow.
	partly []string
	// others reports whether the peer also allows pods of no other tenant.
	others bool
	// unsure reports that one side was refused, so that consent is unknown.
	unsure  bool
	lacking []lack
}

// lack is a tenant that does not declare its side: what it does not do, and what it needs.
type lack struct {
	tenant, does, needs string
	// shares reports whether its namespaces are shared: the peer may select its pods there.
	shares bool
}

// side is what the tenant at the other side of a flow has to declare.
func side(f *flow) string { return "the " + string(f.direction.Opposite()) + " side of this flow" }

// counts reports whether the tenants of a class are counted, and not named one by one.
func (f *flow) counts(among class) bool { return among == anyTenant || f.ofProfile && among.all() }

// expect adds the peers of a flow that stand for all tenants, also where none has the pods.
// Nodes need no consent: for them it is enough that there are pods.
func (c *classes) expect(f *flow) {
	for i, p := range f.peers {
		at := f.peersPath().Index(i)
		switch {
		case !p.AnyTenant || f.broken:
		case f.node == "":
			c.peer(f, end{among: anyTenant, path: at})
		case !slices.ContainsFunc(f.ends, func(e end) bool { return e.path.String() == at.String() }):
			c.warnNoPods(f, at)
		}
	}
}

func (c *classes) warnNoPods(f *flow, at *field.Path) {
	c.warn("any-tenant-unused", f.ref, at, "no other tenant has such pods in the build, so this peer is in no policy: correct pods, declare the pods as inventory, or remove the peer")
}

// peer is the one that an end is of. Nil: it stands for no class of tenants.
func (c *classes) peer(f *flow, e end) *classPeer {
	if f.node != "" {
		return nil
	}
	key := policy.Key([]any{f.ref, e.path.String()})
	p := c.at[key]
	if p == nil && e.among != named {
		p = &classPeer{flow: f, path: e.path, among: e.among, pairs: map[[2]string]bool{}}
		c.at[key] = p
		c.order = append(c.order, p)
	}
	return p
}

func (c *classes) granted(f *flow, e end) {
	p := c.peer(f, e)
	switch other := c.ownerOf(e.peer); {
	case p == nil:
	case other == nil || other == f.tenant || e.among == named:
		p.others = true
	default:
		p.join(f, other)
	}
}

func (c *classes) agreed(f *flow, e end, agreed []policy.Grant) {
	p := c.peer(f, e)
	if p == nil {
		return
	}
	p.join(f, e.tenant)
	if f.counts(e.among) && !slices.Contains(p.partly, e.tenant.Name) && !c.covered(f, e, agreed) {
		p.partly = append(p.partly, e.tenant.Name)
	}
}

func (c *classes) broken(f *flow, e end) {
	if p := c.peer(f, e); p != nil {
		p.unsure = true
	}
}

func (c *classes) missing(f *flow, e end, does string) {
	p := c.peer(f, e)
	p.meet(f, e.tenant)
	if f.counts(e.among) && len(p.lacking) > 0 {
		// Of those that are counted, one is the example.
		return
	}
	l := lack{tenant: e.tenant.Name, shares: e.tenant.Shares(), does: does, needs: fmt.Sprintf("needs %s in its spec.%s", otherHalf(f, e), f.direction.Opposite())}
	if whose, mistaken := c.mistakenPorts(f, e); whose != nil {
		l.needs = fmt.Sprintf("must use the pods' port: in %s, %s", whose.reason, mistaken)
	}
	if !slices.Contains(p.lacking, l) {
		p.lacking = append(p.lacking, l)
	}
}

// meet adds two tenants at the two sides of the peer.
func (p *classPeer) meet(f *flow, other *tenant) {
	pair := [2]string{f.tenant.Name, other.Name}
	if _, known := p.pairs[pair]; !known {
		p.pairs[pair] = false
	}
}

// join adds two tenants between which the peer allows the flow.
func (p *classPeer) join(f *flow, other *tenant) {
	pair := [2]string{f.tenant.Name, other.Name}
	if !p.pairs[pair] {
		p.pairs[pair] = true
		p.open = append(p.open, other.Name)
	}
}

// report names, for each peer, the tenants that it leaves out, or how many pairs it opens.
func (c *classes) report() {
	for _, p := range c.order {
		switch f := p.flow; {
		case f.ofProfile && (f.mesh || !p.among.all()):
			if len(p.open) > 0 || f.mesh {
				c.say(policy.Info, "mesh", f.ref, p.path, "opens %s without the other tenant's consent", pairs(len(p.open)))
			}
		case !f.counts(p.among):
			c.reportLacking(p)
		case len(p.open) == 0 && !p.unsure:
			c.reportUnused(p)
		case f.ofProfile:
			c.say(policy.Info, "any-tenant", f.ref, p.path, "opens %s of %d: in each, the other tenant declares %s%s", pairs(len(p.open)), len(p.pairs), side(f), p.parts())
		default:
			c.say(policy.Info, "any-tenant", f.ref, p.path, "%d of %d other tenants with such pods declare %s: %s%s", len(p.open), len(p.pairs), side(f), strings.Join(p.open, ", "), p.parts())
		}
	}
}

// parts names the tenants that declare a part.
func (p *classPeer) parts() string {
	if len(p.partly) == 0 {
		return ""
	}
	return "; of these, a part of it: " + strings.Join(p.partly, ", ")
}

func pairs(n int) string {
	if n == 1 {
		return "1 pair of tenants"
	}
	return fmt.Sprintf("%d pairs of tenants", n)
}

// reportUnused reports that no tenant takes part.
func (c *classes) reportUnused(p *classPeer) {
	policies := "so this peer is in no policy"
	if p.others {
		policies = "so the flow leaves all of them out"
	}
	mesh := ""
	if p.flow.ofProfile {
		mesh = "; if it is for all tenants, whether they declare it or not, set mesh: true"
	}
	if len(p.pairs) == 0 {
		if !p.others {
			c.warnNoPods(p.flow, p.path)
		}
		return
	}
	l := p.lacking[0]
	c.warn("any-tenant-unused", p.flow.ref, p.path, "no other tenant declares %s, %s: Tenant %q, for instance, %s%s", side(p.flow), policies, l.tenant, l.needs, mesh)
}

// reportLacking names the tenants that the peer leaves out, those together that lack the
// same. Where none is left, that is an error.
func (c *classes) reportLacking(p *classPeer) {
	severity := policy.Warning
	if !p.others && len(p.open) == 0 && !p.unsure {
		severity = policy.Error
	}
	for len(p.lacking) > 0 {
		first := p.lacking[0]
		same := func(l lack) bool { return l.does == first.does && l.needs == first.needs && l.shares == first.shares }
		var names []string
		for _, l := range p.lacking {
			if same(l) {
				names = append(names, l.tenant)
			}
		}
		p.lacking = slices.DeleteFunc(p.lacking, same)
		c.say(severity, "no-consent", p.flow.ref, p.path, "%s", first.sentence(names, p.among, severity))
	}
}

// sentence reports it for all tenants that lack the same.
func (l lack) sentence(names []string, among class, severity policy.Severity) string {
	who, has, not, it, them := "Tenant", "has", "does not", "it", "it"
	if len(names) > 1 {
		who, has, not, it, them = "Tenants", "have", "do not", "each", "them"
	}
	out := who + " " + quoted(names) + " "
	if have := map[class]string{sharing: "some of these pods", labelled: "namespaces with these labels"}[among]; have != "" {
		out += has + " " + have + " and "
	}
	out += not + " " + l.does
	switch {
	case severity == policy.Error:
	case l.shares:
		out += ", so its own policies do not allow the flow"
	default:
		out += ", so the flow leaves " + them + " out"
	}
	return out + ": " + it + " " + l.needs
}

// lacks is what a tenant does not do: worded for it alone, and for one of several.
type lacks struct{ alone, among string }

// lacksConsent reports what the tenant at one side of a flow must declare, and what it
// declares instead.
func (r *resolver) lacksConsent(f *flow, e end, does lacks, c *classes) {
	if r.index.Partial || r.brokenHalf(f, e) {
		c.broken(f, e)
		return
	}
	if e.among != named {
		c.missing(f, e, does.among)
		return
	}
	if whose, mistaken := r.mistakenPorts(f, e); whose != nil {
		r.refuse("no-consent", f.ref, e.path, "Tenant %q %s: in %s, %s, on which policies are decided: write that there, or name the Service as the peer", e.tenant.Name, does.alone, whose.reason, mistaken)
		return
	}
	r.refuse("no-consent", f.ref, e.path, "Tenant %q %s: it needs %s in its spec.%s", e.tenant.Name, does.alone, otherHalf(f, e), f.direction.Opposite())
}
