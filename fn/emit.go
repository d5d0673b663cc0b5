package fn

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/merge"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// refuseEmit refuses to emit the policies of what is not there, and to leave out what no
// run that names Tenants would write.
func refuseEmit(in *resource.Inputs, w wanted) policy.Findings {
	emit := in.Fence.Spec.Emit
	if len(emit) == 0 {
		return nil
	}
	var out policy.Findings
	at := field.NewPath("spec", "emit")
	refuse := func(check string, at *field.Path, format string, args ...any) {
		out = append(out, policy.Finding{Check: check, Severity: policy.Error, Resource: in.FenceRef, Field: at.String(), Message: fmt.Sprintf(format, args...)})
	}
	known := slices.Clone(in.Unread)
	for _, t := range w.fence.Tenants {
		known = append(known, t.Name)
	}
	for _, n := range w.fence.Nodes {
		known = append(known, n.Name)
	}
	slices.Sort(known)
	for i, name := range emit {
		if !slices.Contains(known, name) {
			refuse("no-such-tenant", at.Index(i), "there is no Tenant %q in the build, of which all Tenants must be a part, and the profile has no nodes of that name: correct it (%s), or list the Tenants under resources",
				name, v1alpha1.DidYouMean(name, known))
		}
	}
	var nobodys []string
	for _, n := range w.policies {
		if merge.Whose(n) == "" {
			nobodys = append(nobodys, n.GetName())
		}
	}
	if len(nobodys) > 0 {
		asks := "what asks for them"
		if in.Profile.Spec.Scope == v1alpha1.ScopeCluster {
			asks = "FenceProfile spec.scope: Cluster, which asks for them"
		}
		refuse("emit-leaves-out", at, "these belong to no Tenant, so that no run with emit would write them: %s: leave emit out, or %s", strings.Join(nobodys, ", "), asks)
	}
	return out
}

// besideEmitted returns the items, with the missing policies that other runs write, and a
// finding that names these. Policies of other runs that are among the items are proved as
// they are: Merge refuses those that differ from what the other run writes.
func besideEmitted(o merge.Options, items, policies []*yaml.RNode) ([]*yaml.RNode, policy.Findings) {
	if len(o.Emit) == 0 {
		return items, nil
	}
	out, there := slices.Clone(items), shipped(items)
	whose := map[string]bool{}
	given := 0
	for _, n := range policies {
		if o.Emits(n) {
			continue
		}
		whose[merge.Whose(n)] = true
		given++
		if !there[resource.ID(n)] {
			out = append(out, n)
		}
	}
	if given == 0 {
		return out, nil
	}
	return out, policy.Findings{{
		Check: "emit-takes-as-given", Severity: policy.Info, Resource: o.Config, Field: "spec.emit",
		Message: fmt.Sprintf("policies that are not written here are taken as given, as the runs that emit them will write them: %d, of %s; verify what all runs write together, to know that none is missing",
			given, strings.Join(slices.Sorted(maps.Keys(whose)), ", ")),
	}}
}
