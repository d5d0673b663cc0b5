// Package external converts resources of a running cluster to an ExternalResources.
package external

import (
	"cmp"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// Imported is the result of Import.
type Imported struct {
	Spec v1alpha1.ExternalResourcesSpec
	// Read, Kept and LeftOut count the resources of the input by kind. LeftOut has those without
	// effect, and those that others represent.
	Read, Kept, LeftOut map[string]int
	// Findings are about resources that the result does not express.
	Findings report.Findings
}

// Import converts resources as the apiserver returns them. It keeps those of some namespaces, or
// of all without any. The result does not depend on the order of the input.
func Import(items []*yaml.RNode, namespaces []string) Imported {
	items, _ = resource.Deduplicate(items)
	i := importer{
		Imported: Imported{Read: map[string]int{}, Kept: map[string]int{}, LeftOut: map[string]int{}},
		objects:  map[report.Ref]*yaml.RNode{}, decoded: map[*yaml.RNode]controlled{}, sameTemplates: map[*yaml.RNode]bool{},
		groups: map[groupKey]*group{}, namespaces: map[string]*v1alpha1.ExternalNamespace{}, known: map[string]bool{}, notes: notes{},
	}
	var selected []*yaml.RNode
	for _, n := range items {
		if len(namespaces) == 0 || isIn(n, namespaces) {
			selected = append(selected, n)
		}
	}
	slices.SortFunc(selected, compareResources)
	for _, n := range selected {
		i.Read[n.GetKind()]++
		i.objects[resource.ID(n)] = n
	}
	for _, n := range selected {
		if i.objects[resource.ID(n)] != n {
			i.add(inexact, n, "is in the input more than once with different content: one of them is used: export it again")
			continue
		}
		if err := i.read(n); err != nil {
			i.leaveOutUnreadable(resource.RefOf(n), err.Error())
		}
	}
	i.checkControllers()
	i.addWorkloads()
	i.addServices()
	i.addNamespaces()
	i.leaveOutRefused()
	i.Findings = i.notes.findings()
	return i.Imported
}

// compareResources orders resources by their identity, and by their content.
func compareResources(a, b *yaml.RNode) int {
	one, other := resource.RefOf(a), resource.RefOf(b)
	if c := cmp.Or(cmp.Compare(one.String(), other.String()), cmp.Compare(one.APIVersion, other.APIVersion)); c != 0 {
		return c
	}
	// Resources are valid YAML. An error sorts like an empty text.
	text, _ := a.String()
	otherText, _ := b.String()
	return cmp.Compare(text, otherText)
}

// isIn reports whether a resource is in one of some namespaces, is the Namespace itself, or has no
// namespace.
func isIn(n *yaml.RNode, namespaces []string) bool {
	if resource.Group(n) == "" && n.GetKind() == "Namespace" {
		return slices.Contains(namespaces, n.GetName())
	}
	return resource.NamespaceOf(n) == "" || slices.Contains(namespaces, resource.NamespaceOf(n))
}

// importer collects what it reads.
type importer struct {
	Imported
	notes   notes
	objects map[report.Ref]*yaml.RNode
	decoded map[*yaml.RNode]controlled
	// sameTemplates has the results of sameTemplate by ReplicaSet or Job.
	sameTemplates map[*yaml.RNode]bool
	groups        map[groupKey]*group
	services      []*yaml.RNode
	// controllers make pods, or may make them.
	controllers []*yaml.RNode
	namespaces  map[string]*v1alpha1.ExternalNamespace
	// known are the names of Namespaces in the input.
	known map[string]bool
}

// read reads one resource.
func (i *importer) read(n *yaml.RNode) error {
	group, kind := resource.Group(n), n.GetKind()
	switch {
	case group == "" && kind == "Namespace":
		i.readNamespace(n)
	case group == "" && kind == "Node":
		return i.readNode(n)
	case group == "" && (kind == "Service" || kind == "Endpoints") || group == "discovery.k8s.io" && kind == "EndpointSlice":
		i.services = append(i.services, n)
	case workloadKind(n) != "":
		return i.readWorkload(n)
	default:
		i.leaveOut(n)
	}
	return nil
}

func (i *importer) readNamespace(n *yaml.RNode) {
	i.Kept["Namespace"]++
	out := i.namespace(n.GetName())
	out.Labels = maps.Clone(n.GetLabels())
	delete(out.Labels, corev1.LabelMetadataName)
	if len(out.Labels) == 0 {
		out.Labels = nil
	}
	i.known[n.GetName()] = true
	i.checkAnnotations(n, n.GetAnnotations())
}

// namespace returns the entry of a namespace.
func (i *importer) namespace(name string) *v1alpha1.ExternalNamespace {
	if i.namespaces[name] == nil {
		i.namespaces[name] = &v1alpha1.ExternalNamespace{Name: name}
	}
	return i.namespaces[name]
}

func (i *importer) readNode(n *yaml.RNode) error {
	node := v1alpha1.ExternalNode{Name: n.GetName(), Labels: maps.Clone(n.GetLabels())}
	addresses, err := resource.NodeAddresses(n)
	if err != nil {
		return err
	}
	for _, a := range addresses {
		node.Addresses = append(node.Addresses, a.String())
	}
	slices.Sort(node.Addresses)
	node.Addresses = slices.Compact(node.Addresses)
	i.Kept["Node"]++
	i.Spec.Nodes = append(i.Spec.Nodes, node)
	return nil
}

// addNamespaces adds the namespaces, sorted, and reports those whose labels are unknown.
func (i *importer) addNamespaces() {
	for _, name := range slices.Sorted(maps.Keys(i.namespaces)) {
		if !i.known[name] {
			i.add(inexact, coreResource("Namespace", "", name), "is not in the input, so its labels are unknown, and none are written: add namespaces to kubectl get")
		}
		i.Spec.Namespaces = append(i.Spec.Namespaces, *i.namespaces[name])
	}
}

// coreResource is a resource of a core kind.
func coreResource(kind, namespace, name string) *yaml.RNode {
	n := yaml.NewMapRNode(&map[string]string{"apiVersion": "v1", "kind": kind})
	// These fail only for resources that are no mapping.
	_ = n.SetName(name)
	if namespace != "" {
		_ = n.SetNamespace(namespace)
	}
	return n
}
