package propose

import (
	"cmp"
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// limitChange appends elements to a limit of the profile.
type limitChange struct {
	profile resource.Profile
	// name is the JSON name of the limit, and override the entry of overrides that has it. -1: none.
	name     string
	override int
	added    reflect.Value
}

// limitsFor returns what the limits of the changed Tenants lack for the changes, or the problem of a change
// that no limit allows.
func (w Wanted) limitsFor(in *resource.Inputs, changes []change) (out []limitChange, problem string) {
	for _, c := range changes {
		limits, replaced := policy.LimitsOf(in.Profile.Spec, c.tenant.Name)
		lacking, problem := w.lacking(limits, c)
		if problem != "" {
			return nil, problem
		}
		all := reflect.ValueOf(lacking)
		for i := range all.NumField() {
			if all.Field(i).IsNil() || all.Field(i).Kind() != reflect.Slice || all.Field(i).Len() == 0 {
				continue
			}
			name, _, _ := strings.Cut(all.Type().Field(i).Tag.Get("json"), ",")
			one := limitChange{profile: in.Profile, name: name, override: -1, added: all.Field(i)}
			if at := replaced[name]; at != "" {
				if _, err := fmt.Sscanf(at, "overrides[%d]", &one.override); err != nil {
					return nil, "the limit " + at + " is not found"
				}
			}
			if !slices.ContainsFunc(out, one.equal) {
				out = append(out, one)
			}
		}
	}
	return out, ""
}

func (l limitChange) equal(o limitChange) bool {
	return l.name == o.name && l.override == o.override && reflect.DeepEqual(l.added.Interface(), o.added.Interface())
}

// lacking returns what the limits of a Tenant lack for a change.
func (w Wanted) lacking(limits v1alpha1.Limits, c change) (out v1alpha1.Limits, problem string) {
	a := c.addition
	if c.extended == "" && len(a.ports)+len(a.icmp) == 0 && (limits.Ports != nil || limits.ICMP != nil) {
		return out, fmt.Sprintf("limits.ports or limits.icmp of Tenant %q does not allow every port of every protocol: ask about one port with --port", c.tenant.Name)
	}
	if limits.Ports != nil {
		have := flow.PortsOf(limits.Ports)
		out.Ports = slices.DeleteFunc(slices.Clone(a.ports), func(p v1alpha1.Port) bool { return flow.DeclaredPort(p).CoveredBy(have) })
	}
	if limits.ICMP != nil || limits.Ports != nil {
		out.ICMP = without(a.icmp, limits.ICMP)
	}
	for _, p := range a.peers {
		w.addPeer(&out, limits, c, p)
	}
	for _, n := range slices.Concat(fqdnsOf(a.peers), a.dns) {
		if !flow.AnyCovers(limits.FQDNs, n) {
			out.FQDNs = append(out.FQDNs, n)
		}
	}
	out.L7 = without(kindsOf(a), limits.L7)
	return out, ""
}

// addPeer adds what limits lack for a peer, except names.
func (w Wanted) addPeer(out *v1alpha1.Limits, limits v1alpha1.Limits, c change, p v1alpha1.Peer) {
	out.Entities = append(out.Entities, without(p.Entities, limits.Entities)...)
	for _, n := range p.CIDRs {
		if !coversNetwork(limits.CIDRs, n) {
			out.CIDRs = append(out.CIDRs, n)
		}
	}
	if w.needsNamespace(c, p) && !slices.Contains(limits.Namespaces, p.Namespace) {
		out.Namespaces = append(out.Namespaces, p.Namespace)
	}
}

func without[T comparable](all, some []T) []T {
	var out []T
	for _, v := range all {
		if !slices.Contains(some, v) {
			out = append(out, v)
		}
	}
	return out
}

// needsNamespace reports whether a peer has pods without a Tenant in a namespace that a limit must list. A
// Tenant needs no limit for the rest of its own namespace, unless the profile makes it a shared one.
func (w Wanted) needsNamespace(c change, p v1alpha1.Peer) bool {
	_, other := w.sides(c.direction)
	own := w.fence.Tenant(c.tenant.Name)
	return p.Namespace != "" && other.Owner == nil &&
		(own == nil || !slices.Contains(own.Namespaces, p.Namespace) || slices.Contains(w.profile.SharedNamespaces, p.Namespace))
}

func fqdnsOf(peers []v1alpha1.Peer) []string {
	var out []string
	for _, p := range peers {
		out = append(out, p.FQDNs...)
	}
	return out
}

func kindsOf(a addition) []v1alpha1.L7Kind {
	var out []v1alpha1.L7Kind
	if len(a.http) > 0 {
		out = append(out, v1alpha1.L7HTTP)
	}
	if len(a.dns) > 0 {
		out = append(out, v1alpha1.L7DNS)
	}
	if len(a.servers) > 0 {
		out = append(out, v1alpha1.L7TLS)
	}
	return out
}

// coversNetwork reports whether one of the networks has all addresses of another.
func coversNetwork(limits []string, network string) bool {
	p, err := netip.ParsePrefix(network)
	return err == nil && slices.ContainsFunc(limits, func(l string) bool {
		limit, err := netip.ParsePrefix(l)
		return err == nil && limit.Bits() <= p.Bits() && limit.Contains(p.Addr())
	})
}

// field is the path of the limit in the resource that has the profile.
func (l limitChange) field() string {
	at := cmp.Or(l.profile.Path.String(), "spec") + "."
	if l.override >= 0 {
		at += fmt.Sprintf("overrides[%d].", l.override)
	}
	return at + "limits." + l.name
}

func (l limitChange) entry() (report.ProposedEntry, error) {
	text, err := yamlOf(l.added.Interface())
	return report.ProposedEntry{Resource: l.profile.Ref, Field: l.field(), YAML: text}, err
}

// apply appends the elements to the limit, whose list it copies.
func (l limitChange) apply(spec *v1alpha1.FenceProfileSpec) {
	limits := &spec.Limits
	if l.override >= 0 {
		spec.Overrides = slices.Clone(spec.Overrides)
		copied := *spec.Overrides[l.override].Limits
		spec.Overrides[l.override].Limits = &copied
		limits = &copied
	}
	all := reflect.ValueOf(limits).Elem()
	for i := range all.NumField() {
		if name, _, _ := strings.Cut(all.Type().Field(i).Tag.Get("json"), ","); name == l.name {
			have := all.Field(i)
			have.Set(reflect.AppendSlice(have.Slice3(0, have.Len(), have.Len()), l.added))
		}
	}
}
