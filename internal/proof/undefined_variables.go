package proof

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// undefinedVariables reports variables without a value on which traffic depends: an error for each
// variable, and a warning for each policy in a namespace without a tenant. The second result is the
// policies that refer to one.
func (p proof) undefinedVariables(unknown map[*yaml.RNode][]resource.Unsubstituted) (report.Findings, map[*yaml.RNode]bool) {
	var out report.Findings
	policies, errors, makesPods := map[*yaml.RNode]bool{}, map[string][]report.Finding{}, p.index.MakesPods()
	for n, missing := range unknown {
		missing = p.relevantVariables(n, missing, makesPods[resource.ID(n)])
		policies[n] = affectsTraffic(n) && len(missing) > 0
		if policies[n] && !p.Fence.MayAffectTenant(namespaceOf(n)) {
			out = append(out, missing[0].Finding(resource.RefOf(n), report.Warning, dependsOn(n), "the policy is left out"))
			continue
		}
		for _, m := range missing {
			errors[m.Reference] = append(errors[m.Reference], m.Finding(resource.RefOf(n), report.Error, dependsOn(n), "nothing is proved"))
		}
	}
	for _, reference := range slices.Sorted(maps.Keys(errors)) {
		out = append(out, oncePerVariable(errors[reference]))
	}
	return out.Sort(), policies
}

// relevantVariables are the missing values of a resource on which traffic depends.
func (p proof) relevantVariables(n *yaml.RNode, missing []resource.Unsubstituted, makesPods bool) []resource.Unsubstituted {
	isPolicy := affectsTraffic(n)
	relevant := isPolicy || resource.ConfiguresAgents(n) || p.Fence.MayAffectTenant(namespaceOf(n))
	return slices.DeleteFunc(slices.Clone(missing), func(u resource.Unsubstituted) bool {
		// A label whose key is unknown may be one that Cilium reserves, in any namespace.
		unknownKey := strings.Contains(u.Field, "${")
		return !u.AffectsTraffic(n, isPolicy, makesPods) || !relevant && !unknownKey
	})
}

// dependsOn is what depends on a variable in a resource.
func dependsOn(n *yaml.RNode) string {
	switch {
	case affectsTraffic(n):
		return "what the policy does"
	case resource.ConfiguresAgents(n):
		return "how agents enforce policies"
	default:
		return resource.PodsDepend
	}
}

// namespaceOf is the namespace of a resource, or the name of a Namespace.
func namespaceOf(n *yaml.RNode) string {
	if resource.Group(n) == "" && n.GetKind() == "Namespace" {
		return n.GetName()
	}
	return resource.NamespaceOf(n)
}

// oncePerVariable is one finding about the first field that refers to a variable.
func oncePerVariable(all []report.Finding) report.Finding {
	slices.SortFunc(all, func(a, b report.Finding) int {
		return cmp.Or(strings.Compare(a.Resource.String(), b.Resource.String()), strings.Compare(a.Field, b.Field))
	})
	policies := map[report.Ref]bool{}
	for _, f := range all {
		policies[f.Resource] = true
	}
	if more := len(policies) - 1; more > 0 {
		all[0].Message += fmt.Sprintf(" (other resources that refer to it: %d)", more)
	}
	return all[0]
}
