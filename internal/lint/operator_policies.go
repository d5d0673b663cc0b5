package lint

import (
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// OperatorPolicies reports the NetworkPolicies that operators create for resources of the build. They
// allow traffic in addition to the policies of the build, and are not decided. They are an error where
// something is enforced, and otherwise a warning. Accepted kinds are an info.
func OperatorPolicies(f *policy.Fence, index *resource.Index) report.Findings {
	var out report.Findings
	for _, in := range index.Inferred {
		for _, p := range in.Policies {
			if p.Allows() != "" && f.EnforcesNetworkPolicies() && f.MayAffectTenant(p.Namespace) {
				out = append(out, operatorPolicy(f, in, p))
			}
		}
	}
	return out
}

func operatorPolicy(f *policy.Fence, in resource.Inferred, p resource.OperatorNetworkPolicy) report.Finding {
	if reason, accepted := f.UndecidedKindReason(in.Resource); accepted {
		return report.New(report.PolicyByOperator, report.Info, in.Resource, "", "the proof assumes that the NetworkPolicy %s that %s creates for it allows only declared flows (%s): undecidedKinds of the FenceProfile accepts the kind (%s)",
			p.Name, in.Operator.Operator, p.Allows(), reason)
	}
	severity, so := report.Error, "nothing is proved"
	if inAllowOnly(f, p.Namespace) {
		severity, so = report.Warning, "isolation is not proved there"
	}
	narrow := "declare all of these flows"
	if p.Narrow != "" {
		narrow += ", and limit the sources by " + p.Narrow
	}
	return report.New(report.PolicyByOperator, severity, in.Resource, "", "%s creates the NetworkPolicy %s for it, which allows more than the declared flows (%s); this is not decided, so %s: set %s, or %s; then accept the kind in the FenceProfile: undecidedKinds: [{group: %s, kind: %s, reason: …}]",
		in.Operator.Operator, p.Name, p.Allows(), so, p.SwitchOff, narrow, groupOfRef(in.Resource), in.Resource.Kind)
}

// inAllowOnly reports whether nothing is denied in a namespace yet.
func inAllowOnly(f *policy.Fence, namespace string) bool {
	owners := f.TenantsIn(namespace)
	return len(owners) > 0 && !slices.ContainsFunc(owners, func(t *policy.Owner) bool { return t.Enforcement == v1alpha1.Enforce })
}

func groupOfRef(ref report.Ref) string {
	group, _, _ := strings.Cut(ref.APIVersion, "/")
	return group
}
