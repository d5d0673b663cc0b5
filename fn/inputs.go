package fn

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/internal/report"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// Run is what the function is given: a TenantFence, and the items.
type Run struct {
	Config *yaml.RNode
	Items  []*yaml.RNode
	// Blind says that the host showed it nothing but the TenantFence, as kustomize does
	// to a generator, whatever the items are.
	Blind bool
}

// Runs finds what the function is given where its inputs stand beside everything else,
// as in a kpt package: the items with each TenantFence among them or, where there is
// none, with one of the name that the policies bear. There are none where no profile
// and no Tenant is.
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
		known = known || n.GetKind() != v1alpha1.KindFlowTest
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

// defaultFenceName is the name of a fence that nothing names.
const defaultFenceName = "platform"

// defaultConfigs are the TenantFences, all defaults, of the names that policies bear.
func defaultConfigs(items []*yaml.RNode) []*yaml.RNode {
	names := fenceNames(items)
	if len(names) == 0 {
		names[defaultFenceName] = true
	}
	var out []*yaml.RNode
	for _, name := range slices.Sorted(maps.Keys(names)) {
		// The name may be any text: whoever writes a policy writes its labels.
		c := yaml.NewMapRNode(&map[string]string{"apiVersion": v1alpha1.APIVersion, "kind": v1alpha1.KindTenantFence})
		if c.SetName(name) == nil {
			out = append(out, c)
		}
	}
	return out
}

// fencePolicies are the policies that bear the label of a fence.
func fencePolicies(items []*yaml.RNode) []*yaml.RNode {
	var out []*yaml.RNode
	for _, n := range items {
		if resource.IsPolicy(n) && resource.FenceOf(n) != "" {
			out = append(out, n)
		}
	}
	return out
}

// runsOf are the runs of one fence: that of the name or, where none is given, the only
// one.
func runsOf(name string, runs []Run) ([]Run, error) {
	names := map[string]bool{}
	for _, r := range runs {
		names[r.Config.GetName()] = true
	}
	name, err := chooseFence(name, names)
	return slices.DeleteFunc(slices.Clone(runs), func(r Run) bool { return r.Config.GetName() != name }), err
}

// chooseFence is the fence of a name or, where none is given, the only one.
func chooseFence(name string, names map[string]bool) (string, error) {
	all := strings.Join(slices.Sorted(maps.Keys(names)), ", ")
	switch {
	case name == "" && len(names) > 1:
		return "", fmt.Errorf("there are several fences (%s), which are verified one at a time: say which with --fence", all)
	case name != "" && len(names) > 0 && !names[name]:
		return "", fmt.Errorf("there is no fence %q: there is %s", name, all)
	case name == "":
		return all, nil
	}
	return name, nil
}

// fenceNames are those that policies bear the labels of.
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

// emitOf are the Tenants whose policies any of the runs emits. None: everybody's.
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

// mergeInputs are the finished items with what only the inputs tell: what was meant, the
// inventory, and workloads that are built elsewhere. What is in both counts as it was
// finished, but for what was meant.
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
		// Only now: what is twice in one run is twice, which is refused.
		addIDs(present, more)
		out = append(out, more...)
	}
	return out
}

// appliedElsewhere are the policies in the inputs that the fence does not generate, that reach the
// cluster, and that are missing from the finished items: they are applied from elsewhere.
func appliedElsewhere(finished []*yaml.RNode, runs []Run) []*yaml.RNode {
	present := map[report.Ref]bool{}
	addIDs(present, finished)
	var out []*yaml.RNode
	for _, r := range runs {
		names := []string{r.Config.GetName()}
		if f, errs := v1alpha1.DecodeFence(r.Config); len(errs) == 0 {
			names = append(names, f.Spec.FormerNames...)
		}
		more := slices.DeleteFunc(slices.Clone(r.Items), func(n *yaml.RNode) bool {
			return !affectsTraffic(n) || resource.IsLocalConfig(n) || present[resource.ID(n)] || slices.Contains(names, resource.FenceOf(n))
		})
		addIDs(present, more)
		out = append(out, more...)
	}
	return out
}

func addIDs(ids map[report.Ref]bool, items []*yaml.RNode) {
	for _, n := range items {
		ids[resource.ID(n)] = true
	}
}
