package resolve

import (
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
)

// declaredFlow is one declared flow of one tenant.
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
	// agent is the entry of agentIngress, nil for other flows.
	agent *v1alpha1.AgentIngress

	// The rest is the result of passes. The pass ends sets outcome and, for agents, whether these
	// connect to a Service of type LoadBalancer. unsupported are its findings if the flow is not in
	// the NetworkPolicy form alone.
	outcome               outcome
	findings, unsupported report.Findings
	loadBalancer          bool
	// own are the pods or nodes that the flow selects, one peer a namespace.
	own []policy.Peer
	// resolvedPeers are the peers of the flow, and granted those that the pass agree grants. partial
	// reports whether some are in no policy.
	resolvedPeers, granted []resolvedPeer
	partial                bool
	// podPeers has the positions of the resolved peers that are pods, by namespace. Nil: not known yet.
	podPeers map[string][]int
}

// peersIn are the positions of the resolved peers in the namespaces of some pods, in order.
func (f *declaredFlow) peersIn(own []policy.Peer) []int {
	if f.podPeers == nil {
		f.podPeers = map[string][]int{}
		for i, e := range f.resolvedPeers {
			if e.peer.Kind == policy.Pods {
				f.podPeers[e.peer.Namespace] = append(f.podPeers[e.peer.Namespace], i)
			}
		}
	}
	if len(own) == 1 {
		return f.podPeers[own[0].Namespace]
	}
	var out []int
	for _, mine := range own {
		out = append(out, f.podPeers[mine.Namespace]...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// outcome is the result of the pass ends for a flow.
type outcome int

const (
	// resolved flows have no error by themselves.
	resolved outcome = iota
	// refused flows have an error.
	refused
	// inactive is an optional flow without its pods or a peer, or a flow of the profile without a
	// peer for this tenant.
	inactive
	// withoutPods is a flow of the profile whose pods this tenant does not have.
	withoutPods
)

// off reports whether the flow is in no policy, without an error.
func (o outcome) off() bool { return o == inactive || o == withoutPods }

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

// isCounted reports whether findings count the tenants of a group instead of naming them.
func (f *declaredFlow) isCounted(group tenantGroup) bool {
	return group == anyTenant || group == childTenants || f.fromProfile && group.includesAllTenants()
}

// peersOfTenant are resolved peers for a tenant's pods.
func (f *declaredFlow) peersOfTenant(peers []policy.Peer, t *tenant, group tenantGroup, at *field.Path) []resolvedPeer {
	var out []resolvedPeer
	for _, peer := range peers {
		e := resolvedPeer{peer: peer, group: group, path: at}
		if f.needsConsent(t, group) {
			e.tenant = t
		}
		out = append(out, e)
	}
	return out
}

// needsConsent reports whether the other tenant must declare its side. Flows of the profile need no
// consent, except those to all tenants without fullMesh.
func (f *declaredFlow) needsConsent(t *tenant, group tenantGroup) bool {
	switch {
	case t == nil || t == f.tenant:
		return false
	case !f.fromProfile:
		return true
	default:
		return group.includesAllTenants() && !f.mesh && !f.tenant.IsNodes()
	}
}

// queriedNames are the names that pods query for a peer.
func (e resolvedPeer) queriedNames() []string {
	if e.peer.Kind == policy.FQDNs {
		return e.peer.FQDNs
	}
	return e.hostnames
}
