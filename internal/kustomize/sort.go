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
	keys := make(map[*resource.Resource]sortKey, len(resources))
	for _, r := range resources {
		id := r.CurId()
		keys[r] = sortKey{id: id, rank: rank[id.Kind], gvkText: gvkText(id.Gvk), text: idText(id)}
	}
	slices.SortStableFunc(resources, func(a, b *resource.Resource) int { return keys[a].compare(keys[b]) })
	return nil
}

// sortKey has what the order of a resource depends on.
type sortKey struct {
	id            resid.ResId
	rank          int
	gvkText, text string
}

func (k sortKey) compare(other sortKey) int {
	a, b := k.id, other.id
	if a.Gvk.Equals(b.Gvk) {
		return strings.Compare(k.text, other.text)
	}
	if c := cmp.Compare(k.rank, other.rank); c != 0 {
		return c
	}
	c := strings.Compare(k.gvkText, other.gvkText)
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
