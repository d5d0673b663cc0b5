package resource

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/report"
)

// Deduplicate keeps one of several items that are the same resource with equal content. It reports
// each resource that had copies. Items with one identity and different content remain, and are
// rejected later.
//
// Two layers that list the same cluster-scoped resource and set namespace create such copies, if
// kustomize does not know that the kind has no namespace.
func Deduplicate(items []*yaml.RNode) ([]*yaml.RNode, report.Findings) {
	ids, count := make([]report.Ref, len(items)), make(map[report.Ref]int, len(items))
	for i, n := range items {
		ids[i] = ID(n)
		count[ids[i]]++
	}
	if len(count) == len(items) {
		return slices.Clone(items), nil
	}
	copies := map[string][]*yaml.RNode{}
	var out []*yaml.RNode
	var keys []string
	for i, n := range items {
		if count[ids[i]] > 1 {
			if key, ok := contentKey(n); ok {
				keys, copies[key] = append(keys, key), append(copies[key], n)
				continue
			}
		}
		out = append(out, n)
	}
	var findings report.Findings
	slices.Sort(keys)
	for _, key := range slices.Compact(keys) {
		equal := copies[key]
		slices.SortFunc(equal, func(a, b *yaml.RNode) int {
			one, other := RefOf(a), RefOf(b)
			return cmp.Or(cmp.Compare(one.File, other.File), cmp.Compare(one.Index, other.Index), cmp.Compare(a.GetNamespace(), b.GetNamespace()))
		})
		out = append(out, equal[0])
		if len(equal) > 1 {
			findings = append(findings, duplicateFinding(equal))
		}
	}
	return out, findings
}

func duplicateFinding(copies []*yaml.RNode) report.Finding {
	message := fmt.Sprintf("is in the build %d times with equal content%s: it counts once", len(copies), origins(copies))
	if Group(copies[0]) != v1alpha1.Group && !IsLocalConfig(copies[0]) {
		message += ", and the cluster has one after all are applied"
	}
	return report.New(report.ResourceDuplicateIdentical, report.Info, RefOf(copies[0]), "", "%s", message)
}

// origins lists the files of copies, and the namespaces that layers set on them if the kind has
// none.
func origins(copies []*yaml.RNode) string {
	var all []string
	for _, n := range copies {
		at := RefOf(n).File
		if ns := n.GetNamespace(); ns != "" && NamespaceOf(n) == "" {
			at = strings.TrimSpace(at + " with metadata.namespace " + ns)
		}
		if at != "" {
			all = append(all, at)
		}
	}
	slices.Sort(all)
	if all = slices.Compact(all); len(all) == 0 {
		return ""
	}
	return " (" + strings.Join(all, ", ") + ")"
}

// SameInCluster reports whether the items that reach the cluster have equal content, in any order.
// Resources of this project's kinds never reach it.
func SameInCluster(a, b []*yaml.RNode) bool {
	count := map[string]int{}
	for step, items := range map[int][]*yaml.RNode{1: a, -1: b} {
		for _, n := range items {
			if Group(n) == v1alpha1.Group || IsLocalConfig(n) {
				continue
			}
			key, ok := contentKey(n)
			if !ok {
				return false
			}
			count[key] += step
		}
	}
	for _, n := range count {
		if n != 0 {
			return false
		}
	}
	return true
}

// contentKey is the same text for resources with the same identity and content. It ignores
// annotations of hosts, and a namespace if the kind has none.
func contentKey(n *yaml.RNode) (string, bool) {
	content, err := n.Map()
	if err != nil {
		return "", false
	}
	meta, _ := content["metadata"].(map[string]any)
	if NamespaceOf(n) == "" {
		delete(meta, "namespace")
	}
	annotations, _ := meta["annotations"].(map[string]any)
	for key := range annotations {
		if hostAnnotation(key) {
			delete(annotations, key)
		}
	}
	if len(annotations) == 0 {
		delete(meta, "annotations")
	}
	return endpoints.JSONKey(content), true
}

// hostAnnotation reports whether hosts set an annotation, such as a resource's origin or its
// transformations.
func hostAnnotation(key string) bool {
	switch domain, _, _ := strings.Cut(key, "/"); domain {
	case "internal." + v1alpha1.Group, "internal.config.kubernetes.io", "alpha.config.kubernetes.io", "kustomize.config.k8s.io", "config.k8s.io":
		return true
	case "config.kubernetes.io":
		return key == "config.kubernetes.io/origin" || key == LegacyPath || key == LegacyIndex
	}
	return false
}
