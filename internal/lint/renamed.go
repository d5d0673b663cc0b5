package lint

import (
	"cmp"
	"fmt"
	"slices"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// Rename is a generated policy that has another name in the finished build.
type Rename struct{ From, To report.Ref }

// Renamed pairs generated policies that are missing in a finished build with policies of equal
// content and other names. A layer above the fence sets namePrefix or nameSuffix, or a patch or
// replacement renames them.
func Renamed(generated, finished []*yaml.RNode) []Rename {
	expected, present := idSet(generated), idSet(finished)
	candidates := map[string][]*yaml.RNode{}
	for _, n := range finished {
		if !expected[resource.ID(n)] && resource.FenceOf(n) != "" {
			candidates[resource.ContentKey(n)] = append(candidates[resource.ContentKey(n)], n)
		}
	}
	if len(candidates) == 0 {
		return nil
	}
	var out []Rename
	for _, n := range generated {
		if present[resource.ID(n)] {
			continue
		}
		key := resource.ContentKey(n)
		i := slices.IndexFunc(candidates[key], func(c *yaml.RNode) bool { return c.GetName() != n.GetName() })
		if i < 0 {
			continue
		}
		// Each finished policy is paired once.
		present[resource.ID(n)] = true
		out = append(out, Rename{resource.RefOf(n), resource.RefOf(candidates[key][i])})
		candidates[key] = slices.Delete(candidates[key], i, i+1)
	}
	slices.SortFunc(out, func(a, b Rename) int {
		return cmp.Or(cmp.Compare(a.From.Namespace, b.From.Namespace), cmp.Compare(a.From.Kind, b.From.Kind), cmp.Compare(a.From.Name, b.From.Name))
	})
	return out
}

// RefuseRenamed returns one error for all policies that layers rename, about the TenantFence.
func RefuseRenamed(fence report.Ref, renames []Rename) report.Findings {
	if len(renames) == 0 {
		return nil
	}
	list := make([]string, 0, len(renames))
	for _, r := range renames {
		list = append(list, fmt.Sprintf("%s is %s", qualifiedName(r.From), qualifiedName(r.To)))
	}
	return report.Findings{report.New(report.PolicyRenamed, report.Error, fence, "", "a layer above the fence renames its policies (%s): list the fence, its profile, Tenants and FlowTests above the layer that sets namePrefix or nameSuffix (or renames otherwise), and use the new names of workloads and Services in them",
		report.Brief(list))}
}

// qualifiedName is "namespace/name".
func qualifiedName(r report.Ref) string {
	if r.Namespace == "" {
		return r.Name
	}
	return r.Namespace + "/" + r.Name
}

func idSet(items []*yaml.RNode) map[report.Ref]bool {
	out := map[report.Ref]bool{}
	for _, n := range items {
		out[resource.ID(n)] = true
	}
	return out
}
