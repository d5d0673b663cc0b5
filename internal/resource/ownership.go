package resource

import (
	"slices"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
)

// Ownership is which tenant each resource of a build belongs to.
type Ownership struct {
	// Tenants are the names of all tenants.
	Tenants []string
	// Namespaces has the tenants with pods in each namespace.
	Namespaces map[string][]string
	// Shared has the namespaces in which a tenant owns only some pods.
	Shared map[string]bool
}

// OwnershipOf returns what the tenants of a fence own.
func OwnershipOf(f *policy.Fence) Ownership {
	o := Ownership{Namespaces: map[string][]string{}, Shared: map[string]bool{}}
	for _, t := range f.Tenants() {
		o.Tenants = append(o.Tenants, t.Name)
		for _, ns := range t.Namespaces {
			o.Namespaces[ns] = append(o.Namespaces[ns], t.Name)
			o.Shared[ns] = o.Shared[ns] || t.SharesNamespaces()
		}
	}
	return o
}

// With adds what the tenants of another fence own.
func (o Ownership) With(other Ownership) Ownership {
	out := Ownership{Tenants: distinct(o.Tenants, other.Tenants), Namespaces: map[string][]string{}, Shared: map[string]bool{}}
	for _, one := range []Ownership{o, other} {
		for ns, tenants := range one.Namespaces {
			out.Namespaces[ns] = distinct(out.Namespaces[ns], tenants)
			out.Shared[ns] = out.Shared[ns] || one.Shared[ns]
		}
	}
	return out
}

func distinct(a, b []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(slices.Concat(a, b))))
}

// TenantOf returns the tenant of a resource. A namespace that one tenant owns as a whole belongs to it, with
// all resources in it. In other namespaces, only generated policies belong to a tenant. "" is no tenant.
func (o Ownership) TenantOf(n *yaml.RNode) string {
	namespace := NamespaceOf(n)
	if kindOf(n) == "Namespace" && Group(n) == "" {
		namespace = valueAt(n, "metadata", "name")
	}
	named := ""
	if FenceOf(n) != "" {
		named = labelOf(n, LabelTenant)
	}
	return o.tenantIn(namespace, named)
}

// TenantOfGenerated is TenantOf for the node of a generated resource.
func (o Ownership) TenantOfGenerated(g *Generated) string {
	return o.tenantIn(g.Ref.Namespace, g.Tenant)
}

// tenantIn returns the tenant of a resource in a namespace that names one.
func (o Ownership) tenantIn(namespace, named string) string {
	tenants := o.Namespaces[namespace]
	switch {
	case len(tenants) == 1 && !o.Shared[namespace]:
		return tenants[0]
	case slices.Contains(tenants, named):
		return named
	}
	return ""
}

// In returns the resources of a slice, in their order.
func (o Ownership) In(s report.Slice, items []*yaml.RNode) []*yaml.RNode {
	if s.IsWhole() {
		return items
	}
	return slices.DeleteFunc(slices.Clone(items), func(n *yaml.RNode) bool { return !s.Includes(o.TenantOf(n)) })
}
