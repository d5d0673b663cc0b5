package fn

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// withVariables are the items as Flux applies them: hand-written policies have the values of
// the fence's variables in place of references. What is written stays as it is.
func withVariables(items []*yaml.RNode, variables map[string]string) ([]*yaml.RNode, map[*yaml.RNode][]resource.Unsubstituted, error) {
	out, unknown := slices.Clone(items), map[*yaml.RNode][]resource.Unsubstituted{}
	for i, n := range items {
		if !affectsTraffic(n) {
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

// substituted are the items for a proof, without the policies that refer to a variable that
// has no value: an error for each variable or, for each policy of a namespace that no tenant
// has, a warning.
func substituted(fence *policy.Fence, items []*yaml.RNode, variables map[string]string) ([]*yaml.RNode, policy.Findings, error) {
	items, unknown, err := withVariables(items, variables)
	if err != nil {
		return nil, nil, err
	}
	var out policy.Findings
	errors := map[string][]policy.Finding{}
	for n, missing := range unknown {
		if ref := resource.RefOf(n); !fence.Concerns(ref.Namespace) {
			out = append(out, unsubstituted(ref, missing[0], policy.Warning, "the policy is left out"))
			continue
		}
		for _, m := range missing {
			errors[m.Reference] = append(errors[m.Reference], unsubstituted(resource.RefOf(n), m, policy.Error, "nothing is proved"))
		}
	}
	for _, reference := range slices.Sorted(maps.Keys(errors)) {
		out = append(out, oncePerVariable(errors[reference]))
	}
	return slices.DeleteFunc(items, func(n *yaml.RNode) bool { return unknown[n] != nil }), out.Sort(), nil
}

func unsubstituted(ref policy.Ref, m resource.Unsubstituted, severity policy.Severity, so string) policy.Finding {
	do := "add " + m.Name + " to the TenantFence's spec.variables, with the value that Flux substitutes"
	if m.Name == "" {
		do = "write ${NAME} alone, and give NAME a value in the TenantFence's spec.variables"
	}
	return policy.Finding{
		Check: "unsubstituted-variable", Severity: severity, Resource: ref, Field: m.Field,
		Message: fmt.Sprintf("%s has no value, and what the policy does depends on it, so %s: %s", m.Reference, so, do),
	}
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
