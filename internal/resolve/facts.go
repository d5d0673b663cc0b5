package resolve

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// facts are what the pass claim finds out. Later passes only read them.
type facts struct {
	profile resource.Profile
	index   *resource.Index
	// fence has no grants before the pass lower.
	fence *policy.Fence
	// networkPolicyForm reports whether the fence is for NetworkPolicies in addition to those of
	// Cilium: it omits what they cannot express.
	networkPolicyForm bool

	// tenants are sorted by name.
	tenants []*tenant
	byName  map[string]*tenant
	// owner is the tenant of each namespace that a tenant has with all pods, partialTenants are
	// those of a namespace that is fenced in part.
	owner          map[string]*tenant
	partialTenants map[string][]*tenant
	// relation is who is whose child.
	relation relation
	// unread are the names, and unreadNamespaces the namespaces, of Tenants that are refused
	// already: references to them are not checked.
	unread, unreadNamespaces map[string]bool
}

// usesNetworkPolicies reports whether the function generates NetworkPolicies only.
func (r *facts) usesNetworkPolicies() bool { return r.fence.Policies == v1alpha1.PoliciesKubernetes }

// enforcedByCilium reports whether Cilium is the enforcer. Cilium never matches pods, nodes or the
// apiserver of the cluster by address.
func (r *facts) enforcedByCilium() bool { return r.fence.Cluster.CNI == v1alpha1.CNICilium }

// ciliumHint is the alternative fix for NetworkPolicies under Cilium.
func (r *facts) ciliumHint() string {
	if r.usesNetworkPolicies() && r.enforcedByCilium() {
		return ", or set policies: Cilium"
	}
	return ""
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
	// flows are those of the Tenant, and of the profile for it. The pass agree omits inactive ones.
	flows []*declaredFlow
	// mayAllowOnly reports whether the profile lets the tenant be in AllowOnly.
	mayAllowOnly bool
}

// reasonOf is the reason for a spec at a path of a resource.
func reasonOf(ref report.Ref, path *field.Path) report.Reason {
	return report.Reason{Kind: ref.Kind, Name: ref.Name, Field: path.String()}
}

// deniesUnclaimed reports whether default-deny applies to namespaces without a Tenant.
func (r *facts) deniesUnclaimed() bool {
	return r.fence.Clusterwide != nil && r.fence.Clusterwide.Enforcement == v1alpha1.Enforce
}

// minor is Cilium's minor version.
func (r *facts) minor() int {
	if !r.enforcedByCilium() {
		return cilium.AnyVersion
	}
	return cilium.Minor(r.profile.Spec.Cluster.CiliumVersion)
}

// supports reports whether a fact holds in the cluster's version of Cilium.
func (r *facts) supports(fact cilium.Fact) bool { return fact.In(r.minor()) }

// pass is what each pass has: the facts to read, and its own findings.
type pass struct {
	*facts
	findings report.Findings
}

// refuseSubdomain refuses a pattern that an older Cilium matches differently.
func (r *pass) refuseSubdomain(ref report.Ref, name string, at *field.Path) {
	if strings.HasPrefix(name, "**.") {
		r.require(cilium.SubdomainPatterns, ref, at, fmt.Sprintf("the pattern %q", name), fmt.Sprintf("list a pattern for each number of labels, as %q and %q", name[1:], "*."+name[1:]))
	}
}

func (r *pass) warn(check *report.Check, ref report.Ref, path *field.Path, format string, args ...any) {
	r.report(report.Warning, check, ref, path, format, args...)
}

// checkPortRanges refuses port ranges in versions of Cilium without them.
func (r *pass) checkPortRanges(f *declaredFlow, ports []flow.Port, at *field.Path) bool {
	valid := true
	for _, p := range ports {
		switch {
		case p.End <= p.Port:
		case len(f.l7.HTTP) > 0:
			valid = r.require(cilium.RangesWithHTTP, f.ref, at, fmt.Sprintf("the range %s with http", p), "before it, agents refuse such a policy as a whole: list the ports") && valid
		default:
			valid = r.require(cilium.PortRanges, f.ref, at, fmt.Sprintf("the range %s", p), "list the ports") && valid
		}
	}
	return valid
}

func (r *pass) report(severity report.Severity, check *report.Check, ref report.Ref, path *field.Path, format string, args ...any) {
	f := report.New(check, severity, ref, "", format, args...)
	if path != nil {
		f.Field = path.String()
	}
	r.findings = append(r.findings, f)
}

func (r *pass) refuse(check *report.Check, ref report.Ref, path *field.Path, format string, args ...any) {
	r.report(report.Error, check, ref, path, format, args...)
}

// require refuses a feature that the cluster's version of Cilium does not have, and reports whether it
// has it. instead is the fix.
func (r *pass) require(fact cilium.Fact, ref report.Ref, at *field.Path, what, instead string) bool {
	if r.supports(fact) {
		return true
	}
	r.refuse(report.CiliumTooOld, ref, at, "%s needs Cilium %s, and the profile declares %s: %s", what, fact.Introduced(), r.profile.Spec.Cluster.CiliumVersion, instead)
	return false
}
