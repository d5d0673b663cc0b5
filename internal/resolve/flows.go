package resolve

import (
	"fmt"
	"slices"

	"github.com/tenantfence/tenantfence/internal/report"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
)

// flow is one declared flow of one tenant.
type flow struct {
	tenant *tenant
	// fromProfile says that the profile declared it: it needs no limit and no consent.
	fromProfile bool
	// node is the entry of the profile's nodes whose flow it is, instead of a tenant's.
	node      string
	direction policy.Direction
	ref       report.Ref
	path      *field.Path
	name      string
	pods      policy.Selector
	// ports are as they were written: ANY protocol among them.
	ports    []policy.Port
	l7       policy.L7
	tls      *v1alpha1.TLS
	optional bool
	// mesh reports whether the profile declares that no other tenant must consent.
	mesh   bool
	reason policy.Reason
	peers  []v1alpha1.Peer
	via    string
	// loadBalancer says that agents dial a Service that is one.
	loadBalancer bool

	// broken says that something about the flow was refused.
	broken bool
	// own are the ends at the flow's own side, one a namespace.
	own []policy.Peer
	// resolvedPeers are the ends at the other side, and granted those that are in some policy. partly
	// reports that some are in none.
	resolvedPeers, granted []resolvedPeer
	partial                bool
}

// resolvedPeer is what a peer comes to, in one namespace or outside.
type resolvedPeer struct {
	peer policy.Peer
	// ports replace the flow's, where a Service says its own.
	ports []policy.Port
	// limitPorts are the ports that limits count, where these are not the ones opened.
	limitPorts []policy.Port
	// hostnames are those by which these pods are asked for, where a flow names no pods.
	hostnames []string
	// tenant whose consent is needed, or nil.
	tenant *tenant
	// group is the class of tenants that the peer stands for; this tenant is one of them.
	group tenantGroup
	path  *field.Path
}

// tenantGroup is why a peer stands for several tenants. It decides how a missing consent of one of
// them is reported.
type tenantGroup int

const (
	// singleTenant is no class: the peer is about this tenant, and a missing consent is an error.
	singleTenant tenantGroup = iota
	// sharedNamespace are the tenants that share a namespace, labelled those with a namespace that
	// the peer's labels select. Those that do not consent are reported.
	sharedNamespace
	namespacesByLabel
	// anyNamespace and anyTenant are all of the build. Of anyTenant, those that consent are
	// counted.
	anyNamespace
	anyTenant
)

// includesAllTenants reports whether the class holds every tenant of the build.
func (c tenantGroup) includesAllTenants() bool { return c == anyNamespace || c == anyTenant }

// portsForLimits are the ports that are held against the limits.
func (e resolvedPeer) portsForLimits() []policy.Port {
	if e.limitPorts != nil {
		return e.limitPorts
	}
	return e.ports
}

func (f *flow) limits() v1alpha1.Limits { return f.tenant.limits }

func (f *flow) peersPath() *field.Path {
	if f.direction == policy.Egress {
		return f.path.Child("to")
	}
	return f.path.Child("from")
}

func (f *flow) declaration() *policy.Declaration {
	return &policy.Declaration{Tenant: f.tenant.Name, Node: f.node, Flow: f.name, AllTenants: f.fromProfile && f.node == "", Subject: f.pods, Via: f.via, Reason: f.reason}
}

func (f *flow) portsOf(e resolvedPeer) []policy.Port {
	if e.ports != nil {
		return e.ports
	}
	return policy.ExpandProtocols(f.ports)
}

// collectFlows collects the flows of every tenant, its own and the profile's, and
// resolves their ends.
func (r *resolver) collectFlows() {
	for _, t := range r.tenants {
		own := v1alpha1.AllTenantsFlows{Ingress: t.spec.Ingress, Egress: t.spec.Egress}
		t.flows = append(flowsOf(t, own, t.ref, t.path, t.reason), flowsOf(t, r.profile.Spec.AllTenants, r.profile.Ref, r.profile.Path.Child("allTenants"), r.fence.Profile.Child("allTenants"))...)
		for _, f := range t.flows[len(own.Ingress)+len(own.Egress):] {
			f.fromProfile = true
		}
		t.flows = slices.DeleteFunc(t.flows, func(f *flow) bool {
			off := !r.resolveFlow(f)
			r.recordFlow(f, off)
			return off
		})
		r.refuseTLSConflict(t)
		r.flows = append(r.flows, t.flows...)
	}
}

func flowsOf(t *tenant, in v1alpha1.AllTenantsFlows, ref report.Ref, path *field.Path, reason policy.Reason) []*flow {
	var out []*flow
	for i, in := range in.Ingress {
		out = append(out, &flow{
			tenant: t, direction: policy.Ingress, ref: ref, path: path.Child("ingress").Index(i), reason: reason.Child("ingress[" + in.Name + "]"),
			name: in.Name, pods: policy.SelectorOf(in.Pods), peers: in.From, ports: portsOf(in.Ports, in.ICMP), optional: in.Optional, mesh: in.FullMesh,
			l7: l7Of(in.HTTP, nil, nil),
		})
	}
	for i, in := range in.Egress {
		out = append(out, &flow{
			tenant: t, direction: policy.Egress, ref: ref, path: path.Child("egress").Index(i), reason: reason.Child("egress[" + in.Name + "]"),
			name: in.Name, pods: policy.SelectorOf(in.Pods), peers: in.To, ports: portsOf(in.Ports, in.ICMP), optional: in.Optional, mesh: in.FullMesh, via: in.Via,
			l7: l7Of(in.HTTP, in.DNS, in.TLS), tls: in.TLS,
		})
	}
	return out
}

// portsOf are what a flow passes: ports, or types of ICMP message instead.
func portsOf(ports []v1alpha1.Port, icmp []v1alpha1.ICMPType) []policy.Port {
	return append(policy.DeclaredPorts(ports), policy.ICMPPorts(icmp)...)
}

// resolveFlow finds a flow's ends, and reports whether it is on. It looks at all of
// the flow, also where a part of it is refused: what is wrong is said at once.
func (r *resolver) resolveFlow(f *flow) bool {
	before := len(r.findings)
	own, on := r.subjectPeers(f)
	if !on {
		return false
	}
	f.own = own
	for i, p := range f.peers {
		resolvedPeers, found := r.resolvePeer(f, p, f.peersPath().Index(i))
		if !found && f.optional {
			return r.disableOptional(f, f.peersPath().Index(i), "the peer is")
		}
		f.resolvedPeers = append(f.resolvedPeers, resolvedPeers...)
	}
	r.checkPorts(f)
	r.checkL7(f)
	r.refuseHostNames(f)
	r.refuseUnlimitedDNS(f)
	r.refuseUnsupported(f)
	r.warnHostNetwork(f)
	f.broken = r.findings[before:].HasError()
	return true
}

// subjectPeers are the pods that the flow is about, and whether the flow is on.
func (r *resolver) subjectPeers(f *flow) (own []policy.Peer, on bool) {
	switch {
	case f.node != "":
		return []policy.Peer{{Kind: policy.Nodes, Node: f.node}}, true
	case f.via != "":
		return r.egressPoint(f), true
	}
	own = r.podPeers(f.tenant, f.tenant.Namespaces, f.pods)
	f.pods, _ = f.tenant.OwnPods(f.pods)
	switch {
	case len(own) > 0:
		return own, true
	case f.fromProfile:
		return nil, false
	case len(f.tenant.Namespaces) == 0:
		// That it has none is refused already.
		return nil, true
	case f.optional:
		return nil, r.disableOptional(f, f.path.Child("pods"), "the pods are")
	}
	r.refuse(report.PodsNotFound, f.ref, f.path.Child("pods"), "%s", r.podsNotFound(f.tenant.Namespaces, f.pods, true))
	return nil, true
}

func (r *resolver) egressPoint(f *flow) []policy.Peer {
	at := f.path.Child("via")
	points := r.profile.Spec.EgressPoints
	i := slices.IndexFunc(points, func(p v1alpha1.EgressPoint) bool { return p.Name == f.via })
	if i < 0 {
		var names []string
		for _, p := range points {
			names = append(names, p.Name)
		}
		r.refuse(report.EgressPointNotFound, f.ref, at, "the profile has no egress point %q: %s", f.via, v1alpha1.DidYouMean(f.via, names))
		return nil
	}
	if !slices.Contains(f.limits().EgressPoints, f.via) && !r.outsideLimits(f, report.EgressPointOutsideLimits, at, fmt.Sprintf("egress point %q", f.via), "egressPoints") {
		return nil
	}
	f.pods = policy.SelectorOf(points[i].Pods)
	resolvedPeers, _ := r.podsByTenant(points[i].Namespace, f.pods)
	if len(resolvedPeers) == 0 {
		r.refuse(report.PodsNotFound, r.profile.Ref, r.profile.Path.Child("egressPoints").Index(i).Child("pods"),
			"%s", r.podsNotFound([]string{points[i].Namespace}, f.pods, false))
		return nil
	}
	// Of several, the profile is refused.
	f.pods = resolvedPeers[0].Pods
	return resolvedPeers[:1]
}

// podPeers are the namespaces in which a selector selects pods of a tenant. One that
// selects all needs none: the pods may come later.
func (r *resolver) podPeers(t *tenant, namespaces []string, pods policy.Selector) []policy.Peer {
	pods, ok := t.OwnPods(pods)
	if !ok {
		return nil
	}
	var out []policy.Peer
	for _, ns := range namespaces {
		if r.index.WithoutResources || r.index.Partial || policy.SelectsAll(pods) || len(r.index.WorkloadsIn(ns, pods)) > 0 {
			peer := t.PeerIn(ns)
			peer.Pods = pods
			out = append(out, peer)
		}
	}
	return out
}

// disableOptional says that an optional flow is off, and returns false.
func (r *resolver) disableOptional(f *flow, at *field.Path, what string) bool {
	r.report(report.Info, report.OptionalFlowInactive, f.ref, at, "%s not in the build: the optional flow %q of %s is off", what, f.name, f.declaredBy())
	return false
}
