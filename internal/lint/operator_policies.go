package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/internal/report"

	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// OperatorPolicies reports the NetworkPolicies that operators make of resources of the build:
// they add to what policies of the build allow. A kind that the profile accepts is an info.
func OperatorPolicies(f *policy.Fence, index *resource.Index) report.Findings {
	var out report.Findings
	for _, in := range index.Inferred {
		for _, p := range in.Policies {
			if !f.EnforcesNetworkPolicies() || !f.MayAffectTenant(p.Namespace) {
				continue
			}
			var opens []string
			if len(p.Open) > 0 {
				opens = append(opens, portNumbers(p.Open)+" to every source")
			}
			if len(p.OpenToPeers) > 0 {
				opens = append(opens, portNumbers(p.OpenToPeers)+" to sources of its own")
			}
			if len(opens) == 0 {
				continue
			}
			finding := report.New(report.PolicyByOperator, report.Warning, in.Resource, "", "%s makes the NetworkPolicy %s of it, which opens %s, beside all that is decided here: set %s, and then accept the kind in the FenceProfile: undecidedKinds: [{group: %s, kind: %s, reason: …}]",
				in.Operator.Operator, p.Name, strings.Join(opens, " and "), p.SwitchOff, groupOfRef(in.Resource), in.Resource.Kind)
			if reason, accepted := f.UndecidedKindReason(in.Resource); accepted {
				finding.Severity = report.Info
				finding.Message = fmt.Sprintf("the NetworkPolicy %s that %s makes of it is left out: the profile's undecidedKinds accepts the kind (%s)", p.Name, in.Operator.Operator, reason)
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
