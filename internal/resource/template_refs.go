package resource

import (
	"path"
	"slices"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// templateRef is a resource that creates pods from another resource's template, such as a Rollout
// with workloadRef.
type templateRef struct {
	from *yaml.RNode
	// kind is the group and kind of the other resource, and name its name, in the same namespace.
	kind, name string
}

func (r templateRef) String() string { return path.Base(r.kind) + "/" + r.name }

const podTemplateKind = "v1/PodTemplate"

func (x *Index) collectTemplateRef(n *yaml.RNode) {
	if ref := workloadRef(child(content(n.YNode()), "spec")); ref != nil {
		text := func(key string) string {
			if at := child(ref, key); isScalar(at) {
				return at.Value
			}
			return ""
		}
		x.templateRefs = append(x.templateRefs, templateRef{n, groupKindOf(text("apiVersion"), text("kind")), text("name")})
	}
}

// workloadRef returns the mapping of that name in a spec, or in one of its mappings.
func workloadRef(spec *yaml.Node) *yaml.Node {
	if found := child(spec, "workloadRef"); found != nil || spec == nil || spec.Kind != yaml.MappingNode {
		return found
	}
	for i := 0; i+1 < len(spec.Content); i += 2 {
		if found := child(content(spec.Content[i+1]), "workloadRef"); found != nil {
			return found
		}
	}
	return nil
}

func (x *Index) addTemplateRefs(items []*yaml.RNode) {
	for _, r := range x.templateRefs {
		workloads, unknownPods := len(x.Workloads), len(x.UnknownPods)
		i := slices.IndexFunc(items, func(n *yaml.RNode) bool {
			return groupKind(n) == r.kind && n.GetName() == r.name && n.GetNamespace() == r.from.GetNamespace()
		})
		if i < 0 {
			x.addUnknownPods(r.from, r.from.GetNamespace(), "its pods use the template of "+r.String()+", which is not in the build")
		} else {
			x.addFromTemplate(r, items[i])
		}
		x.addPodMetadata(r.from, workloads, unknownPods)
		if i >= 0 && r.kind == podTemplateKind {
			x.addPodMetadata(items[i], workloads, unknownPods)
		}
	}
}

func (x *Index) addFromTemplate(r templateRef, of *yaml.RNode) {
	at, ok := templatePath[r.kind]
	if r.kind == podTemplateKind {
		at, ok = []string{"template"}, true
	}
	node := content(of.YNode())
	t := foundTemplate{}
	for _, key := range at {
		node = child(node, key)
		t.path = append(t.path, pathStep{key, -1})
	}
	if t.node = node; !ok || node == nil {
		x.addUnknownPods(r.from, r.from.GetNamespace(), "its pods use the template of "+r.String()+", which has no pod template")
		return
	}
	before := len(x.Workloads)
	x.addTemplate(r.from, t, "")
	for _, w := range x.Workloads[before:] {
		w.Resource, w.External = RefOf(of), IsLocalConfig(of) || IsLocalConfig(r.from)
	}
}
