package resolve

import (
	"slices"

	"go4.org/netipx"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/policy"
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
