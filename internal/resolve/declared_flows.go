package resolve

import (
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/internal/policy"
)

// recordFlow lists a declared flow. A flow of the profile counts once for all tenants. It is
// inactive if it is inactive for each of them.
func (r *resolver) recordFlow(f *declaredFlow, off bool) {
	at, known := r.flowIndex[f.reason]
	if !known {
		at = len(r.fence.Flows)
		r.flowIndex[f.reason] = at
		r.fence.Flows = append(r.fence.Flows, policy.DeclaredFlow{Reason: f.reason, NotGenerated: true})
	}
	r.fence.Flows[at].NotGenerated = r.fence.Flows[at].NotGenerated && off
}

// recordGrants records the peers of a flow that are in no policy.
func (r *resolver) recordGrants(f *declaredFlow) {
	for i, p := range f.peers {
		at := f.peersPath().Index(i).String()
		if r.appliesTo(f, p) && !slices.ContainsFunc(f.granted, func(e resolvedPeer) bool { return strings.HasPrefix(e.path.String(), at) }) {
			f.partial = true
		}
	}
	if at, known := r.flowIndex[f.reason]; known && f.partial {
		r.fence.Flows[at].PartlyGenerated = true
	}
}

// recordConsent records the flows of sources that have a flow of the destination in policies.
func (r *resolver) recordConsent(f *declaredFlow, agreed []policy.Grant) {
	d := &r.fence.Flows[r.flowIndex[f.reason]]
	for _, g := range agreed {
		if g.Source != nil && !slices.Contains(d.ConsentingFlows, g.Source.Reason) {
			d.ConsentingFlows = append(d.ConsentingFlows, g.Source.Reason)
		}
	}
}
