package resolve

import (
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
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
