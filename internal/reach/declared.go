package reach

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"reflect"
	"slices"
	"strings"

	"go4.org/netipx"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// Declared decides every declared flow, at both of its ends, and returns how many there
// were and those that do not pass.
func (p Proof) Declared() (int, policy.Findings) {
	d := declared{Proof: p, decided: map[string]*policy.Verdict{}, told: map[string]bool{}}
	x := NewExpectation(p.Fence)
	d.nodesOf(x)
	for i, t := range p.Fence.Tenants {
		p.Progress.Tell("deciding declared flows: tenants", i, len(p.Fence.Tenants))
		if !p.Fence.Generated(t.Enforcement) {
			continue
		}
		for _, ns := range t.Namespaces {
			for _, direction := range policy.Directions() {
				for _, w := range x.at[end{namespace: ns, direction: direction}] {
					if w.Owner.Name == t.Name {
						own := t.At(ns)
						own.Pods = w.Subject
						d.decide(own, t.Enforcement, direction, w)
					}
				}
			}
		}
	}
	return d.count, d.findings
}

type declared struct {
	Proof
	count    int
	findings policy.Findings
	// decided are verdicts by flow: two may declare one, and each has two ends.
	decided map[string]*policy.Verdict
	// last is the last verdict: many flows in a row have the same, which is kept once.
	last *policy.Verdict
	// told are flows, and parts of them, of which something was said.
	told map[string]bool
}

// allPairs is how many pairs of pods are all decided. Of more, each pod is tried with two
// others.
const allPairs = 400

// decide decides what one end wants, on each of its ports, between all pods of the build
// that it is about.
func (d *declared) decide(subject policy.Peer, enforcement v1alpha1.Enforcement, direction policy.Direction, w Wanted) {
	own := d.examples(subject)
	peers := d.examples(w.Peer)
	for i, peer := range peers {
		some := own
		if len(own)*len(peers) > allPairs {
			some = []policy.Endpoint{own[i%len(own)], own[(i+1)%len(own)]}
		}
		for _, pod := range some {
			from, to := pod, peer
			if direction == policy.Ingress {
				from, to = peer, pod
			}
			for _, f := range flowsOf(from, to, d.handled(w)) {
				d.one(f, w, enforcement, direction)
			}
		}
	}
}

// handled is what is wanted without SCTP where agents drop it, unless SCTP itself is asked for:
// protocol ANY is whatever the cluster passes on.
func (d *declared) handled(w Wanted) Wanted {
	if d.Fence.Cluster.CNI == v1alpha1.CNIKubernetes || d.Fence.Agent.On(policy.EnableSCTP) {
		return w
	}
	drop := func(ports []policy.Port) []policy.Port {
		return slices.DeleteFunc(slices.Clone(ports), func(p policy.Port) bool {
			tcp := p
			tcp.Protocol = v1alpha1.TCP
			return p.Protocol == v1alpha1.SCTP && slices.Contains(ports, tcp)
		})
	}
	w.Ports, w.Named = drop(w.Ports), drop(w.Named)
	return w
}

// flowsOf are the flows that a wanted one stands for between two ends.
func flowsOf(from, to policy.Endpoint, w Wanted) []policy.Flow {
	f := policy.Flow{From: from, To: to}
	if len(w.L7.DNS) > 0 {
		f.DNS = concrete(w.L7.DNS[0])
	}
	if len(w.L7.ServerNames) > 0 {
		f.ServerName = concrete(w.L7.ServerNames[0])
	}
	if len(w.Ports) == 0 {
		return []policy.Flow{f}
	}
	ends := w.Ports
	if len(w.Named) > 0 {
		ends = w.Named
	}
	var out []policy.Flow
	for _, p := range ends {
		f := f
		if p.Protocol == policy.ICMP {
			f.ICMP = v1alpha1.ICMPType(p.Name)
			out = append(out, f)
			continue
		}
		for _, r := range portsOf([]policy.Port{p}, to.Ports) {
			f.Protocol, f.Port = r.protocol, r.first
			out = append(out, f)
			if r.last != r.first {
				f.Port = r.last
				out = append(out, f)
			}
		}
	}
	return out
}

// one decides a flow, as one of its ends wants it.
func (d *declared) one(f policy.Flow, w Wanted, enforcement v1alpha1.Enforcement, direction policy.Direction) {
	key := f.String()
	known, before := d.decided[key]
	if !before {
		d.count++
		v, err := d.Engine.Decide(f)
		if err != nil {
			d.undecided(enforcement, w, err)
		} else if v.Decision() != policy.Allowed {
			d.say(enforcement, w, "declared-flow-denied", fmt.Sprintf("%s is declared, and does not pass: egress %s; ingress %s%s", f, v.Egress, v.Ingress, noted(v)))
		}
		if d.last == nil || !reflect.DeepEqual(*d.last, v) {
			d.last = &v
		}
		known = d.last
		d.decided[key] = known
	}
	if known.Decision() == policy.Allowed {
		d.narrowed(enforcement, f, w, side(*known, direction))
	}
}

// undecided says why a flow is not decided, of policies in conflict once.
func (d *declared) undecided(enforcement v1alpha1.Enforcement, w Wanted, err error) {
	var conflict policy.ConflictError
	if errors.As(err, &conflict) {
		if d.told[conflict.Error()] {
			return
		}
		d.told[conflict.Error()] = true
	}
	d.say(enforcement, w, "declared-flow-undecided", err.Error())
}

// narrowed says where less passes at an end than is declared: Cilium narrows a rule by the
// names of TLS servers of another on the same port of the same peer.
func (d *declared) narrowed(enforcement v1alpha1.Enforcement, f policy.Flow, w Wanted, own policy.Side) {
	if !namesServers(own.L7) {
		return
	}
	key := fmt.Sprintf("%s %s %s", f, w.Reason, w.L7)
	if d.told[key] || !slices.ContainsFunc(parts(w.L7), func(part policy.L7) bool { return !covers(own.L7, part) }) {
		return
	}
	d.told[key] = true
	as := "without tls"
	if !w.L7.All() {
		as = "as " + w.L7.String()
	}
	d.say(enforcement, w, "declared-flow-denied", fmt.Sprintf("%s is declared %s, and only %s passes, which %s lets it: say the same tls in every flow to these peers and ports, or in none",
		f, as, own.L7, strings.Join(own.By, ", ")))
}

// namesServers says whether all that passes is TLS, or may be, to servers that are named.
func namesServers(l policy.L7) bool {
	return len(l.ServerNames) > 0 || slices.ContainsFunc(l.HTTP, func(r policy.HTTPRule) bool { return len(r.ServerNames) > 0 })
}

func (d *declared) say(enforcement v1alpha1.Enforcement, w Wanted, check, message string) {
	f := policy.Finding{Check: check, Severity: policy.Error, Resource: d.source(w.Reason), Field: w.Reason.Field, Message: message}
	if enforcement != v1alpha1.Enforce {
		f.Severity = policy.Warning
	}
	d.findings = append(d.findings, f)
}

// side is what was decided at one end.
func side(v policy.Verdict, direction policy.Direction) policy.Side {
	if direction == policy.Ingress {
		return v.Ingress
	}
	return v.Egress
}

func noted(v policy.Verdict) string {
	if v.Note == "" {
		return ""
	}
	return "; " + v.Note
}

// examples are endpoints that a peer stands for: all pods of the build or, where there
// is none, one that is like them.
func (d *declared) examples(p policy.Peer) []policy.Endpoint {
	var out []policy.Endpoint
	switch p.Kind {
	case policy.Pods:
		return d.pods(p)
	case policy.Nodes:
		return d.nodes(d.Fence.NodeOf(p))
	case policy.Entities:
		for _, e := range p.Entities {
			if e != v1alpha1.EntityAll && e != v1alpha1.EntityCluster {
				out = append(out, policy.Endpoint{Kind: policy.EntityEndpoint, Name: string(e)})
			}
		}
	case policy.CIDRs:
		for _, c := range p.CIDRs {
			if addr, ok := addressIn(c, p.Except); ok {
				out = append(out, policy.Endpoint{Kind: policy.AddressEndpoint, Name: addr.String()})
			}
		}
	default:
		return d.names(p)
	}
	return out
}

// names are those of a peer, but for what ends in this cluster, which is wanted as a flow
// to pods, too.
func (d *declared) names(p policy.Peer) []policy.Endpoint {
	var out []policy.Endpoint
	for _, n := range p.FQDNs {
		if name := concrete(n); len(d.Endpoints.localEnds(name)) == 0 {
			out = append(out, policy.Endpoint{Kind: policy.NameEndpoint, Name: name})
		}
	}
	return out
}

func (d *declared) pods(p policy.Peer) []policy.Endpoint {
	namespaces := []string{p.Namespace}
	if p.Namespace == "" {
		namespaces = d.labelled(p)
	}
	var out []policy.Endpoint
	for _, ns := range namespaces {
		for _, w := range d.Endpoints.Index.In(ns, p.Pods) {
			if !w.HostNetwork && d.are(w, p) {
				out = append(out, d.Endpoints.Pod(w))
			}
		}
	}
	switch {
	case len(out) > 0 || p.Namespace != "" && len(d.Endpoints.Index.In(p.Namespace, p.Pods)) > 0:
		return out
	case p.Namespace != "":
		return []policy.Endpoint{d.Endpoints.imagined(p.Namespace, policy.Example(p.Pods))}
	default:
		return d.later(p)
	}
}

// are says whether a workload's pods are those of a peer's tenant: one that names a
// shared namespace means nobody's pods there.
func (d *declared) are(w *resource.Workload, p policy.Peer) bool {
	all := d.Fence.Owners(w.Ref.Namespace)
	if len(all) == 0 || !all[0].Shares() {
		return true
	}
	owner := d.Fence.OwnerOfPod(w.Ref.Namespace, w.Labels)
	return p.Tenant == "" && owner == nil || owner != nil && owner.Name == p.Tenant
}

// labelled are the namespaces of the build that a peer names by label. Where it names
// all, as the entity cluster does, those of tenants are left out: whether they let it pass
// is theirs to say.
func (d *declared) labelled(p policy.Peer) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(d.Endpoints.Index.Namespaces)), func(ns string) bool {
		return !inNamespaces(p, policy.Endpoint{Namespace: ns, NamespaceLabels: d.Endpoints.namespaceLabels(ns)}) ||
			len(p.NamespaceLabels) == 0 && d.Fence.Owner(ns) != nil
	})
}

// addressIn is the first address of a network that is not excepted.
func addressIn(cidr string, except []string) (netip.Addr, bool) {
	p, err := netip.ParsePrefix(cidr)
	if err != nil {
		return netip.Addr{}, false
	}
	for addr := p.Masked().Addr(); p.Contains(addr); {
		i := slices.IndexFunc(except, func(e string) bool {
			x, err := netip.ParsePrefix(e)
			return err == nil && x.Contains(addr)
		})
		if i < 0 {
			return addr, true
		}
		last := netipx.PrefixLastIP(netip.MustParsePrefix(except[i]))
		addr = last.Next()
	}
	return netip.Addr{}, false
}

// concrete is a name that a pattern matches.
func concrete(pattern string) string {
	if pattern == "*" {
		return "any.example"
	}
	return strings.ReplaceAll(strings.ReplaceAll(strings.ToLower(pattern), "**", "any"), "*", "any")
}
