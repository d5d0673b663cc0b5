package resolve

import (
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/internal/policy"
)

// account lists a declared flow. A flow of the profile is one for all tenants: it is off where
// it is for each of them.
func (r *resolver) account(f *flow, off bool) {
	at, known := r.accounted[f.reason]
	if !known {
		at = len(r.fence.Flows)
		r.accounted[f.reason] = at
		r.fence.Flows = append(r.fence.Flows, policy.DeclaredFlow{Reason: f.reason, Off: true})
	}
	r.fence.Flows[at].Off = r.fence.Flows[at].Off && off
}

// accountGrants records the peers of a flow that are in no policy.
func (r *resolver) accountGrants(f *flow) {
	for i := range f.peers {
		at := f.peersPath().Index(i).String()
		if !slices.ContainsFunc(f.granted, func(e end) bool { return strings.HasPrefix(e.path.String(), at) }) {
			f.partly = true
		}
	}
	if at, known := r.accounted[f.reason]; known && f.partly {
		r.fence.Flows[at].Partly = true
	}
}

// accountAgreed records the flows of sources that have a flow of the destination in policies.
func (r *resolver) accountAgreed(f *flow, agreed []policy.Grant) {
	d := &r.fence.Flows[r.accounted[f.reason]]
	for _, g := range agreed {
		if g.Source != nil && !slices.Contains(d.With, g.Source.Reason) {
			d.With = append(d.With, g.Source.Reason)
		}
	}
}
