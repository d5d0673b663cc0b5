package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/internal/report"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// withholdingAnnotations are annotations by which programs that apply resources leave one out, apply it
// once, or remove it again. Without values, every value does.
var withholdingAnnotations = []struct {
	key    string
	values []string
}{
	{"kustomize.toolkit.fluxcd.io/reconcile", []string{"disabled"}},
	{"kustomize.toolkit.fluxcd.io/ssa", []string{"ignore", "ifnotpresent"}},
	{"helm.sh/hook", nil},
	{"argocd.argoproj.io/hook", nil},
}

// Withheld refuses generated policies with metadata that keeps them from the cluster or
// removes them from it, which a layer above the fence may set on all that it builds.
func Withheld(items []*yaml.RNode) report.Findings {
	var out report.Findings
	for _, n := range items {
		if resource.FenceOf(n) == "" || resource.IsLocalConfig(n) {
			continue
		}
		for _, field := range withholdingFields(n) {
			out = append(out, report.New(report.PolicyWithheld, report.Error, resource.RefOf(n), field, "%s", "keeps a generated policy from the cluster, or has it removed again: take it away where it is set, or let it leave out policies with the label "+resource.LabelFence))
		}
	}
	return out
}

// withholdingFields are the fields that keep a resource from the cluster.
func withholdingFields(n *yaml.RNode) []string {
	var out []string
	annotations := n.GetAnnotations()
	for _, w := range withholdingAnnotations {
		if value, ok := annotations[w.key]; ok && (w.values == nil || slices.Contains(w.values, strings.ToLower(value))) {
			out = append(out, fmt.Sprintf("metadata.annotations[%s]", w.key))
		}
	}
	for _, key := range []string{"ownerReferences", "generateName", "deletionTimestamp"} {
		if found, err := n.Pipe(yaml.Lookup("metadata", key)); err != nil || found != nil {
			out = append(out, "metadata."+key)
		}
	}
	return out
}

// OtherFences warns of policies of other fences where this fence has a namespace alone: each
// of them proves what it knows of, and not what the other opens.
func OtherFences(fence *policy.Fence, owns func(*yaml.RNode) bool, items []*yaml.RNode) report.Findings {
	var out report.Findings
	for _, n := range items {
		other := resource.FenceOf(n)
		owner := fence.Owner(resource.NamespaceOf(n))
		if other == "" || owns(n) || resource.IsLocalConfig(n) || owner == nil {
			continue
		}
		out = append(out, report.New(report.PolicyOfOtherFence, report.Warning, resource.RefOf(n), "", "is of fence %q, and its namespace belongs to Tenant %q of fence %q: have one fence for a namespace, or list %q in formerNames where that fence is gone", other, owner.Name, fence.Name, other))
	}
	return out
}
