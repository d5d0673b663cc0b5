package resource

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/report"
)

// ExternalResources is an ExternalResources with its position.
type ExternalResources struct {
	Ref  report.Ref
	Spec v1alpha1.ExternalResourcesSpec
}

// External has what the ExternalResources of a build declare.
type External struct {
	// Items are the resources that they declare, with the annotation local-config. Those that the
	// build has, too, are left out.
	Items []*yaml.RNode

	// origins has the declaration of each item by its ID.
	origins map[report.Ref]origin
}

// origin is the position of a declaration in an ExternalResources.
type origin struct {
	ref   report.Ref
	field string
}

// NewExternal converts ExternalResources to the resources that they declare. A declaration that
// the build or other ExternalResources have, too, is left out, and is a finding if the two differ.
// The fence adds some labels to Namespaces of the build, so these are no difference.
func NewExternal(declared []ExternalResources, items []*yaml.RNode, addedLabels map[string]string) (External, report.Findings) {
	declared = slices.Clone(declared)
	slices.SortStableFunc(declared, func(a, b ExternalResources) int {
		return cmp.Or(cmp.Compare(a.Ref.Name, b.Ref.Name), cmp.Compare(a.Ref.File, b.Ref.File), cmp.Compare(a.Ref.Index, b.Ref.Index))
	})
	m := externalMerge{External: External{origins: map[report.Ref]origin{}}, known: map[report.Ref]*yaml.RNode{}, addedLabels: addedLabels}
	if len(declared) == 0 {
		return m.External, nil
	}
	for _, n := range items {
		m.known[ID(n)] = n
	}
	var unlabelled []declaration
	for _, d := range declared {
		for _, item := range expand(d) {
			if item.isGrouping {
				unlabelled = append(unlabelled, item)
				continue
			}
			m.add(item)
		}
	}
	// A namespace without labels is as others declare it.
	for _, item := range unlabelled {
		if m.known[ID(item.node)] == nil {
			m.add(item)
		}
	}
	return m.External, m.findings
}

type externalMerge struct {
	External
	known       map[report.Ref]*yaml.RNode
	addedLabels map[string]string
	findings    report.Findings
}

func (m *externalMerge) add(d declaration) {
	id := ID(d.node)
	have := m.known[id]
	if have == nil {
		m.known[id] = d.node
		m.Items, m.origins[id] = append(m.Items, d.node), d.origin
		for _, n := range d.slices {
			m.Items, m.origins[ID(n)] = append(m.Items, n), d.origin
		}
		return
	}
	// Other EndpointSlices of a Service are not compared.
	difference, err := "endpoints", error(nil)
	if len(d.slices) == 0 {
		difference, err = m.differenceOf(have, d.node)
	}
	if err != nil {
		// The index reports the resource of the build, which is invalid.
		return
	}
	if difference == "" {
		return
	}
	m.findings = append(m.findings, report.New(report.ExternalResourceDiffers, report.Error, d.ref, d.field,
		"declares %s with other %s than %s, so it is unknown what runs in the cluster: remove it here, or make both equal", describeDeclared(id), difference, m.describe(have)))
}

func (m *externalMerge) differenceOf(have, declared *yaml.RNode) (string, error) {
	switch kind := groupKind(have); {
	case IsLocalConfig(have):
	case kind == "v1/Namespace":
		return differentNamespaces(have, declared, m.addedLabels).String(), nil
	case kind == "v1/Service":
		return compareParsed(have, declared, newService, func(build, declared *Service) differences {
			return differentServices(build, withoutAssigned(declared, build))
		})
	}
	return differenceOf(have, declared)
}

// describeDeclared is "Service kube-system/kube-dns".
func describeDeclared(id report.Ref) string {
	return id.Kind + " " + strings.TrimPrefix(id.Namespace+"/"+id.Name, "/")
}

func (m *externalMerge) describe(n *yaml.RNode) string {
	other, declared := m.origins[ID(n)]
	switch {
	case declared:
		return fmt.Sprintf("%s of %s%s", other.field, other.ref, inFile(other.ref))
	case IsLocalConfig(n):
		return "the external resource of the build" + inFile(RefOf(n))
	}
	return "the resource of the build" + inFile(RefOf(n))
}

func inFile(ref report.Ref) string {
	if ref.File == "" {
		return ""
	}
	return " in " + ref.File
}

// Locate returns findings about declared resources as findings about their ExternalResources.
func (e External) Locate(findings report.Findings) report.Findings {
	if len(e.origins) == 0 {
		return findings
	}
	out := make(report.Findings, len(findings))
	for i, f := range findings {
		id := IDOf(f.Resource)
		if o, ok := e.origins[id]; ok {
			f.Field = o.field + declaredField(id, f.Field)
			f.Resource = o.ref
		}
		out[i] = f
	}
	return out.Sort()
}

// declaredField returns the field of a declaration for a field of the resource, or "" if it has no
// field of the same name.
func declaredField(id report.Ref, field string) string {
	template := strings.Join(templatePath[groupKindOf(cmp.Or(id.APIVersion, "v1"), id.Kind)], ".")
	field = strings.TrimPrefix(strings.TrimPrefix(field, template), ".")
	for _, parent := range []string{"metadata.", "spec.", "containers[0]."} {
		field = strings.TrimPrefix(field, parent)
	}
	name, _, _ := strings.Cut(field, "[")
	switch name {
	case "labels", "selector", "hostNetwork", "externalName", "externalIPs", "externalTrafficPolicy":
		return "." + field
	case "ports":
		if id.Kind == "Service" {
			return "." + field
		}
		return ".ports"
	}
	return ""
}
