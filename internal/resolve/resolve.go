// Package resolve turns Tenants and profile into a policy.Fence: it gives each Tenant its
// namespaces, limits and enforcement, resolves peers and Services in the build, and grants what both
// sides of a flow, or the profile, declare. What it cannot grant is a finding. It never grants a part
// of a flow with an error.
package resolve

import (
	"cmp"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

type resolver struct {
	profile resource.Profile
	index   *resource.Index
	fence   *policy.Fence
	// networkPolicyForm reports whether the fence is for NetworkPolicies in addition to those of
	// Cilium: it omits what they cannot express.
	networkPolicyForm bool

	// fenceNames are the name of the fence and its former names.
	fenceNames []string
	// tenants are sorted by name.
	tenants []*tenant
	byName  map[string]*tenant
	// allNames are the names of all Tenants of the build.
	allNames []string
	// owner is the tenant of each namespace that a tenant has with all pods, partialTenants are
	// those of a namespace that is fenced in part.
	owner          map[string]*tenant
	partialTenants map[string][]*tenant
	flows          []*declaredFlow
	// relation is who is whose child, and named are the names of Tenants in the profile.
	relation relation
	named    namesInProfile
	// profileFlows are the flows of allTenants for which some tenant has pods, by their fields.
	profileFlows map[string]*profileFlowUse
	// flowIndex finds a declared flow in the fence.
	flowIndex map[report.Reason]int
	// unread are the names, and unreadNamespaces the namespaces, of Tenants that are refused
	// already: references to them are not checked.
	unread, unreadNamespaces map[string]bool
	// refusedNamespaces are those that a Tenant asks for and does not get.
	refusedNamespaces []string

	findings report.Findings
}

// Resolve returns the fence and its findings. The fence is complete only if no finding is an error.
func Resolve(in *resource.Inputs, index *resource.Index) (*policy.Fence, report.Findings) {
	r := newResolver(in, index)
	r.resolve(in)
	return r.fence, r.findings
}

// networkPolicyFormChecks are the checks that matter for NetworkPolicies in addition to those of Cilium.
var networkPolicyFormChecks = []*report.Check{report.AllowPolicyIsolates, report.EgressProxyShared, report.EgressProxyUnfenced, report.EgressProxyWithoutDNS, report.FlowWithoutDNS}

// NetworkPolicyForm returns the fence for NetworkPolicies with policies: Both, for an enforcer other
// than Cilium. It omits what they cannot express, and reports it.
func NetworkPolicyForm(in *resource.Inputs, index *resource.Index) (*policy.Fence, report.Findings) {
	r := newResolver(in, index)
	r.networkPolicyForm = true
	r.fence.Policies, r.fence.Cluster.CNI = v1alpha1.PoliciesKubernetes, v1alpha1.CNIKubernetes
	r.resolve(in)
	var unsupported report.Findings
	for _, f := range r.findings {
		switch {
		case slices.Contains(networkPolicyFormChecks, f.Check):
			unsupported = append(unsupported, f)
		case f.Severity == report.Error:
			f.Check, f.Severity, f.Message = report.NotInNetworkPolicyForm, report.Warning, "is not in the NetworkPolicy form: "+f.Message
			unsupported = append(unsupported, f)
		}
	}
	return r.fence, unsupported
}

func newResolver(in *resource.Inputs, index *resource.Index) *resolver {
	return &resolver{
		fenceNames: append([]string{in.Fence.Name}, in.Fence.Spec.FormerNames...),
		profile:    in.Profile, index: index, named: namesInProfileOf(&in.Profile.Spec), profileFlows: map[string]*profileFlowUse{},
		flowIndex: map[report.Reason]int{}, byName: map[string]*tenant{}, owner: map[string]*tenant{}, partialTenants: map[string][]*tenant{},
		unread: map[string]bool{}, unreadNamespaces: map[string]bool{},
		fence: &policy.Fence{
			Name: in.Fence.Name, Profile: reasonOf(in.Profile.Ref, in.Profile.Path),
			Cluster: withTunnels(in.Profile.Spec.Cluster), Mesh: in.Mesh(), Policies: in.Profile.Spec.Policies, Baseline: in.Profile.Spec.Baseline,
			NamespaceLabels: in.Profile.Spec.Tenants.NamespaceLabels, ClusterHostnames: policy.ClusterHostnamesOf(in.Profile.Spec.ClusterHostnames),
			UndecidedKinds:  in.Profile.Spec.UndecidedKinds,
			Representatives: int(in.Profile.Spec.ProofBudget.Representatives),
		},
	}
}

func (r *resolver) resolve(in *resource.Inputs) {
	r.configureAgents()
	r.correctPattern(in.Tenants)
	r.recordUnread(in.UnreadableTenants)
	r.resolveTenants(in.Tenants)
	r.reportUnusedPaths(in.Tenants)
	r.reportPatternEffects(in.Tenants)
	r.resolveParents(in.Tenants)
	r.checkPartial()
	r.resolveScope()
	r.resolveEntityAddresses()
	r.checkProfile()
	r.checkBaselineForm()
	r.checkNamespaces()
	r.collectFlows()
	r.collectNodes()
	r.refuseSplitWorld()
	r.refuseShadowedDNS()
	r.grantFlows()
	r.grantAgents()
	r.grantProxyEgress()
	r.reportNodes()
	r.reportAdvice()
	r.combineCauses()
}

// tenant is a Tenant while it is resolved.
type tenant struct {
	policy.Owner
	ref    report.Ref
	path   *field.Path
	spec   v1alpha1.TenantSpec
	limits v1alpha1.Limits
	// replacedLimits are the fields of overrides that replace limits, by the name of the limit.
	replacedLimits map[string]string
	// parent is the name of its parent in the profile, "" if it has none, or not a clear one.
	parent string
	flows  []*declaredFlow
	// mayAllowOnly reports whether the profile lets the tenant be in AllowOnly.
	mayAllowOnly bool
}

// reasonOf is the reason for a spec at a path of a resource.
func reasonOf(ref report.Ref, path *field.Path) report.Reason {
	return report.Reason{Kind: ref.Kind, Name: ref.Name, Field: path.String()}
}

func (r *resolver) report(severity report.Severity, check *report.Check, ref report.Ref, path *field.Path, format string, args ...any) {
	f := report.New(check, severity, ref, "", format, args...)
	if path != nil {
		f.Field = path.String()
	}
	r.findings = append(r.findings, f)
}

func (r *resolver) refuse(check *report.Check, ref report.Ref, path *field.Path, format string, args ...any) {
	r.report(report.Error, check, ref, path, format, args...)
}

func (r *resolver) resolveTenants(in []resource.Tenant) {
	sorted := slices.Clone(in)
	slices.SortStableFunc(sorted, func(a, b resource.Tenant) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Ref.File, b.Ref.File), cmp.Compare(a.Ref.Namespace, b.Ref.Namespace),
			cmp.Compare(endpoints.JSONKey(a.Spec), endpoints.JSONKey(b.Spec)))
	})
	for _, t := range sorted {
		r.allNames = append(r.allNames, t.Name)
	}
	for _, t := range sorted {
		if r.byName[t.Name] != nil {
			r.refuse(report.TenantDuplicate, t.Ref, namePath(t), "several Tenants have the name %q: give each its own name, or list the Tenant once", t.Name)
			continue
		}
		r.addTenant(t)
	}
	for _, ns := range r.refusedNamespaces {
		if r.owner[ns] == nil && len(r.partialTenants[ns]) == 0 {
			r.unreadNamespaces[ns] = true
		}
	}
	var owners []*policy.Owner
	for _, t := range r.tenants {
		owners = append(owners, &t.Owner)
	}
	r.fence = r.fence.WithOwners(owners...)
}

// namePath is the field with a Tenant's name.
func namePath(t resource.Tenant) *field.Path {
	if t.Ref.Kind == v1alpha1.KindTenant {
		return field.NewPath("metadata", "name")
	}
	return t.Path
}

func (r *resolver) addTenant(in resource.Tenant) {
	t := &tenant{
		Owner: policy.Owner{Kind: policy.Pods, Name: in.Name, ID: in.Spec.ID, Selector: endpoints.SelectorOf(in.Spec.Pods), Reason: reasonOf(in.Ref, in.Path)},
		ref:   in.Ref, path: in.Path, spec: in.Spec,
	}
	if in.Ref.Kind != v1alpha1.KindTenant {
		// By name, like flows: reasons do not depend on the order of lists.
		t.Reason.Field = "spec.tenants[" + in.Name + "].spec"
	}
	r.checkAllowedPaths(in)
	r.applyOverrides(t)
	r.resolveEnforcement(t)
	r.resolveIntraNamespace(t)
	r.byName[t.Name] = t
	r.tenants = append(r.tenants, t)
	r.claim(t)
	r.resolveDNS(t)
}

// resolveEnforcement sets the enforcement of the profile, or that of the Tenant, which may be
// stricter, and looser only within limits.
func (r *resolver) resolveEnforcement(t *tenant) {
	own, profile := t.spec.Enforcement, t.Enforcement
	t.mayAllowOnly = profile == v1alpha1.AllowOnly || slices.Contains(t.limits.Enforcement, v1alpha1.AllowOnly)
	if own == "" {
		return
	}
	t.Enforcement, t.EnforcementReason = own, t.Reason.Child("enforcement")
	if own == v1alpha1.AllowOnly && !t.mayAllowOnly {
		r.refuse(report.LooserThanProfile, t.ref, t.path.Child("enforcement"),
			"AllowOnly is looser than Enforce in the profile: remove it, or add AllowOnly to %s in the profile%s", t.limitField("enforcement"), t.replacesLimit("enforcement"))
	}
}

func (r *resolver) resolveIntraNamespace(t *tenant) {
	t.IntraNamespace = r.profile.Spec.Baseline.AllowsIntraNamespace()
	if t.spec.Baseline == nil || t.spec.Baseline.IntraNamespace == nil {
		return
	}
	own := *t.spec.Baseline.IntraNamespace
	if own && !t.IntraNamespace {
		r.refuse(report.LooserThanProfile, t.ref, t.path.Child("baseline", "intraNamespace"),
			"true is wider than the baseline of the profile, which a Tenant may only narrow: remove it")
	}
	t.IntraNamespace = own
}
