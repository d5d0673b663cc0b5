package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// OperatorPolicies reports the NetworkPolicies that operators create for resources of the build.
// They allow traffic in addition to the policies of the build. Accepted kinds are an info.
func OperatorPolicies(f *policy.Fence, index *resource.Index) report.Findings {
	var out report.Findings
	for _, in := range index.Inferred {
		for _, p := range in.Policies {
			if !f.EnforcesNetworkPolicies() || !f.MayAffectTenant(p.Namespace) {
				continue
			}
			var allows []string
			if len(p.Open) > 0 {
				allows = append(allows, portNumbers(p.Open)+" from every source")
			}
			if len(p.OpenToPeers) > 0 {
				allows = append(allows, portNumbers(p.OpenToPeers)+" from selected sources")
			}
			if len(allows) == 0 {
				continue
			}
			finding := report.New(report.PolicyByOperator, report.Warning, in.Resource, "", "%s creates the NetworkPolicy %s for it, which allows more than the declared flows (%s): set %s, and then accept the kind in the FenceProfile: undecidedKinds: [{group: %s, kind: %s, reason: …}]",
				in.Operator.Operator, p.Name, strings.Join(allows, " and "), p.SwitchOff, groupOfRef(in.Resource), in.Resource.Kind)
			if reason, accepted := f.UndecidedKindReason(in.Resource); accepted {
				finding.Severity = report.Info
				finding.Message = fmt.Sprintf("the NetworkPolicy %s that %s creates for it is ignored: undecidedKinds of the FenceProfile accepts the kind (%s)", p.Name, in.Operator.Operator, reason)
			}
			out = append(out, finding)
		}
	}
	return out
}

func portNumbers(ports []policy.Port) string {
	var out []string
	for _, p := range ports {
		out = append(out, p.String())
	}
	return "ports " + strings.Join(slices.Compact(slices.Sorted(slices.Values(out))), ", ")
}

func groupOfRef(ref report.Ref) string {
	group, _, _ := strings.Cut(ref.APIVersion, "/")
	return group
}
