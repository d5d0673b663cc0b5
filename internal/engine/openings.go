package engine

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/cilium/cilium/pkg/identity"
	ciliumpolicy "github.com/cilium/cilium/pkg/policy"
	"github.com/cilium/cilium/pkg/u8proto"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
)

// Openings returns what the policies of a pod or node allow in one direction. It walks the
// policy map, so that its cost depends on the policies and not on the size of the cluster. A
// node always reaches its own pods and itself, and these are not openings.
func (e *Engine) Openings(pod endpoints.Endpoint, dir flow.Direction) (_ []flow.Opening, err error) {
	unlock, err := e.enter()
	if err != nil {
		return nil, err
	}
	defer unlock()
	defer recoverError(&err)

	if e.withoutDenies != nil && pod.Representative {
		return e.withoutDenies.openings(pod, dir)
	}
	out, err := e.openings(pod, dir)
	if err != nil || e.withoutDenies == nil || len(out) == 1 && len(out[0].Peers) == 0 {
		return out, err
	}
	withoutDenies, err := e.withoutDenies.openings(pod, dir)
	if err != nil {
		return nil, err
	}
	isRepresentative := func(ep endpoints.Endpoint) bool { return ep.Representative }
	isDeployed := func(ep endpoints.Endpoint) bool { return !ep.Representative }
	return sortOpenings(append(openingsTo(out, isDeployed), openingsTo(withoutDenies, isRepresentative)...)), nil
}

// openingsTo returns the openings to the matching peers. It drops openings without peers.
func openingsTo(openings []flow.Opening, match func(endpoints.Endpoint) bool) []flow.Opening {
	var out []flow.Opening
	for _, o := range openings {
		all := o.Peers
		o.Peers = nil
		for _, ep := range all {
			if match(ep) {
				o.Peers = append(o.Peers, ep)
			}
		}
		if len(o.Peers) > 0 {
			out = append(out, o)
		}
	}
	return out
}

// walk collects the openings from the policy map of a pod or node.
func (e *Engine) walk(pod endpoints.Endpoint, dir flow.Direction) ([]flow.Opening, error) {
	d, err := e.policyOf(pod)
	if err != nil {
		return nil, fmt.Errorf("%s of %s: %w", dir, pod.Name, err)
	}
	if !isolated(d, dir) {
		return []flow.Opening{{First: 1, Last: lastPort(0)}}, nil
	}
	o := openingCollector{engine: e, d: d, dir: dir, entries: d.entriesOf(dir), byKey: map[string]int{}}
	for _, id := range o.peers() {
		o.open(id)
	}
	return sortOpenings(o.out), nil
}

// isolated reports whether policies deny anything in a direction. Without default-deny, Cilium
// adds a rule that allows everything, and only deny rules deny traffic.
func isolated(d *policyMap, dir flow.Direction) bool {
	key, anything := ciliumpolicy.EgressKey(), ciliumpolicy.LabelsAllowAnyEgress
	if dir == flow.Ingress {
		key, anything = ciliumpolicy.IngressKey(), ciliumpolicy.LabelsAllowAnyIngress
	}
	meta, err := d.endpointPolicy.GetRuleMeta(key)
	if err != nil || !slices.ContainsFunc(meta.LabelArray(), anything.Equals) {
		return true
	}
	for key, entry := range d.endpointPolicy.Entries() {
		if entry.IsDeny() && key.IsIngress() == (dir == flow.Ingress) {
			return true
		}
	}
	return false
}

// openingCollector collects the openings of one pod in one direction.
type openingCollector struct {
	engine  *Engine
	d       *policyMap
	dir     flow.Direction
	entries entries
	out     []flow.Opening
	// byKey has the index of an opening by everything but its peers.
	byKey map[string]int
}

// peers returns the identities in the entries. If an entry is for an aggregate, it returns all
// known identities.
func (o *openingCollector) peers() []identity.NumericIdentity {
	var out []identity.NumericIdentity
	for id := range o.entries {
		if slices.Contains(aggregates, id) {
			return o.engine.knownIDs
		}
		if len(o.engine.endpointsByIdentity[id]) > 0 {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return out
}

// open adds the traffic that is allowed from or to one identity.
func (o *openingCollector) open(id identity.NumericIdentity) {
	var all []allowed
	for _, proto := range o.entries.protocols(id) {
		if !o.engine.handles(proto) {
			continue
		}
		for _, ports := range o.entries.portRanges(id, proto) {
			if a, ok := o.allows(id, ports); ok {
				all = append(all, a)
			}
		}
	}
	for _, a := range mergeRanges(all, len(o.engine.handledProtocols(protocols))) {
		o.add(id, a)
	}
}

// allowed is a range of ports that is allowed for an identity.
type allowed struct {
	ports    portRange
	l7       flow.L7
	policies []string
}

func (a allowed) sameExceptPorts(b allowed) bool {
	return slices.Equal(a.policies, b.policies) && a.l7.Equal(b.l7)
}

func (o *openingCollector) allows(id identity.NumericIdentity, ports portRange) (allowed, bool) {
	key := keyOf(o.dir, ports).WithIdentity(id)
	entry, meta, _ := o.d.endpointPolicy.Lookup(key)
	if entry.IsDeny() || o.engine.needsAuthentication(entry.AuthRequirement) || id == identity.ReservedIdentityHost && (o.dir == flow.Ingress || o.d.owner.node) {
		return allowed{}, false
	}
	a := allowed{ports: ports, policies: o.engine.policiesOf(meta)}
	if entry.IsRedirectEntry() {
		a.l7 = o.engine.l7(o.d, key)
	}
	return a, true
}

// mergeRanges merges adjacent ranges, and all protocols if they are equal on every port. handled
// is the number of protocols that agents forward.
func mergeRanges(all []allowed, handled int) []allowed {
	var out []allowed
	for _, a := range all {
		if n := len(out) - 1; n >= 0 && out[n].ports.proto == a.ports.proto && out[n].ports.last+1 == a.ports.first && out[n].sameExceptPorts(a) {
			out[n].ports.last = a.ports.last
			continue
		}
		out = append(out, a)
	}
	if len(out) < handled || slices.ContainsFunc(out, func(a allowed) bool { return !a.ports.whole() || !a.sameExceptPorts(out[0]) }) {
		return out
	}
	return []allowed{{ports: portRange{0, 1, lastPort(0)}, l7: out[0].l7, policies: out[0].policies}}
}

func (o *openingCollector) add(id identity.NumericIdentity, a allowed) {
	key := fmt.Sprintf("%v %q %q %q", a.ports, a.l7.String(), a.l7.ShadowedBy, a.policies)
	i, ok := o.byKey[key]
	if !ok {
		i = len(o.out)
		o.byKey[key] = i
		o.out = append(o.out, flow.Opening{
			First: a.ports.first, Last: a.ports.last, Protocol: protocolName(a.ports.proto), L7: a.l7, Policies: a.policies,
		})
	}
	o.out[i].Peers = append(o.out[i].Peers, o.engine.endpointsByIdentity[id]...)
}

func sortOpenings(out []flow.Opening) []flow.Opening {
	rank := func(p v1alpha1.Protocol) int {
		return slices.IndexFunc(protocols, func(proto u8proto.U8proto) bool { return protocolName(proto) == p })
	}
	slices.SortFunc(out, func(a, b flow.Opening) int {
		return cmp.Or(cmp.Compare(rank(a.Protocol), rank(b.Protocol)), cmp.Compare(a.First, b.First), cmp.Compare(a.Last, b.Last),
			cmp.Compare(strings.Join(a.Policies, " "), strings.Join(b.Policies, " ")), cmp.Compare(a.L7.String(), b.L7.String()),
			slices.Compare(a.L7.ShadowedBy, b.L7.ShadowedBy))
	})
	return out
}
