package kustomize

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/resid"
)

// sortResources orders resources like kustomize's SortOrderTransformer, which cannot be
// imported.
func sortResources(resources []*resource.Resource, options *types.SortOptions) error {
	if options == nil {
		options = &types.SortOptions{Order: types.LegacySortOrder}
	}
	switch options.Order {
	case types.FIFOSortOrder:
		if options.LegacySortOptions != nil {
			return fmt.Errorf("sortOptions.legacySortOptions is set, but sortOptions.order is %q", options.Order)
		}
		return nil
	case types.LegacySortOrder:
	default:
		return fmt.Errorf("sortOptions.order %q is neither %s nor %s", options.Order, types.FIFOSortOrder, types.LegacySortOrder)
	}
	legacy := options.LegacySortOptions
	if legacy == nil {
		legacy = defaultOrder()
	}
	rank := map[string]int{}
	for i, kind := range legacy.OrderFirst {
		rank[kind] = i - len(legacy.OrderFirst)
	}
	for i, kind := range legacy.OrderLast {
		rank[kind] = i + 1
	}
	ids := make(map[*resource.Resource]resid.ResId, len(resources))
	for _, r := range resources {
		ids[r] = r.CurId()
	}
	slices.SortStableFunc(resources, func(a, b *resource.Resource) int { return compareIDs(ids[a], ids[b], rank) })
	return nil
}

func compareIDs(a, b resid.ResId, rank map[string]int) int {
	if a.Gvk.Equals(b.Gvk) {
		return strings.Compare(idText(a), idText(b))
	}
	if c := cmp.Compare(rank[a.Kind], rank[b.Kind]); c != 0 {
		return c
	}
	c := strings.Compare(gvkText(a.Gvk), gvkText(b.Gvk))
	if a.Kind == types.NamespaceKind && b.Kind == types.NamespaceKind && (a.Group == "" || b.Group == "") {
		return -c
	}
	return c
}

func gvkText(g resid.Gvk) string {
	return strings.Join([]string{cmp.Or(g.Group, "~G"), cmp.Or(g.Version, "~V"), cmp.Or(g.Kind, "~K")}, "_")
}

func idText(id resid.ResId) string {
	return strings.Join([]string{id.Gvk.String(), cmp.Or(id.Namespace, "~X"), cmp.Or(id.Name, "~N")}, "|")
}

func defaultOrder() *types.LegacySortOptions {
	return &types.LegacySortOptions{
		OrderFirst: []string{
			"Namespace",
			"ResourceQuota",
			"StorageClass",
			"CustomResourceDefinition",
			"ServiceAccount",
			"PodSecurityPolicy",
			"Role",
			"ClusterRole",
			"RoleBinding",
			"ClusterRoleBinding",
			"ConfigMap",
			"Secret",
			"Endpoints",
			"Service",
			"LimitRange",
			"PriorityClass",
			"PersistentVolume",
			"PersistentVolumeClaim",
			"Deployment",
			"StatefulSet",
			"CronJob",
			"PodDisruptionBudget",
		},
		OrderLast: []string{
			"MutatingWebhookConfiguration",
			"ValidatingWebhookConfiguration",
		},
	}
}
