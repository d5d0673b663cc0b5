package fn

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// withVariables are the items as Flux applies them: they have the values of the fence's
// variables in place of references. What is written stays as it is.
func withVariables(items []*yaml.RNode, variables map[string]string) ([]*yaml.RNode, map[*yaml.RNode][]resource.Unsubstituted, error) {
	out, unknown := slices.Clone(items), map[*yaml.RNode][]resource.Unsubstituted{}
	for i, n := range items {
		if resource.Group(n) == v1alpha1.Group {
			continue
		}
		substituted, missing, err := resource.Substitute(n, variables)
		if err != nil {
			return nil, nil, err
		}
		if out[i] = substituted; len(missing) > 0 {
			unknown[substituted] = missing
		}
	}
	return out, unknown, nil
}

// withoutValues are the variables without a value on which traffic depends: an error for each
// variable or, for each policy of a namespace that no tenant has, a warning. The second result
// are the policies that refer to one.
func (p proof) withoutValues(unknown map[*yaml.RNode][]resource.Unsubstituted) (policy.Findings, map[*yaml.RNode]bool) {
	var out policy.Findings
	policies, errors, makesPods := map[*yaml.RNode]bool{}, map[string][]policy.Finding{}, p.index.MakesPods()
	for n, missing := range unknown {
		ref, isPolicy, what := resource.RefOf(n), affectsTraffic(n), resource.PodsDepend
		if isPolicy {
			what = "what the policy does"
		}
		if resource.ConfiguresAgents(n) {
			what = "how agents enforce policies"
		}
		missing = slices.DeleteFunc(slices.Clone(missing), func(u resource.Unsubstituted) bool {
			return !u.Matters(n, isPolicy, makesPods[resource.ID(n)])
		})
		concerned := p.fence.Concerns(namespaceOf(n)) || resource.ConfiguresAgents(n)
		if !isPolicy && !concerned {
			// A label whose key is unknown may be one that Cilium reserves.
			missing = slices.DeleteFunc(missing, func(u resource.Unsubstituted) bool { return !strings.Contains(u.Field, "${") })
		}
		switch {
		case len(missing) == 0:
		case isPolicy && !concerned:
			out = append(out, missing[0].Finding(ref, policy.Warning, what, "the policy is left out"))
		default:
			for _, m := range missing {
				errors[m.Reference] = append(errors[m.Reference], m.Finding(ref, policy.Error, what, "nothing is proved"))
			}
		}
		policies[n] = isPolicy && len(missing) > 0
	}
	for _, reference := range slices.Sorted(maps.Keys(errors)) {
		out = append(out, oncePerVariable(errors[reference]))
	}
	return out.Sort(), policies
}

// namespaceOf is the namespace that a resource is in, or is.
func namespaceOf(n *yaml.RNode) string {
	if resource.Group(n) == "" && n.GetKind() == "Namespace" {
		return n.GetName()
	}
	return resource.NamespaceOf(n)
}

// oncePerVariable is one finding about the first field that refers to a variable.
func oncePerVariable(all []policy.Finding) policy.Finding {
	slices.SortFunc(all, func(a, b policy.Finding) int {
		return cmp.Or(strings.Compare(a.Resource.String(), b.Resource.String()), strings.Compare(a.Field, b.Field))
	})
	policies := map[policy.Ref]bool{}
	for _, f := range all {
		policies[f.Resource] = true
	}
	if more := len(policies) - 1; more > 0 {
		all[0].Message += fmt.Sprintf(" (other resources that refer to it: %d)", more)
	}
	return all[0]
}
