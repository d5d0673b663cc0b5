package proof

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/generate"
	"github.com/tenantfence/tenantfence/internal/merge"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// Run is the input of the function: a TenantFence and the items.
type Run struct {
	Config *yaml.RNode
	Items  []*yaml.RNode
	// Blind reports that the host passed no items but the TenantFence, as kustomize does for a generator.
	Blind bool
}

// Runs returns the runs of the function on items that include its inputs, as in a kpt package: one for
// each TenantFence. Without a TenantFence it uses the fence names in the labels of policies. Without a
// profile and a Tenant it returns no run, because FlowTests and ExternalResources need none.
func Runs(items []*yaml.RNode) []Run {
	var configs []*yaml.RNode
	known := false
	for _, n := range items {
		if resource.Group(n) != v1alpha1.Group {
			continue
		}
		if n.GetKind() == v1alpha1.KindTenantFence {
			configs = append(configs, n)
		}
		known = known || n.GetKind() != v1alpha1.KindFlowTest && n.GetKind() != v1alpha1.KindExternalResources
	}
	if !known {
		return nil
	}
	if len(configs) == 0 {
		configs = defaultConfigs(items)
	}
	var runs []Run
	for _, c := range configs {
		runs = append(runs, Run{Config: c, Items: items})
	}
	return runs
}

// defaultFenceName is the name of a fence without a TenantFence and policies.
const defaultFenceName = "platform"

// defaultConfigs are TenantFences with default values, one for each fence name in labels.
func defaultConfigs(items []*yaml.RNode) []*yaml.RNode {
	names := fenceNames(items)
	if len(names) == 0 {
		names[defaultFenceName] = true
	}
	var out []*yaml.RNode
	for _, name := range slices.Sorted(maps.Keys(names)) {
		// The name may be any text, because it comes from a label.
		c := yaml.NewMapRNode(&map[string]string{"apiVersion": v1alpha1.APIVersion, "kind": v1alpha1.KindTenantFence})
		if c.SetName(name) == nil {
			out = append(out, c)
		}
	}
	return out
}

// fencePolicies are the policies with the label of a fence.
func fencePolicies(items []*yaml.RNode) []*yaml.RNode {
	var out []*yaml.RNode
	for _, n := range items {
		if resource.IsPolicy(n) && resource.FenceOf(n) != "" {
			out = append(out, n)
		}
	}
	return out
}

// runsOf are the runs of the named fence. The name may be empty if only one fence exists.
func runsOf(name string, runs []Run) ([]Run, error) {
	names := map[string]bool{}
	for _, r := range runs {
		names[r.Config.GetName()] = true
	}
	name, err := chooseFence(name, names)
	return slices.DeleteFunc(slices.Clone(runs), func(r Run) bool { return r.Config.GetName() != name }), err
}

// chooseFence returns the named fence. The name may be empty if only one fence exists.
func chooseFence(name string, names map[string]bool) (string, error) {
	all := strings.Join(slices.Sorted(maps.Keys(names)), ", ")
	switch {
	case name == "" && len(names) > 1:
		return "", fmt.Errorf("the input has several fences (%s), and one is verified at a time: choose it with --fence", all)
	case name != "" && len(names) > 0 && !names[name]:
		return "", fmt.Errorf("the input has no fence %q: it has %s", name, all)
	case name == "":
		return all, nil
	}
	return name, nil
}

// fenceNames are the names in the fence labels of policies.
func fenceNames(items []*yaml.RNode) map[string]bool {
	names := map[string]bool{}
	for _, n := range fencePolicies(items) {
		names[resource.FenceOf(n)] = true
	}
	return names
}

// stagesOf are the stages that any of the runs lists.
func stagesOf(runs []Run) []v1alpha1.Stage {
	listed := map[v1alpha1.Stage]bool{}
	for _, r := range runs {
		if f, errs := v1alpha1.DecodeFence(r.Config); len(errs) == 0 {
			for _, s := range f.Spec.Stages {
				listed[s] = true
			}
		}
	}
	return slices.DeleteFunc(v1alpha1.Stages(), func(s v1alpha1.Stage) bool { return !listed[s] })
}

// emitOf are the Tenants whose policies any of the runs emits. None: all Tenants.
func emitOf(runs []Run) []string {
	var out []string
	for _, r := range runs {
		f, errs := v1alpha1.DecodeFence(r.Config)
		if len(errs) > 0 || len(f.Spec.Emit) == 0 {
			return nil
		}
		out = append(out, f.Spec.Emit...)
	}
	return out
}

// mergeInputs adds to the finished items what only the inputs have: Tenants and profile, external
// resources, and workloads of other builds. A resource in both is as finished, except for Tenants and
// the profile.
func mergeInputs(finished []*yaml.RNode, runs []Run) []*yaml.RNode {
	known := map[report.Ref]bool{}
	for _, r := range runs {
		addIDs(known, r.Items)
	}
	var out []*yaml.RNode
	for _, n := range finished {
		test := n.GetKind() == v1alpha1.KindFlowTest && !known[resource.ID(n)]
		if resource.Group(n) != v1alpha1.Group || test {
			out = append(out, n)
		}
	}
	present := map[report.Ref]bool{}
	addIDs(present, out)
	for _, r := range runs {
		more := slices.DeleteFunc(slices.Clone(r.Items), func(n *yaml.RNode) bool {
			// A policy that goes to the cluster is among the finished items, or is missing.
			return present[resource.ID(n)] || (affectsTraffic(n) || resource.IsEgressNames(n)) && !resource.IsLocalConfig(n)
		})
		// Duplicates within one run are kept, because they are refused later.
		addIDs(present, more)
		out = append(out, more...)
	}
	return out
}

// appliedElsewhere are hand-written policies in the inputs that reach the cluster and are missing from
// the finished items: another build applies them. A run that adopts one removes it from its own build,
// and not from another: finished items that are policies alone do not show that it is removed.
func appliedElsewhere(finished []*yaml.RNode, runs []Run) []*yaml.RNode {
	present := map[report.Ref]bool{}
	addIDs(present, finished)
	var out []*yaml.RNode
	for _, r := range runs {
		names := []string{r.Config.GetName()}
		if f, errs := v1alpha1.DecodeFence(r.Config); len(errs) == 0 {
			names = append(names, f.Spec.FormerNames...)
		}
		var adopted map[report.Ref]report.Ref
		if !arePolicies(finished) {
			adopted = adoptedBy(r)
		}
		more := slices.DeleteFunc(slices.Clone(r.Items), func(n *yaml.RNode) bool {
			_, replaced := adopted[resource.ID(n)]
			return !affectsTraffic(n) || resource.IsLocalConfig(n) || present[resource.ID(n)] || replaced || slices.Contains(names, resource.FenceOf(n))
		})
		addIDs(present, more)
		out = append(out, more...)
	}
	return out
}

// arePolicies reports whether items are policies alone, as in the target of tenantfence render.
func arePolicies(items []*yaml.RNode) bool {
	return !slices.ContainsFunc(items, func(n *yaml.RNode) bool {
		return resource.Group(n) != v1alpha1.Group && !resource.IsPolicy(n) && !resource.IsEgressNames(n) && n.GetKind() != "Kustomization"
	})
}

// adoptedBy are the policies that a run replaces by generated policies of other names.
func adoptedBy(r Run) map[report.Ref]report.Ref {
	if f, errs := v1alpha1.DecodeFence(r.Config); len(errs) > 0 || len(f.Spec.Adopt) == 0 {
		return nil
	}
	in, index, _ := generate.Read(r.Config, r.Items)
	if in == nil {
		return nil
	}
	w, found := generate.Policies(in, index, nil)
	if found.HasError() {
		return nil
	}
	merged, found := merge.Merge(generate.MergeOptions(in, w.Fence), r.Items, w.Policies)
	if found.HasError() {
		return nil
	}
	replaced, _ := adoptions(merged.Adopted)
	return replaced
}

// adoptOf are the policies that any of the runs adopts.
func adoptOf(runs []Run) []v1alpha1.Adoption {
	var out []v1alpha1.Adoption
	for _, r := range runs {
		if f, errs := v1alpha1.DecodeFence(r.Config); len(errs) == 0 {
			out = append(out, f.Spec.Adopt...)
		}
	}
	return out
}

func addIDs(ids map[report.Ref]bool, items []*yaml.RNode) {
	for _, n := range items {
		ids[resource.ID(n)] = true
	}
}
