package proof

import (
	"slices"

	"github.com/tenantfence/tenantfence/internal/lint"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// causes are the findings about the inputs. If a layer moves or renames policies, it does so to what Tenants
// refer to: its errors replace those that follow.
func (v Verification) causes(found report.Findings) report.Findings {
	if !found.HasError() {
		return found
	}
	if moved := lint.MovedAbove(v.Written, v.Items); len(moved) > 0 {
		return moved
	}
	return found
}

// changedByLayersAbove replaces the findings about policies that are as the function wrote them, and not as
// it would write them for the finished build. Their cause is one: a layer above the fence changes workloads,
// Services or Namespaces.
func (v Verification) changedByLayersAbove(in *resource.Inputs, found report.Findings) report.Findings {
	if len(v.Written) == 0 || len(lint.LayersAbove(v.Written, v.Items)) > 0 {
		return found
	}
	var rest report.Findings
	var names, details []string
	for _, f := range found {
		if !slices.Contains([]*report.Check{report.PolicyChanged, report.PolicyMissing, report.PolicyUnexpected}, f.Check) {
			rest = append(rest, f)
			continue
		}
		names, details = append(names, f.Resource.String()), append(details, f.Resource.String()+" "+f.Message)
	}
	if len(names) == 0 {
		return rest
	}
	f := report.New(report.PolicyChanged, report.Error, in.FenceRef, "", "a layer above the fence changes workloads, Services or Namespaces on which its policies depend (%s), so the policies do not fit the finished build: list the fence above that layer", report.Brief(names))
	f.Details = details
	return append(rest, f)
}
