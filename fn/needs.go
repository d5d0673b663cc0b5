package fn

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/merge"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// needs says what was set on Namespaces and Services, for whoever applies the
// policies alone.
func needs(f *policy.Fence, changes policy.Changes) []string {
	var out []string
	for _, c := range changes {
		if c.Action != policy.Configured {
			continue
		}
		switch c.Ref.Kind {
		case "Namespace":
			var labels []string
			for _, k := range slices.Sorted(maps.Keys(f.NamespaceLabels)) {
				labels = append(labels, k+"="+f.NamespaceLabels[k])
			}
			out = append(out, fmt.Sprintf("Namespace %s: labels %s", c.Ref.Name, strings.Join(labels, ", ")))
		case "Service":
			for _, s := range f.SourceRanges {
				if s.Namespace == c.Ref.Namespace && s.Service == c.Ref.Name {
					out = append(out, fmt.Sprintf("Service %s/%s: loadBalancerSourceRanges %s", s.Namespace, s.Service, strings.Join(s.CIDRs, ", ")))
				}
			}
		}
	}
	return out
}

// PolicyNeeds are lines for a person: the fields in which the function patched the policies of
// others, which are not rendered.
func PolicyNeeds(before, after []*yaml.RNode) []string {
	given := byID(before)
	var out []string
	for _, n := range after {
		have := given[resource.ID(n)]
		if have == nil || !resource.IsPolicy(n) || resource.FenceOf(n) != "" || resource.Local(n) {
			continue
		}
		if fields := merge.Differences(have, n); len(fields) > 0 {
			out = append(out, fmt.Sprintf("%s %s: %s (tenantfence build prints it)", n.GetKind(), strings.TrimPrefix(n.GetNamespace()+"/"+n.GetName(), "/"), strings.Join(fields, "; ")))
		}
	}
	return out
}
