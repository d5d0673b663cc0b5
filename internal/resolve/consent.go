package resolve

import (
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// grantFlows grants what needs nobody's consent, and what two tenants agree on.
func (r *resolver) grantFlows() {
	c := classes{resolver: r, at: map[string]*classPeer{}}
	for _, f := range r.flows {
		c.expect(f)
		for _, e := range f.ends {
			switch {
			case e.tenant == nil:
				r.grant(f, e)
				c.granted(f, e)
				f.granted = append(f.granted, e)
			case r.grantAgreed(f, e, &c):
				f.granted = append(f.granted, e)
			case !f.counts(e.among):
				f.partly = true
			}
		}
		r.accountGrants(f)
	}
	c.report()
}

// grant gives a flow its one end, as the policies will say it.
func (r *resolver) grant(f *flow, e end) {
	if r.twin && f.broken {
		return
	}
	if e.peer.Kind == policy.FQDNs && r.kubernetes() {
		r.grantNames(f, e)
		return
	}
	for _, e := range r.inForm(f, e) {
		for _, own := range f.own {
			r.give(f, grantOf(f, own, e))
		}
	}
}

func grantOf(f *flow, own policy.Peer, e end) policy.Grant {
	g := policy.Grant{Family: policy.EastWest, Ports: f.portsOf(e), L7: f.l7, Names: e.names}
	if e.peer.Kind == policy.FQDNs || len(e.names) > 0 {
		g.Family = policy.FQDNEgress
	}
	if f.direction == policy.Egress {
		g.From, g.To, g.Source = own, e.peer, f.declaration()
	} else {
		g.From, g.To, g.Destination = e.peer, own, f.declaration()
	}
	return g
}

// give adds grants to the fence, each with the ports as its source must say them.
func (r *resolver) give(f *flow, grants ...policy.Grant) {
	for _, g := range grants {
		g.SourcePorts = r.sourcePorts(f, g)
		r.fence.Grants = append(r.fence.Grants, g)
	}
}

// grantAgreed grants what the two tenants at the ends of a flow both say. Each pair
// of flows is granted once, from the source's side.
// It reports whether they agree on anything.
func (r *resolver) grantAgreed(f *flow, e end, c *classes) bool {
	if r.twin && f.broken || f.tls != nil {
		// Of TLS no two tenants agree, which is refused already.
		return false
	}
	agreed, differ := r.agreements(f, e)
	if len(agreed) == 0 {
		does := lacks{"does not declare the other side of this flow", "declare " + side(f)}
		if differ {
			does = lacks{"declares the other side of this flow with different rules in http or dns, none of them equal", "declare the same rules in http or dns"}
		}
		r.lacksConsent(f, e, does, c)
		return false
	}
	if f.direction == policy.Egress {
		r.give(f, agreed...)
	} else {
		r.accountAgreed(f, agreed)
	}
	c.agreed(f, e, agreed)
	r.sayPart(f, e, agreed)
	return true
}

// sayPart reports where two tenants agree on a part of a flow. For peers of all tenants,
// they are counted.
func (r *resolver) sayPart(f *flow, e end, agreed []policy.Grant) {
	severity := policy.Info
	if f.direction == policy.Egress {
		severity = policy.Warning
	}
	switch {
	case f.counts(e.among) || r.covered(f, e, agreed):
		return
	case f.l7.All() && r.coveredPods(f, e, agreed):
		r.say(policy.Info, "partial-consent", f.ref, e.path, "Tenant %q narrows this flow by what is spoken, and what both ends let pass is allowed: %s; to show it here too, say the same", e.tenant.Name, spokenIn(agreed))
	default:
		r.say(severity, "partial-consent", f.ref, e.path, "Tenant %q agrees to a part of this flow only, and that part is allowed: for all of it, it needs %s in its spec.%s", e.tenant.Name, otherHalf(f, e), f.direction.Opposite())
	}
	f.partly = true
}

// spokenIn is what grants let pass of what is spoken.
func spokenIn(grants []policy.Grant) string {
	var out []string
	for _, g := range grants {
		if said := g.L7.String(); said != "" && !slices.Contains(out, said) {
			out = append(out, said)
		}
	}
	return strings.Join(out, "; ")
}

// agreements are what the tenant at an end of a flow agrees to, and whether a flow of
// its differs in nothing but what is spoken.
func (r *resolver) agreements(f *flow, e end) (agreed []policy.Grant, differ bool) {
	for _, other := range e.tenant.flows {
		if other.direction == f.direction || other.via != "" {
			continue
		}
		l7, ok := commonL7(f.l7, other.l7)
		for _, back := range other.ends {
			if f.ofProfile && other.ofProfile && back.among.all() {
				// The profile's two flows are about all tenants: neither is a tenant's consent.
				continue
			}
			grants := r.agree(f, e, other, back)
			if !ok {
				differ = differ || len(grants) > 0
				continue
			}
			for i := range grants {
				grants[i].L7 = l7
			}
			agreed = append(agreed, grants...)
		}
	}
	return agreed, differ
}

// brokenHalf says whether the other half of a flow may be there, but something about
// one of the halves was refused: then that is what there is to say.
func (r *resolver) brokenHalf(f *flow, e end) bool {
	return len(f.own) == 0 || slices.ContainsFunc(e.tenant.flows, func(other *flow) bool {
		return other.broken && other.direction != f.direction && slices.ContainsFunc(other.peers, func(p v1alpha1.Peer) bool {
			return p.AnyTenant || p.Tenant == f.tenant.Name || p.NamespaceLabels != nil ||
				slices.Contains(f.tenant.Namespaces, p.Namespace) || strings.Contains(p.Service, "/")
		})
	})
}

// agree returns what the end e of flow f and the end back of flow other have in
// common, whatever is spoken.
func (r *resolver) agree(f *flow, e end, other *flow, back end) []policy.Grant {
	var out []policy.Grant
	for _, mine := range f.own {
		if back.peer.Kind != policy.Pods || back.peer.Namespace != mine.Namespace {
			continue
		}
		for _, theirs := range other.own {
			if theirs.Namespace != e.peer.Namespace {
				continue
			}
			near, ok1 := r.common(mine, back.peer)
			far, ok2 := r.common(theirs, e.peer)
			to := far
			if f.direction == policy.Ingress {
				to = near
			}
			ports, ok3 := r.commonPorts(f.portsOf(e), other.portsOf(back), to)
			if !ok1 || !ok2 || !ok3 {
				continue
			}
			g := policy.Grant{Family: policy.EastWest, From: near, To: far, Ports: ports, Source: f.declaration(), Destination: other.declaration()}
			if f.direction == policy.Ingress {
				g.From, g.To, g.Source, g.Destination = far, near, g.Destination, g.Source
			}
			out = append(out, g)
		}
	}
	return out
}

// common are the pods that two peers in one namespace share.
func (r *resolver) common(a, b policy.Peer) (policy.Peer, bool) {
	pods, ok := policy.Both(a.Pods, b.Pods)
	if !ok {
		return policy.Peer{}, false
	}
	ok = r.index.Blind || policy.All(pods) || len(r.index.In(a.Namespace, pods)) > 0
	return policy.Peer{Kind: policy.Pods, Namespace: a.Namespace, Pods: pods, Tenant: a.Tenant}, ok
}

// commonPorts are the ports at the destination that both lists allow; an empty list
// allows every port.
func (r *resolver) commonPorts(a, b []policy.Port, to policy.Peer) ([]policy.Port, bool) {
	if len(a) == 0 {
		return b, true
	}
	if len(b) == 0 {
		return a, true
	}
	var out []policy.Port
	for _, p := range a {
		for _, q := range b {
			if o, ok := r.overlap(p, q, to); ok && !slices.Contains(out, o) {
				out = append(out, o)
			}
		}
	}
	return out, len(out) > 0
}

// covered says whether the grants leave nothing of the flow's end out.
func (r *resolver) covered(f *flow, e end, agreed []policy.Grant) bool {
	return coveringL7(f.l7, agreed, func(agreed []policy.Grant) bool { return r.coveredPods(f, e, agreed) })
}

func (r *resolver) coveredPods(f *flow, e end, agreed []policy.Grant) bool {
	for _, own := range f.own {
		source, destination := own, e.peer
		if f.direction == policy.Ingress {
			source, destination = e.peer, own
		}
		for _, s := range r.pods(source) {
			for _, d := range r.pods(destination) {
				if !r.coveredPair(s, d, source, destination, f.portsOf(e), agreed) {
					return false
				}
			}
		}
	}
	return true
}

// pods are the pods of a peer in the build; where there are none, one that it
// selects.
func (r *resolver) pods(p policy.Peer) []*resource.Workload {
	if in := r.index.In(p.Namespace, p.Pods); len(in) > 0 {
		return in
	}
	return []*resource.Workload{{Labels: policy.Example(p.Pods)}}
}

func (r *resolver) coveredPair(s, d *resource.Workload, from, to policy.Peer, ports []policy.Port, agreed []policy.Grant) bool {
	var have []policy.Port
	for _, g := range agreed {
		if g.From.Namespace != from.Namespace || g.To.Namespace != to.Namespace || !policy.Selects(g.From.Pods, s.Labels) || !policy.Selects(g.To.Pods, d.Labels) {
			continue
		}
		if len(g.Ports) == 0 {
			return true
		}
		have = append(have, r.numbered(g.Ports, to)...)
	}
	ports = r.numbered(ports, to)
	return len(ports) > 0 && !slices.ContainsFunc(ports, func(p policy.Port) bool { return !p.CoveredBy(have) })
}

// otherHalf is the flow that the other tenant would have to say, as it would write
// it.
func otherHalf(f *flow, e end) string {
	var b strings.Builder
	b.WriteString("{name: " + f.name)
	if !policy.All(e.peer.Pods) {
		b.WriteString(", pods: " + policy.Key(e.peer.Pods))
	}
	key := map[policy.Direction]string{policy.Egress: "from", policy.Ingress: "to"}[f.direction]
	b.WriteString(", " + key + ": [{tenant: " + f.tenant.Name)
	if !policy.All(f.pods) {
		b.WriteString(", pods: " + policy.Key(f.pods))
	}
	b.WriteString("}]")
	b.WriteString(portsYAML(f.portsOf(e)))
	if len(f.l7.HTTP) > 0 {
		b.WriteString(", http: " + httpYAML(f.l7.HTTP))
	}
	return b.String() + "}"
}
