package lint

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// The kinds of names other than those of workloads.
const (
	namespaceKind = "Namespace"
	serviceKind   = "Service"
)

// RenamedReferences refuses names in this project's kinds that a layer took from their resources.
// It returns one error about all of them. patterns are the namespacePatterns of the profiles.
func RenamedReferences(fence *yaml.RNode, items []*yaml.RNode, patterns []string) report.Findings {
	l := renamedNames{present: map[name]bool{}, renamed: map[name][]string{}, uses: map[name]string{}, patterns: patterns}
	for _, n := range items {
		l.add(n)
	}
	if len(l.renamed) == 0 {
		return nil
	}
	for _, n := range append(slices.Clone(items), fence) {
		if resource.Group(n) == v1alpha1.Group {
			l.readUses(n)
		}
	}
	if len(l.uses) == 0 {
		return nil
	}
	names := slices.SortedFunc(maps.Keys(l.uses), name.compare)
	var renames, details []string
	for _, n := range names {
		renames = append(renames, fmt.Sprintf("%s to %s", n, strings.Join(l.renamed[n], " and ")))
		details = append(details, fmt.Sprintf("%s uses the name of %s, which is now %s", l.uses[n], n, strings.Join(l.renamed[n], " and ")))
	}
	f := report.New(report.ReferenceRenamed, report.Error, resource.RefOf(fence), "", "a layer renames %s, and %s uses the old name: list Tenants, profile, FlowTests and the fence above the layer that sets namePrefix, nameSuffix or namespace (or renames otherwise), and use the new names of other resources in them",
		report.Brief(renames), l.uses[names[0]])
	f.Details = details
	return report.Findings{f}
}

// name identifies a resource. The kind is empty for a workload, which FlowTests may name without it.
type name struct{ kind, namespace, name string }

func (n name) String() string {
	return cmp.Or(n.kind, "workload") + " " + n.qualified()
}

func (n name) qualified() string {
	return qualifiedName(report.Ref{Namespace: n.namespace, Name: n.name})
}

// compare orders names: Tenants first, because references to them are the most.
func (n name) compare(other name) int {
	order := []string{v1alpha1.KindTenant, v1alpha1.KindFenceProfile, namespaceKind, serviceKind, ""}
	return cmp.Or(cmp.Compare(slices.Index(order, n.kind), slices.Index(order, other.kind)), cmp.Compare(n.qualified(), other.qualified()))
}

func nameOf(n *yaml.RNode, namespace, of string) name {
	kind := n.GetKind()
	switch {
	case resource.Group(n) == v1alpha1.Group, kind == namespaceKind && resource.Group(n) == "":
		return name{kind, "", of}
	case kind == serviceKind && resource.Group(n) == "":
		return name{kind, namespace, of}
	}
	return name{"", namespace, of}
}

type renamedNames struct {
	// present are the names in the build, and renamed are the new names by the old ones.
	present map[name]bool
	renamed map[name][]string
	// uses are the first uses of old names that no resource has.
	uses     map[name]string
	patterns []string
}

func (l *renamedNames) add(n *yaml.RNode) {
	l.present[nameOf(n, n.GetNamespace(), n.GetName())] = true
	source := resource.SourceOf(n)
	if source.Name == "" {
		return
	}
	from, to := nameOf(n, source.Namespace, source.Name), nameOf(n, n.GetNamespace(), n.GetName())
	if from != to {
		l.renamed[from] = append(l.renamed[from], to.qualified())
	}
}

// use records a name that a field uses, if only a renamed resource has had it.
func (l *renamedNames) use(n name, by report.Ref, field string) {
	if l.present[n] || l.renamed[n] == nil || l.uses[n] != "" {
		return
	}
	l.uses[n] = strings.TrimSpace(by.String() + " " + strings.TrimPrefix(field, "."))
}

func (l *renamedNames) readUses(n *yaml.RNode) {
	ref := resource.RefOf(n)
	content, err := n.Map()
	if err != nil {
		return // Other findings report it.
	}
	spec, _ := content["spec"].(map[string]any)
	u := useReader{renamedNames: l, by: ref}
	if resource.IsTenant(n) {
		u.readTenant(n, spec)
	}
	u.read("spec", "", spec)
}

type useReader struct {
	*renamedNames
	by report.Ref
	// namespaces are those of the Tenant, in which its Services are.
	namespaces []string
}

// readTenant reads the namespaces that a Tenant has by its name.
func (u *useReader) readTenant(n *yaml.RNode, spec map[string]any) {
	if u.namespaces = texts(spec["namespaces"]); len(u.namespaces) > 0 {
		return
	}
	declared := resource.SourceOf(n).Name
	for _, pattern := range u.patterns {
		own, former := strings.ReplaceAll(pattern, "{name}", n.GetName()), strings.ReplaceAll(pattern, "{name}", declared)
		u.namespaces = append(u.namespaces, own)
		u.use(name{namespaceKind, "", own}, u.by, "")
		if declared == "" || u.present[name{namespaceKind, "", own}] {
			continue
		}
		u.namespaces = append(u.namespaces, former)
		if u.present[name{namespaceKind, "", former}] {
			u.use(name{v1alpha1.KindTenant, "", declared}, report.Ref{Kind: namespaceKind, Name: former}, "")
		}
		u.use(name{namespaceKind, "", former}, u.by, "")
	}
}

// read reads the names in a value. The key of a name shows the kind of its resource.
func (u *useReader) read(path, key string, value any) {
	switch v := value.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			if key == "claims" {
				u.use(name{v1alpha1.KindTenant, "", k}, u.by, path+"."+k)
				u.readText(path+"."+k, "namespaces", v[k])
				continue
			}
			u.read(path+"."+k, k, v[k])
		}
	case []any:
		for i, e := range v {
			u.read(fmt.Sprintf("%s[%d]", path, i), key, e)
		}
	case string:
		u.readText(path, key, v)
	}
}

func (u *useReader) readText(path, key string, value any) {
	for _, text := range texts(value) {
		switch key {
		case "tenant", "tenants", "emit", "names":
			u.use(name{v1alpha1.KindTenant, "", text}, u.by, path)
		case "namespace", "namespaces":
			u.use(name{namespaceKind, "", text}, u.by, path)
		case "profileName":
			u.use(name{v1alpha1.KindFenceProfile, "", text}, u.by, path)
		case "service":
			u.readService(path, text)
		case "from", "to":
			u.readEndpoint(path, text)
		}
	}
}

func (u *useReader) readService(path, text string) {
	if namespace, service, ok := strings.Cut(text, "/"); ok {
		u.use(name{serviceKind, namespace, service}, u.by, path)
		return
	}
	if slices.ContainsFunc(u.namespaces, func(ns string) bool { return u.present[name{serviceKind, ns, text}] }) {
		return
	}
	for _, ns := range u.namespaces {
		u.use(name{serviceKind, ns, text}, u.by, path)
	}
}

func (u *useReader) readEndpoint(path, text string) {
	e, err := v1alpha1.ParseEndpoint(text)
	if err != nil {
		return
	}
	switch e.Form {
	case v1alpha1.WorkloadForm:
		u.use(name{"", e.TenantOrNamespace, e.Name}, u.by, path)
	case v1alpha1.ServiceForm:
		u.use(name{serviceKind, e.TenantOrNamespace, e.Name}, u.by, path)
	case v1alpha1.TenantForm:
		u.use(name{v1alpha1.KindTenant, "", e.TenantOrNamespace}, u.by, path)
	case v1alpha1.NamespaceForm:
		u.use(name{namespaceKind, "", e.TenantOrNamespace}, u.by, path)
	}
}

// texts are the texts in a value: itself, or those of a list.
func texts(value any) []string {
	switch v := value.(type) {
	case string:
		return []string{v}
	case []any:
		var out []string
		for _, e := range v {
			if s, ok := e.(string); ok {
				out = append(out, s)
			}
		}
		return out
	}
	return nil
}
