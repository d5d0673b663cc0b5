package reach

import (
	"cmp"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
)

// access collects what policies allow at the pods and nodes of each owner.
type access struct {
	order []*accessOfOwner
	at    map[string]*accessOfOwner
	// deployed has the owners, with their namespace, that have a pod or node in the build.
	deployed map[string]bool
}

// accessOfOwner is an Access, with one range of ports.
type accessOfOwner struct {
	report.Access
	policies        flow.Policies
	subjects, peers orderedSet
	// sets are those of the peers.
	sets           map[*flow.PeerSet]bool
	representative bool
}

// add adds the openings of one pod or node in one direction.
func (a *access) add(v view, openings []flow.Opening) {
	if a.at == nil {
		a.at, a.deployed = map[string]*accessOfOwner{}, map[string]bool{}
	}
	owner := accessOwner(v.owner)
	if !v.subject.Representative {
		a.deployed[owner+" "+v.subject.Namespace] = true
	}
	for _, o := range openings {
		ports := o.Ports
		key := endpoints.JSONKey([]any{owner, v.subject.Namespace, v.direction, v.subject.Representative, ports, o.L7, o.Policies})
		at := a.at[key]
		if at == nil {
			at = &accessOfOwner{sets: map[*flow.PeerSet]bool{}, representative: v.subject.Representative, Access: report.Access{
				Owner: owner, Namespace: v.subject.Namespace, Direction: v.direction, Ports: []flow.PortRange{ports}, L7: o.L7, Policies: o.Policies.Names(),
			}, policies: o.Policies}
			a.at[key] = at
			a.order = append(a.order, at)
		}
		at.subjects.add(v.subject.Name)
		if !at.sets[o.Peers] {
			at.sets[o.Peers] = true
			for peer := range o.Peers.All() {
				at.peers.add(peer.Name)
			}
		}
	}
}

func accessOwner(o *policy.Owner) string {
	switch {
	case o == nil:
		return "unclaimed"
	case o.IsNodes():
		return o.String()
	}
	return v1alpha1.KindTenant + "/" + o.Name
}

// list returns the access of each owner: of its pods in the build or, without one, of representative
// pods. Ranges of ports with the same subjects, peers and policies are joined.
func (a *access) list(reasons map[flow.PolicyID][]string) []report.Access {
	out := []report.Access{}
	joined := map[string]int{}
	for _, at := range a.order {
		if at.representative && a.deployed[at.Owner+" "+at.Namespace] {
			continue
		}
		one := at.Access
		one.Subjects, one.Peers = slices.Sorted(slices.Values(at.subjects.list)), slices.Sorted(slices.Values(at.peers.list))
		key := endpoints.JSONKey([]any{one.Owner, one.Namespace, one.Direction, one.Subjects, one.Peers, one.L7, at.policies})
		if i, ok := joined[key]; ok {
			out[i].Ports = append(out[i].Ports, one.Ports...)
			continue
		}
		joined[key] = len(out)
		for _, id := range at.policies {
			one.DeclaredBy = append(one.DeclaredBy, reasons[id]...)
		}
		slices.Sort(one.DeclaredBy)
		one.DeclaredBy = slices.Compact(one.DeclaredBy)
		out = append(out, one)
	}
	for i := range out {
		slices.SortFunc(out[i].Ports, comparePortRanges)
	}
	slices.SortStableFunc(out, compareAccess)
	return out
}

func comparePortRanges(a, b flow.PortRange) int {
	return cmp.Or(cmp.Compare(a.Protocol, b.Protocol), cmp.Compare(a.First, b.First), cmp.Compare(a.Last, b.Last))
}

func compareAccess(a, b report.Access) int {
	return cmp.Or(
		cmp.Compare(a.Owner, b.Owner), cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Direction, b.Direction),
		slices.Compare(a.Policies, b.Policies), comparePortRanges(a.Ports[0], b.Ports[0]), strings.Compare(a.L7.String(), b.L7.String()),
		slices.Compare(a.Subjects, b.Subjects), slices.Compare(a.Peers, b.Peers),
	)
}
