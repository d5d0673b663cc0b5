package resolve

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
)

// flow is one declared flow of one tenant.
type declaredFlow struct {
	// tenant declares it. It may be nodes of the profile instead.
	tenant *tenant
	// fromProfile reports whether the profile declares it: it needs no limit and no consent.
	fromProfile bool
	direction   flow.Direction
	ref         report.Ref
	path        *field.Path
	name        string
	pods        endpoints.Selector
	// ports are as declared: protocol ANY is not expanded.
	ports    []flow.Port
	l7       flow.L7
	tls      *v1alpha1.TLS
	optional bool
	// mesh reports whether the flow sets fullMesh: no other tenant must consent.
	mesh   bool
	reason report.Reason
	peers  []v1alpha1.Peer
	via    string
	// loadBalancer reports whether agents connect to a Service of type LoadBalancer.
	loadBalancer bool

	// broken reports whether the flow has an error.
	broken bool
	// own are the pods or nodes that the flow selects, one peer a namespace.
	own []policy.Peer
	// resolvedPeers are the peers of the flow, and granted those that are in some policy. partial
	// reports whether some are in none.
	resolvedPeers, granted []resolvedPeer
	partial                bool
}

// resolvedPeer is a part of a peer, in one namespace or outside the cluster.
type resolvedPeer struct {
	peer policy.Peer
	// ports replace those of the flow, if the peer is a Service.
	ports []flow.Port
	// limitPorts are the ports to compare with limits, if these are not the allowed ones.
	limitPorts []flow.Port
	// hostnames are those of the flow that resolve to these pods.
	hostnames []string
	// tenant whose consent is needed, or nil.
	tenant *tenant
	// group is the kind of group that the peer represents; tenant is one of its members.
	group tenantGroup
	path  *field.Path
}

// tenantGroup is the class of tenants that a peer represents. It decides how a missing consent of one
// of them is reported.
type tenantGroup int

const (
	// singleTenant is no group: the peer is this tenant, and a missing consent is an error.
	singleTenant tenantGroup = iota
	// sharedNamespace are the tenants that share a namespace, namespacesByLabel those with a namespace
	// that the peer selects by labels. Those that do not consent are reported.
	sharedNamespace
	namespacesByLabel
	// anyNamespace and anyTenant are all tenants of the build. For anyTenant, those that consent are
	// counted.
	anyNamespace
	anyTenant
	// childTenants are the children of the flow's tenant. Those that consent are counted.
	childTenants
)

// includesAllTenants reports whether the group includes every tenant of the build.
func (c tenantGroup) includesAllTenants() bool { return c == anyNamespace || c == anyTenant }

// portsForLimits are the ports to compare with the limits.
func (e resolvedPeer) portsForLimits() []flow.Port {
	if e.limitPorts != nil {
		return e.limitPorts
	}
	return e.ports
}

func (f *declaredFlow) limits() v1alpha1.Limits { return f.tenant.limits }

func (f *declaredFlow) peersPath() *field.Path {
	if f.direction == flow.Egress {
		return f.path.Child("to")
	}
	return f.path.Child("from")
}

func (f *declaredFlow) declaration() *policy.Declaration {
	return &policy.Declaration{Kind: f.tenant.Kind, Owner: f.tenant.Name, Flow: f.name, AllTenants: f.fromProfile && !f.tenant.IsNodes(), Peers: f.peers, Ports: f.ports, Subject: f.pods, Via: f.via, Reason: f.reason}
}

func (f *declaredFlow) portsOf(e resolvedPeer) []flow.Port {
	if e.ports != nil {
		return e.ports
	}
	return flow.ExpandProtocols(f.ports)
}

// collectFlows collects and resolves the flows of every tenant, its own and those of the profile.
func (r *resolver) collectFlows() {
	for _, t := range r.tenants {
		own := v1alpha1.AllTenantsFlows{Ingress: t.spec.Ingress, Egress: t.spec.Egress}
		t.flows = append(flowsOf(t, own, t.ref, t.path, t.Reason), flowsOf(t, r.profile.Spec.AllTenants, r.profile.Ref, r.profile.Path.Child("allTenants"), r.fence.Profile.Child("allTenants"))...)
		for _, f := range t.flows[len(own.Ingress)+len(own.Egress):] {
			f.fromProfile = true
		}
		t.flows = slices.DeleteFunc(t.flows, func(f *declaredFlow) bool {
			off := !r.resolveFlow(f)
			r.recordFlow(f, off)
			return off
		})
		r.refuseTLSConflict(t)
		r.flows = append(r.flows, t.flows...)
	}
}

func flowsOf(t *tenant, in v1alpha1.AllTenantsFlows, ref report.Ref, path *field.Path, reason report.Reason) []*declaredFlow {
	var out []*declaredFlow
	for i, in := range in.Ingress {
		out = append(out, &declaredFlow{
			tenant: t, direction: flow.Ingress, ref: ref, path: path.Child("ingress").Index(i), reason: reason.Child("ingress[" + in.Name + "]"),
			name: in.Name, pods: endpoints.SelectorOf(in.Pods), peers: in.From, ports: portsOf(in.Ports, in.ICMP), optional: in.Optional, mesh: in.FullMesh,
			l7: l7Of(in.HTTP, nil, nil),
		})
	}
	for i, in := range in.Egress {
		out = append(out, &declaredFlow{
			tenant: t, direction: flow.Egress, ref: ref, path: path.Child("egress").Index(i), reason: reason.Child("egress[" + in.Name + "]"),
			name: in.Name, pods: endpoints.SelectorOf(in.Pods), peers: in.To, ports: portsOf(in.Ports, in.ICMP), optional: in.Optional, mesh: in.FullMesh, via: in.Via,
			l7: l7Of(in.HTTP, in.DNS, in.TLS), tls: in.TLS,
		})
	}
	return out
}

// portsOf are the ports of a flow, or its types of ICMP message instead.
func portsOf(ports []v1alpha1.Port, icmp []v1alpha1.ICMPType) []flow.Port {
	return append(flow.DeclaredPorts(ports), flow.ICMPPorts(icmp)...)
}

// resolveFlow resolves the pods and peers of a flow, and reports whether it is active. It checks all
// of the flow, also after an error, so that one run reports all errors.
func (r *resolver) resolveFlow(f *declaredFlow) bool {
	before := len(r.findings)
	own, on := r.subjectPeers(f)
	if !on {
		return false
	}
	f.own = own
	if f.fromProfile {
		r.recordUse(f)
	}
	if !slices.ContainsFunc(f.peers, func(p v1alpha1.Peer) bool { return r.appliesTo(f, p) }) {
		return false
	}
	for i, p := range f.peers {
		if !r.appliesTo(f, p) {
			continue
		}
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

// subjectPeers are the pods or nodes that the flow selects. on reports whether the flow is active.
func (r *resolver) subjectPeers(f *declaredFlow) (own []policy.Peer, on bool) {
	switch {
	case f.tenant.IsNodes():
		return []policy.Peer{f.tenant.NodesPeer()}, true
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
		// The missing namespace is an error already.
		return nil, true
	case f.optional:
		return nil, r.disableOptional(f, f.path.Child("pods"), "the pods are")
	}
	r.refuse(report.PodsNotFound, f.ref, f.path.Child("pods"), "%s", r.podsNotFound(f.tenant.Namespaces, f.pods, orRemoveFlow))
	return nil, true
}

func (r *resolver) egressPoint(f *declaredFlow) []policy.Peer {
	at := f.path.Child("via")
	points := r.profile.Spec.EgressPoints
	i := slices.IndexFunc(points, func(p v1alpha1.EgressPoint) bool { return p.Name == f.via })
	if i < 0 {
		var names []string
		for _, p := range points {
			names = append(names, p.Name)
		}
		fix := "remove via"
		if len(names) > 0 {
			fix = v1alpha1.DidYouMean(f.via, names)
		}
		r.refuse(report.EgressPointNotFound, f.ref, at, "the profile has no egress point %q: %s", f.via, fix)
		return nil
	}
	if !slices.Contains(f.limits().EgressPoints, f.via) && !r.withinLimits(f, report.EgressPointOutsideLimits, at, fmt.Sprintf("egress point %q", f.via), "egressPoints") {
		return nil
	}
	f.pods = endpoints.SelectorOf(points[i].Pods)
	resolvedPeers, _ := r.podsByTenant(points[i].Namespace, f.pods)
	if len(resolvedPeers) == 0 {
		r.refuse(report.PodsNotFound, r.profile.Ref, r.profile.Path.Child("egressPoints").Index(i).Child("pods"),
			"%s", r.podsNotFound([]string{points[i].Namespace}, f.pods, ""))
		return nil
	}
	// If several tenants have the pods, the profile has an error.
	f.pods = resolvedPeers[0].Pods
	return resolvedPeers[:1]
}

// podPeers are the peers for a selector in namespaces of a tenant, as far as it selects pods there. A
// selector for all pods needs no pods: they may be created later.
func (r *resolver) podPeers(t *tenant, namespaces []string, pods endpoints.Selector) []policy.Peer {
	pods, ok := t.OwnPods(pods)
	if !ok {
		return nil
	}
	var out []policy.Peer
	for _, ns := range namespaces {
		if r.index.WithoutResources || r.index.Partial || endpoints.SelectsAll(pods) || len(r.index.WorkloadsIn(ns, pods)) > 0 {
			peer := t.PeerIn(ns)
			peer.Pods = pods
			out = append(out, peer)
		}
	}
	return out
}

// disableOptional reports that an optional flow is inactive, and returns false.
func (r *resolver) disableOptional(f *declaredFlow, at *field.Path, what string) bool {
	r.report(report.Info, report.OptionalFlowInactive, f.ref, at, "%s not in the build, so the optional flow %q of %s is inactive", what, f.name, f.tenant.Describe())
	return false
}
