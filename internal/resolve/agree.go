package resolve

import (
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// agreePass is the pass agree.
type agreePass struct {
	pass
	// claimed has all flows. flows are those that are not off.
	claimed *claimPass
	flows   []*declaredFlow
	// grants are in the order of flows.
	grants []neutralGrant
	// declared are the declared flows of the fence, and flowIndex finds one.
	declared  []policy.DeclaredFlow
	flowIndex map[report.Reason]int
	// multiTenantPeers are the peers that represent several tenants, by resource and field, and
	// order has them as they first appear. A flow of allTenants is one of each tenant, and its
	// peer is listed once.
	multiTenantPeers map[string]*multiTenantPeer
	order            []*multiTenantPeer
}

// neutralGrant is what one flow allows, before it has the form of policies: with one of its peers or,
// by consent of the other side, between pods.
type neutralGrant struct {
	flow   *declaredFlow
	peer   resolvedPeer
	agreed []policy.Grant
}

// agree grants flows that need no consent, and flows that two tenants declare.
func agree(claimed *claimPass) *agreePass {
	r := &agreePass{pass: pass{facts: claimed.facts}, claimed: claimed, flowIndex: map[report.Reason]int{}, multiTenantPeers: map[string]*multiTenantPeer{}}
	for _, f := range claimed.flows {
		r.recordFlow(f)
	}
	r.flows = activeFlows(claimed.flows)
	for _, t := range r.tenants {
		t.flows = activeFlows(t.flows)
		r.refuseTLSConflict(t)
	}
	for f := range r.refuseSplitWorld(r.flows) {
		f.outcome = refused
	}
	r.refuseShadowedDNS()
	for _, f := range r.flows {
		r.grantFlow(f)
	}
	r.reportPeers()
	return r
}

func activeFlows(flows []*declaredFlow) []*declaredFlow {
	return slices.DeleteFunc(slices.Clone(flows), func(f *declaredFlow) bool { return f.outcome.off() })
}

func (r *agreePass) grantFlow(f *declaredFlow) {
	r.expect(f)
	for _, e := range f.resolvedPeers {
		switch {
		case e.tenant == nil:
			e = r.withoutUndeclared(f, e)
			r.grants = append(r.grants, neutralGrant{flow: f, peer: e})
			r.recordGranted(f, e)
			f.granted = append(f.granted, e)
		case r.grantByConsent(f, e):
			f.granted = append(f.granted, e)
		case !f.isCounted(e.group):
			f.partial = true
		}
	}
	r.recordGrants(f)
}

// recordFlow lists a declared flow. A flow of the profile counts once for all tenants. It is
// inactive if it is inactive for each of them.
func (r *agreePass) recordFlow(f *declaredFlow) {
	at, known := r.flowIndex[f.reason]
	if !known {
		at = len(r.declared)
		r.flowIndex[f.reason] = at
		r.declared = append(r.declared, policy.DeclaredFlow{Reason: f.reason, NotGenerated: true})
	}
	r.declared[at].NotGenerated = r.declared[at].NotGenerated && f.outcome.off()
}

// recordGrants records the peers of a flow that are in no policy.
func (r *agreePass) recordGrants(f *declaredFlow) {
	for i, p := range f.peers {
		at := f.peersPath().Index(i).String()
		if r.appliesTo(f, p) && !slices.ContainsFunc(f.granted, func(e resolvedPeer) bool { return strings.HasPrefix(e.path.String(), at) }) {
			f.partial = true
		}
	}
	if at, known := r.flowIndex[f.reason]; known && f.partial {
		r.declared[at].PartlyGenerated = true
	}
}

// recordConsent records the flows of sources that have a flow of the destination in policies.
func (r *agreePass) recordConsent(f *declaredFlow, agreed []policy.Grant) {
	d := &r.declared[r.flowIndex[f.reason]]
	for _, g := range agreed {
		if g.Source != nil && !slices.Contains(d.ConsentingFlows, g.Source.Reason) {
			d.ConsentingFlows = append(d.ConsentingFlows, g.Source.Reason)
		}
	}
}

// l7Summary lists the L7 rules of grants.
func l7Summary(grants []policy.Grant) string {
	var out []string
	for _, g := range grants {
		if summary := g.L7.String(); summary != "" && !slices.Contains(out, summary) {
			out = append(out, summary)
		}
	}
	return strings.Join(out, "; ")
}

// covered reports whether the grants allow all of a flow with a peer.
func (r *agreePass) covered(f *declaredFlow, e resolvedPeer, agreed []policy.Grant) bool {
	return coversL7(f.l7, agreed, func(agreed []policy.Grant) bool { return r.coveredPods(f, e, agreed) })
}

func (r *agreePass) coveredPods(f *declaredFlow, e resolvedPeer, agreed []policy.Grant) bool {
	for _, own := range f.own {
		source, destination := own, e.peer
		if f.direction == flow.Ingress {
			source, destination = e.peer, own
		}
		c := r.newCoverage(source, destination, f.portsOf(e), agreed)
		destinations := r.pods(destination)
		for _, s := range r.pods(source) {
			for _, d := range destinations {
				if !c.covers(s, d) {
					return false
				}
			}
		}
	}
	return true
}

// pods are the pods of a peer in the build, or an example that the peer selects.
func (r *facts) pods(p policy.Peer) []*resource.Workload {
	if in := r.index.WorkloadsIn(p.Namespace, p.Pods); len(in) > 0 {
		return in
	}
	return []*resource.Workload{{Labels: endpoints.ExampleLabels(p.Pods)}}
}

// coverage decides whether agreed grants allow some ports between pods of two peers.
type coverage struct {
	ports  []flow.Port
	agreed []agreedPorts
}

// agreedPorts are the ports of a grant between the two peers, with numbers for names.
type agreedPorts struct {
	policy.Grant
	ports []flow.Port
}

func (r *agreePass) newCoverage(from, to policy.Peer, ports []flow.Port, agreed []policy.Grant) coverage {
	out := coverage{ports: r.resolvePortNames(ports, to)}
	for _, g := range agreed {
		if g.From.Namespace == from.Namespace && g.To.Namespace == to.Namespace {
			out.agreed = append(out.agreed, agreedPorts{g, r.resolvePortNames(g.Ports, to)})
		}
	}
	return out
}

// covers reports whether the grants allow all of the ports between two pods.
func (c coverage) covers(s, d *resource.Workload) bool {
	var have []flow.Port
	for _, g := range c.agreed {
		if !endpoints.Selects(g.From.Pods, s.Labels) || !endpoints.Selects(g.To.Pods, d.Labels) {
			continue
		}
		if len(g.ports) == 0 {
			return true
		}
		have = append(have, g.ports...)
	}
	return len(c.ports) > 0 && !slices.ContainsFunc(c.ports, func(p flow.Port) bool { return !p.CoveredBy(have) })
}

// coversL7 reports whether grants allow every L7 rule of a flow: covers receives, for each rule, the
// grants that allow it.
func coversL7(l7 flow.L7, agreed []policy.Grant, covers func([]policy.Grant) bool) bool {
	for _, part := range l7.Split() {
		uncovered := func(g policy.Grant) bool {
			common, ok := flow.CommonL7(part, g.L7)
			return !ok || !common.Equal(part)
		}
		if !covers(slices.DeleteFunc(slices.Clone(agreed), uncovered)) {
			return false
		}
	}
	return true
}

// A namespace that is fenced in part has pods with and without a tenant. One rule for all of them also
// includes those of tenants, so it depends on their consent.

// includesPods reports whether a rule for pods without a tenant includes those of another peer, which
// needs consent.
func (r *agreePass) includesPods(rule, e resolvedPeer) bool {
	switch {
	case rule.tenant != nil || e.tenant == nil || rule.peer.Kind != policy.Pods || r.ownerOf(rule.peer) != nil || rule.path.String() != e.path.String():
		return false
	case rule.peer.Namespace == "":
		return r.isPartial(e.peer.Namespace)
	default:
		return rule.peer.Namespace == e.peer.Namespace
	}
}

// deniesItself reports whether the policies of a peer's tenant deny what the tenant does not declare.
// In its own namespace, which looks like a wholly fenced one to others, they do not count.
func (r *agreePass) deniesItself(e resolvedPeer) bool {
	return r.isShared(e.peer.Namespace) && e.tenant.Enforcement == v1alpha1.Enforce
}

// isIncluded reports whether a rule for a namespace includes the pods of a peer that needs consent,
// and nothing denies the flow with them.
func (r *agreePass) isIncluded(f *declaredFlow, e resolvedPeer) bool {
	return !r.deniesItself(e) && slices.ContainsFunc(f.resolvedPeers, func(rule resolvedPeer) bool { return rule.peer.Namespace != "" && r.includesPods(rule, e) })
}

// withoutUndeclared excludes namespaces from a rule by labels: those with pods of a tenant that does
// not declare all of the flow, if nothing denies the rest.
func (r *agreePass) withoutUndeclared(f *declaredFlow, rule resolvedPeer) resolvedPeer {
	if rule.peer.Namespace != "" {
		return rule
	}
	excluded := slices.Clone(rule.peer.ExcludedNamespaces)
	for _, e := range f.resolvedPeers {
		if !r.includesPods(rule, e) || r.deniesItself(e) {
			continue
		}
		if agreed, _ := r.agreements(f, e); !r.covered(f, e, agreed) {
			excluded = append(excluded, e.peer.Namespace)
		}
	}
	slices.Sort(excluded)
	rule.peer.ExcludedNamespaces = slices.Compact(excluded)
	return rule
}

// describePods names the workloads of a peer that needs consent.
func (r *agreePass) describePods(e resolvedPeer) string {
	out := texts(r.index.WorkloadsIn(e.peer.Namespace, e.peer.Pods), func(w *resource.Workload) string { return w.Ref.Kind + "/" + w.Ref.Name })
	if len(out) == 0 {
		return endpoints.FormatLabels(e.peer.Pods.MatchLabels)
	}
	return truncatedList(out)
}
