package engine

import (
	"encoding/binary"
	"fmt"
	"hash/maphash"
	"maps"
	"slices"

	"github.com/cilium/cilium/pkg/identity"
	ciliumpolicy "github.com/cilium/cilium/pkg/policy"
	"github.com/cilium/cilium/pkg/policy/types"
	"github.com/cilium/cilium/pkg/u8proto"

	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
)

// The scopes of identities. All identities of a scope without entries of their own are decided alike,
// by the entries of an aggregate. Only the identity of a pod's own node is always decided by itself.
const (
	reservedScope = iota
	remoteNodes
	addresses
	thisCluster
	otherClusters
)

// scopeOf returns the scope of an identity, as the datapath aggregates it.
func scopeOf(id identity.NumericIdentity) int {
	switch {
	case id < 100:
		return reservedScope
	case id.Scope() == identity.IdentityScopeRemoteNode:
		return remoteNodes
	case id.Scope() == identity.IdentityScopeLocal:
		return addresses
	case id.ClusterID() != 0:
		return otherClusters
	}
	return thisCluster
}

// unusedIn returns an identity of a scope that no endpoint has.
func unusedIn(scope int) identity.NumericIdentity {
	const last = 1<<16 - 1
	return map[int]identity.NumericIdentity{
		reservedScope: 99, remoteNodes: identity.IdentityScopeRemoteNode + last, addresses: identity.IdentityScopeLocal + identity.NumericIdentity(maxIdentities),
		thisCluster: identity.NumericIdentity(maxIdentities), otherClusters: otherCluster + identity.NumericIdentity(maxIdentities),
	}[scope]
}

// At returns what the policies at a pod or node decide, or at an endpoint of Cilium itself that a policy
// isolates.
func (t *table) At(id endpoints.ID) (_ flow.Rows, err error) {
	s := t.ends[id-1].subject
	if s == nil {
		return flow.Rows{Egress: flow.Row{NotEnforced: true}, Ingress: flow.Row{NotEnforced: true}}, t.ends[id-1].err
	}
	unlock, err := t.enter(t.user)
	if err != nil {
		return flow.Rows{}, err
	}
	defer unlock()
	defer recoverError(&err)
	d, err := t.policyMapOf(s)
	if err != nil {
		return flow.Rows{}, err
	}
	out := flow.Rows{Egress: d.row(flow.Egress), Ingress: d.row(flow.Ingress)}
	out.Egress.Lookups = d.lookups()
	for key := range d.endpointPolicy.Entries() {
		// Entries for representative pods do not count, because such pods may never exist.
		if deployed, allocated := t.deployed[key.Identity]; deployed || !allocated {
			out.Size++
		}
	}
	if s.optional {
		out.Egress.NotEnforced, out.Ingress.NotEnforced = !out.Egress.Isolated, !out.Ingress.Isolated
	}
	return out, nil
}

// row reads the policy map in one direction.
func (d *policyMap) row(dir flow.Direction) flow.Row {
	entries := d.entriesOf(dir)
	b := rowBuilder{policyMap: d, dir: dir, entries: entries, row: flow.Row{Isolated: d.isolated(dir), Cases: make(map[flow.CaseID]int, len(entries)), Scopes: map[int]int{}}, byHash: map[uint64][]int{}, alike: map[string]int{}}
	for _, aggregate := range ciliumpolicy.AllAggregates {
		b.shared = append(b.shared, b.entries[aggregate]...)
	}
	b.add(identity.ReservedIdentityHost)
	for _, id := range slices.Sorted(maps.Keys(b.entries)) {
		if id != identity.ReservedIdentityHost && !slices.Contains(ciliumpolicy.AllAggregates, id) {
			b.addAlike(id)
		}
	}
	for _, scope := range []int{reservedScope, remoteNodes, addresses, thisCluster, otherClusters} {
		b.addScope(scope)
	}
	return b.row
}

// mapRange is a range of ports of one protocol with an entry. For ICMP, it is a range of types.
type mapRange struct {
	proto       u8proto.U8proto
	first, last uint16
	// kind is equal for equal ranges with equal entries.
	kind int
}

// mapEntry is what a policy map has of a range.
type mapEntry struct {
	mapRange
	entry ciliumpolicy.MapStateEntry
	meta  ciliumpolicy.RuleMeta
}

// entriesOf returns the ranges of a policy map in one direction, by the identity of the peer. A range
// without a protocol is for all protocols.
func (d *policyMap) entriesOf(dir flow.Direction) map[identity.NumericIdentity][]mapRange {
	out := map[identity.NumericIdentity][]mapRange{}
	kinds := map[mapEntry]int{}
	for key, entry := range d.endpointPolicy.Entries() {
		if key.IsIngress() != (dir == flow.Ingress) {
			continue
		}
		one := mapEntry{mapRange: mapRange{proto: key.Nexthdr, first: key.DestPort, last: key.EndPort()}, entry: entry}
		// An entry without rules is one of Cilium itself.
		one.meta, _ = d.endpointPolicy.GetRuleMeta(key)
		kind, known := kinds[one]
		if !known {
			kind = len(kinds)
			kinds[one] = kind
		}
		one.kind = kind
		out[key.Identity] = append(out[key.Identity], one.mapRange)
	}
	return out
}

// rowBuilder collects what a policy map decides in one direction.
type rowBuilder struct {
	*policyMap
	dir     flow.Direction
	entries map[identity.NumericIdentity][]mapRange
	// shared are the entries of aggregates.
	shared []mapRange
	row    flow.Row
	// byHash has the lists of each hash.
	byHash map[uint64][]int
	// alike has the lists of identities with the same entries, and key is reused for its keys.
	alike map[string]int
	key   []byte
	// buffer is reused: most lists are equal to another one.
	buffer []flow.Entry
}

// add adds the list of an identity, and reports whether some traffic is redirected to a proxy.
func (b *rowBuilder) add(id identity.NumericIdentity) (redirected bool) {
	list, redirected := b.list(id)
	b.row.Cases[flow.CaseID(id)] = b.put(list)
	return redirected
}

// addAlike adds the list of an identity, once for all identities of a scope with the same entries: the
// datapath decides by them and by those of the aggregate. L7 rules may differ between them.
func (b *rowBuilder) addAlike(id identity.NumericIdentity) {
	own := b.entries[id]
	slices.SortFunc(own, func(x, y mapRange) int { return x.kind - y.kind })
	b.key = binary.AppendVarint(b.key[:0], int64(scopeOf(id)))
	for _, r := range own {
		b.key = binary.AppendVarint(b.key, int64(r.kind))
	}
	if list, known := b.alike[string(b.key)]; known {
		b.row.Cases[flow.CaseID(id)] = list
		return
	}
	if redirected := b.add(id); !redirected {
		b.alike[string(b.key)] = b.row.Cases[flow.CaseID(id)]
	}
}

// put returns the position of a list, and adds it unless the row has it.
func (b *rowBuilder) put(list []flow.Entry) int {
	hash := hashOf(list)
	for _, at := range b.byHash[hash] {
		if slices.EqualFunc(b.row.Lists[at], list, flow.Entry.Equal) {
			return at
		}
	}
	at := len(b.row.Lists)
	b.byHash[hash] = append(b.byHash[hash], at)
	b.row.Lists = append(b.row.Lists, slices.Clone(list))
	return at
}

var seed = maphash.MakeSeed()

// hashOf is equal for equal lists.
func hashOf(list []flow.Entry) uint64 {
	var h maphash.Hash
	h.SetSeed(seed)
	for _, e := range list {
		maphash.WriteComparable(&h, e.Ports)
		for _, p := range e.Policies {
			maphash.WriteComparable(&h, p)
		}
	}
	return h.Sum64()
}

// addScope adds the list of all identities of a scope without entries of their own. L7 rules may differ
// between them.
func (b *rowBuilder) addScope(scope int) {
	list, redirected := b.list(unusedIn(scope))
	b.row.Scopes[scope] = b.put(list)
	if !redirected {
		return
	}
	for _, id := range b.byScope[scope] {
		if b.entries[id] == nil {
			b.add(id)
		}
	}
}

// list returns the decisions about an identity, until it is called again, and whether some traffic is
// redirected to a proxy.
func (b *rowBuilder) list(id identity.NumericIdentity) (out []flow.Entry, redirected bool) {
	out = b.buffer[:0]
	defer func() { b.buffer = out }()
	ranges := slices.Concat(b.entries[id], b.shared)
	for _, proto := range protocolsOf(ranges) {
		if name := protocolName(proto); !b.agent.Handles(name) {
			out = append(out, flow.Entry{Ports: flow.AllPorts(name), Deny: true, Note: fmt.Sprintf("agents drop %s: %s is %s", name, cilium.EnableSCTP, b.agent.Value(cilium.EnableSCTP))})
			continue
		}
		var bounds []flow.PortRange
		for _, r := range ranges {
			if r.proto == proto {
				bounds = append(bounds, flow.PortRange{Protocol: protocolName(proto), First: max(r.first, 1), Last: r.last})
			}
		}
		for _, ports := range flow.AllPorts(protocolName(proto)).Split(bounds) {
			entry, redirect := b.entry(id, proto, ports)
			redirected = redirected || redirect
			if !entry.Deny || len(entry.Policies) > 0 {
				out = append(out, entry)
			}
		}
	}
	return out, redirected
}

// entry returns the datapath's decision about an identity on some ports.
func (b *rowBuilder) entry(id identity.NumericIdentity, proto u8proto.U8proto, ports flow.PortRange) (out flow.Entry, redirect bool) {
	key := ciliumpolicy.EgressKey()
	if b.dir == flow.Ingress {
		key = ciliumpolicy.IngressKey()
	}
	key = key.WithPortProto(proto, ports.First).WithIdentity(id)
	entry, meta, _ := b.endpointPolicy.Lookup(key)
	out = flow.Entry{Ports: ports, Policies: b.policiesOf(meta), Deny: entry.IsDeny()}
	switch {
	case out.Deny:
	case b.needsAuthentication(entry.AuthRequirement):
		out.Deny = true
		out.Note = fmt.Sprintf("%s requires authentication, and agents do not authenticate: %s is %s, and %s is %s", out.Policies,
			cilium.MeshAuth, b.agent.Value(cilium.MeshAuth), cilium.MeshAuthMutual, b.agent.Value(cilium.MeshAuthMutual))
	case entry.IsRedirectEntry():
		out.L7, redirect = b.l7(key), true
	}
	// A node always reaches its own pods and itself.
	out.Own = !out.Deny && id == identity.ReservedIdentityHost && (b.dir == flow.Ingress || b.subject.node)
	return out, redirect
}

// needsAuthentication reports whether an entry requires authentication, and agents do not
// authenticate.
func (t *table) needsAuthentication(r types.AuthRequirement) bool {
	return r.AuthType() == types.AuthTypeAlwaysFail || r.AuthType() != types.AuthTypeDisabled && !t.agent.Authenticates()
}
