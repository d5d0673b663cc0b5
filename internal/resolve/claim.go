package resolve

import (
	"maps"
	"slices"

	"go4.org/netipx"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// claimPass is the pass claim.
type claimPass struct {
	pass
	// allNames are the names of all Tenants of the build, named those in the profile.
	allNames []string
	named    namesInProfile
	// refusedNamespaces are those that a Tenant asks for and does not get.
	refusedNamespaces []string
	// flows are the declared flows of Tenants, each with those of the profile for it, and of nodes.
	// agents are the entries of agentIngress.
	flows, agents []*declaredFlow
}

// claim finds out who has which namespaces, pods and nodes, and declares which flows.
func claim(in *resource.Inputs, index *resource.Index) *claimPass {
	r := newClaim(in, index)
	r.configureAgents()
	r.correctPattern(in.Tenants)
	r.recordUnread(in.UnreadableTenants)
	r.resolveTenants(in.Tenants)
	r.reportUnusedPaths(in.Tenants)
	r.reportPatternEffects(in.Tenants)
	r.resolveParents(in.Tenants)
	r.checkPartial()
	r.resolveScope()
	r.checkProfile()
	r.checkNamespaces()
	r.collectFlows()
	r.collectNodes()
	return r
}

// allFlows are the flows that the pass ends resolves, in their declared order.
func (r *claimPass) allFlows() []*declaredFlow { return slices.Concat(r.flows, r.agents) }

func newClaim(in *resource.Inputs, index *resource.Index) *claimPass {
	spec := &in.Profile.Spec
	return &claimPass{named: namesInProfileOf(spec), pass: pass{facts: &facts{
		profile: in.Profile, index: index, byName: map[string]*tenant{}, owner: map[string]*tenant{}, partialTenants: map[string][]*tenant{},
		unread: map[string]bool{}, unreadNamespaces: map[string]bool{},
		fence: &policy.Fence{
			Name: in.Fence.Name, Profile: reasonOf(in.Profile.Ref, in.Profile.Path),
			Cluster: withTunnels(spec.Cluster), Mesh: in.Mesh(), Policies: spec.Policies, Baseline: spec.Baseline,
			NamespaceLabels: spec.Tenants.NamespaceLabels, ClusterHostnames: policy.ClusterHostnamesOf(spec.ClusterHostnames),
			UndecidedKinds: spec.UndecidedKinds, Representatives: int(spec.ProofBudget.Representatives),
		},
	}}}
}

// configureAgents finds out how Cilium's agents are configured.
func (r *claimPass) configureAgents() {
	at := r.profile.Path.Child("cluster", "ciliumConfig")
	agent, overrides, findings := r.index.AgentOf(r.profile.Spec.Cluster, r.profile.Ref, at)
	r.fence.Agent, r.fence.Overrides = agent, overrides
	r.fence.AllowsIsolate = !agent.Enabled(cilium.EnableNonDefaultDeny)
	r.findings = slices.Concat(r.findings, findings)
}

// withTunnels adds the tunnel addresses of an overlay to those of the nodes. No pod has them.
func withTunnels(c v1alpha1.Cluster) v1alpha1.Cluster {
	if len(c.TunnelCIDRs) == 0 {
		return c
	}
	var pods netipx.IPSetBuilder
	pods.AddSet(setOf(c.PodCIDRs, nil))
	pods.RemoveSet(setOf(c.TunnelCIDRs, nil))
	if set, err := pods.IPSet(); err == nil && len(c.PodCIDRs) > 0 {
		c.PodCIDRs = prefixes(set)
	}
	c.NodeCIDRs = slices.Concat(c.NodeCIDRs, c.TunnelCIDRs)
	return c
}

// collectFlows lists the flows of every tenant, its own and those of the profile.
func (r *claimPass) collectFlows() {
	for _, t := range r.tenants {
		own := v1alpha1.AllTenantsFlows{Ingress: t.spec.Ingress, Egress: t.spec.Egress}
		t.flows = append(flowsOf(t, own, t.ref, t.path, t.Reason), flowsOf(t, r.profile.Spec.AllTenants, r.profile.Ref, r.profile.Path.Child("allTenants"), r.fence.Profile.Child("allTenants"))...)
		for _, f := range t.flows[len(own.Ingress)+len(own.Egress):] {
			f.fromProfile = true
		}
		r.flows = append(r.flows, t.flows...)
		for i, a := range t.spec.AgentIngress {
			r.agents = append(r.agents, &declaredFlow{
				tenant: t, direction: flow.Ingress, name: a.Name, ref: t.ref, path: t.path.Child("agentIngress").Index(i), agent: &t.spec.AgentIngress[i],
				reason: t.Reason.Child("agentIngress[" + a.Name + "]"), pods: endpoints.SelectorOf(a.Pods), ports: flow.DeclaredPorts(a.Ports),
			})
		}
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

func l7Of(http []v1alpha1.HTTPRule, dns []string, tls *v1alpha1.TLS) flow.L7 {
	var servers []string
	if tls != nil {
		servers = tls.ServerNames
	}
	var out flow.L7
	for _, r := range http {
		rule := flow.HTTPRule{Method: r.Method, Path: r.Path, Host: r.Host, Headers: slices.Sorted(slices.Values(r.Headers))}
		out.Alternatives = append(out.Alternatives, flow.Alternative{HTTP: &rule, Servers: servers})
	}
	if len(http) == 0 {
		out = flow.TLSTo(servers...)
	}
	out.Alternatives = append(out.Alternatives, flow.DNSFor(dns...).Alternatives...)
	if tls != nil && tls.Terminating != nil && tls.Originating != nil {
		out.Interception = &flow.Interception{Terminating: *tls.Terminating, Originating: *tls.Originating}
	}
	return out
}

// collectNodes lists the profile's nodes and their flows, which need neither limits nor consent.
func (r *claimPass) collectNodes() {
	for i, n := range r.profile.Spec.Nodes {
		path := r.profile.Path.Child("nodes").Index(i)
		reason := r.fence.Profile.Child("nodes[" + n.Name + "]")
		node := policy.Owner{
			Kind: policy.Nodes, Name: n.Name, Selector: n.NodeSelector, Enforcement: n.Enforcement, Reason: reason, EnforcementReason: reason.Child("enforcement"),
		}
		if len(n.Ingress) > 0 {
			node.DefaultDeny = append(node.DefaultDeny, flow.Ingress)
		}
		if len(n.Egress) > 0 {
			node.DefaultDeny = append(node.DefaultDeny, flow.Egress)
		}
		own := &tenant{Owner: node}
		r.fence = r.fence.WithOwners(append(r.fence.Owners(), &own.Owner)...)
		own.flows = flowsOf(own, v1alpha1.AllTenantsFlows{Ingress: n.Ingress, Egress: n.Egress}, r.profile.Ref, path, reason)
		for _, f := range own.flows {
			f.fromProfile = true
		}
		r.flows = append(r.flows, own.flows...)
	}
}

// systemNamespaces run the cluster itself. One without a Tenant is not fenced, whatever the scope.
var systemNamespaces = []string{"kube-node-lease", "kube-public", "kube-system"}

// resolveScope sets the namespaces that cluster-wide policies select, if the profile has scope: Cluster.
func (r *claimPass) resolveScope() {
	if r.profile.Spec.Scope != v1alpha1.ScopeCluster {
		return
	}
	r.require(cilium.AdditivePolicies, r.profile.Ref, r.profile.Path.Child("scope"), "Cluster", "before it, a cluster-wide allow isolates pods in AllowOnly: set scope: Namespace")
	excluded := map[string]bool{}
	for _, e := range r.profile.Spec.ExcludedNamespaces {
		excluded[e.Name] = true
	}
	for _, ns := range slices.Concat(r.profile.Spec.SharedNamespaces, slices.Collect(maps.Keys(r.partialTenants))) {
		excluded[ns] = true
	}
	for _, ns := range systemNamespaces {
		if r.owner[ns] == nil && !r.unreadNamespaces[ns] {
			excluded[ns] = true
		}
	}
	r.fence.Clusterwide = &policy.Clusterwide{Enforcement: r.profile.Spec.Enforcement, Excluded: slices.Sorted(maps.Keys(excluded))}
}

// refuseUnclaimedNamespaces refuses namespaces of the build without a Tenant under a cluster-wide
// default-deny: nothing that their pods need is allowed.
func (r *claimPass) refuseUnclaimedNamespaces() {
	if len(r.tenants) == 0 {
		return
	}
	at := map[string]*field.Path{}
	for ns := range r.index.Namespaces {
		at[ns] = nil
	}
	for _, w := range r.index.Workloads {
		at[w.Ref.Namespace] = nil
	}
	baseline := r.profile.Path.Child("baseline")
	if m := r.profile.Spec.Baseline.Monitoring; m != nil {
		at[m.Namespace] = baseline.Child("monitoring", "namespace")
	}
	at[r.profile.Spec.Baseline.DNS.Namespace] = baseline.Child("dns", "namespace")
	var others []string
	for _, ns := range slices.Sorted(maps.Keys(at)) {
		switch {
		case !r.fence.UnclaimedNamespace(ns) || r.unreadNamespaces[ns]:
		case at[ns] == nil:
			others = append(others, ns)
		default:
			r.refuseUnclaimed([]string{ns}, at[ns])
		}
	}
	if len(others) > 0 {
		r.refuseUnclaimed(others, nil)
	}
}

func (r *claimPass) refuseUnclaimed(namespaces []string, at *field.Path) {
	r.refuse(report.NamespaceUnfenced, r.profile.Ref, at,
		"%s %s no Tenant, and scope: Cluster denies all traffic there except the baseline: give %s a Tenant, or add %[3]s to excludedNamespaces with the reason",
		namespaceList(namespaces), plural(len(namespaces), "has", "have"), plural(len(namespaces), "it", "them"))
}
