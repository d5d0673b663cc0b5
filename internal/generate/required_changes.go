package generate

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/merge"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// RequiredChanges returns lines for users who apply the policies alone: the changes to resources that the
// function does not generate.
func RequiredChanges(f *policy.Fence, before []*yaml.RNode, merged merge.Result) []string {
	return slices.Concat(requiredFields(f, merged.Changes), requiredDeletions(merged.Adopted), RequiredPolicyChanges(before, merged.Existing))
}

// requiredFields lists the fields that were set on Namespaces and Services.
func requiredFields(f *policy.Fence, changes report.Changes) []string {
	var out []string
	for _, c := range changes {
		if c.Action != report.Configured {
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

// requiredDeletions lists the hand-written policies that generated ones of other names replace. render
// does not write hand-written policies, and so deletes none.
func requiredDeletions(adopted []merge.Adoption) []string {
	var out []string
	for _, a := range adopted {
		if a.By != a.Policy {
			out = append(out, fmt.Sprintf("%s: delete it, because %s/%s replaces it", kindAndName(a.Policy), a.By.Kind, a.By.Name))
		}
	}
	return out
}

// kindAndName is "NetworkPolicy shop/web".
func kindAndName(r report.Ref) string {
	return r.Kind + " " + strings.TrimPrefix(r.Namespace+"/"+r.Name, "/")
}

// RequiredPolicyChanges returns lines for users: the fields that the function patched in
// hand-written policies. render does not write these policies.
func RequiredPolicyChanges(before, after []*yaml.RNode) []string {
	original := resource.ByID(before)
	var out []string
	for _, n := range PatchedPolicies(before, after) {
		fields := patchedFields(original[resource.ID(n)], n)
		out = append(out, fmt.Sprintf("%s: %s (tenantfence build prints it)", kindAndName(report.Ref{Kind: n.GetKind(), Namespace: n.GetNamespace(), Name: n.GetName()}), strings.Join(fields, "; ")))
	}
	return out
}

// PatchedPolicies returns the hand-written policies that the function changed.
func PatchedPolicies(before, after []*yaml.RNode) []*yaml.RNode {
	original := resource.ByID(before)
	return slices.DeleteFunc(slices.Clone(after), func(n *yaml.RNode) bool {
		have := original[resource.ID(n)]
		return have == nil || !resource.IsPolicy(n) || resource.FenceOf(n) != "" || resource.IsLocalConfig(n) || len(patchedFields(have, n)) == 0
	})
}

// patchedFields are the differences that a patch made. Annotations come from hosts, not from patches.
func patchedFields(have, now *yaml.RNode) []string {
	return merge.Differences(withoutAnnotations(have), withoutAnnotations(now))
}

func withoutAnnotations(n *yaml.RNode) *yaml.RNode {
	out := n.Copy()
	// It never fails for a mapping.
	_ = out.PipeE(yaml.Lookup("metadata"), yaml.Clear("annotations"))
	return out
}
