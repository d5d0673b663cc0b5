package resource

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/internal/report"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// PodMetadata has labels and annotations that pods of a resource have or may have. They come from a
// pod template and, for kinds of other groups than Kubernetes, from every mapping that a controller
// may pass on.
type PodMetadata struct {
	// Resource is the source, and Field is the mapping with the labels and annotations.
	Resource report.Ref
	Field    string
	// Namespaces are the namespaces of the pods. "" is an unknown namespace.
	Namespaces          []string
	Labels, Annotations map[string]string
	// HostNetwork reports that all pods of the resource are hostNetwork pods.
	HostNetwork bool
}

// MakesPods returns the IDs of the resources that create pods.
func (x *Index) MakesPods() map[report.Ref]bool {
	out := map[report.Ref]bool{}
	for _, w := range x.Workloads {
		out[IDOf(w.Ref)], out[IDOf(w.Resource)] = true, true
	}
	for _, in := range x.Inferred {
		out[IDOf(in.Resource)] = true
	}
	for _, u := range x.UnknownPods {
		out[IDOf(u.Resource)] = true
	}
	return out
}

// addPodMetadata adds the metadata that the pods of a resource may have. workloads and unknownPods
// are the counts before the resource was added.
func (x *Index) addPodMetadata(n *yaml.RNode, workloads, unknownPods int) {
	workloadsMade, hidden := x.Workloads[workloads:], x.UnknownPods[unknownPods:]
	if len(workloadsMade)+len(hidden) == 0 {
		return
	}
	all := PodMetadata{Resource: RefOf(n), HostNetwork: len(hidden) == 0}
	for _, w := range workloadsMade {
		all.Namespaces = append(all.Namespaces, w.Ref.Namespace)
		all.HostNetwork = all.HostNetwork && w.HostNetwork
	}
	for _, u := range hidden {
		all.Namespaces = append(all.Namespaces, u.Namespace)
	}
	slices.Sort(all.Namespaces)
	all.Namespaces = slices.Compact(all.Namespaces)
	for _, at := range podMetadataOf(n) {
		all.Field = at.field
		all.Labels, all.Annotations = texts(child(at.node, "labels")), texts(child(at.node, "annotations"))
		if len(all.Labels)+len(all.Annotations) > 0 {
			x.PodMetadata = append(x.PodMetadata, all)
		}
	}
}

type metadataAt struct {
	node  *yaml.Node
	field string
}

// podMetadataOf returns the mappings whose labels and annotations the pods of a resource may have.
func podMetadataOf(n *yaml.RNode) []metadataAt {
	root := content(n.YNode())
	if path, ok := templatePath[groupKind(n)]; ok {
		at := root
		for _, key := range append(slices.Clone(path), "metadata") {
			at = child(at, key)
		}
		return []metadataAt{{at, strings.Join(append(slices.Clone(path), "metadata"), ".")}}
	}
	var out []metadataAt
	if inheritsMetadata(n) {
		out = append(out, metadataAt{child(root, "metadata"), "metadata"})
	}
	if root == nil || root.Kind != yaml.MappingNode {
		return out
	}
	for i := 0; i+1 < len(root.Content); i += 2 {
		if key := keyOf(content(root.Content[i])); key != "metadata" && key != "status" {
			out = append(out, metadataIn(root.Content[i+1], key)...)
		}
	}
	return out
}

// inheritsMetadata reports whether an operator copies the resource's own labels to its pods.
func inheritsMetadata(n *yaml.RNode) bool {
	_, k := operatorOf(n)
	return k != nil && slices.ContainsFunc(k.Pods, func(p inferredPods) bool { return slices.Contains(p.Inherited, "metadata.labels") })
}

// metadataIn finds the mappings with labels or annotations, at any depth.
func metadataIn(n *yaml.Node, at string) []metadataAt {
	var out []metadataAt
	switch n = content(n); {
	case n == nil:
	case n.Kind == yaml.SequenceNode:
		for i, item := range n.Content {
			out = append(out, metadataIn(item, fmt.Sprintf("%s[%d]", at, i))...)
		}
	case n.Kind == yaml.MappingNode:
		if child(n, "labels") != nil || child(n, "annotations") != nil {
			out = append(out, metadataAt{n, at})
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			if key := keyOf(content(n.Content[i])); !isNonPodMetadata(key) {
				out = append(out, metadataIn(n.Content[i+1], at+"."+key)...)
			}
		}
	}
	return out
}

// isNonPodMetadata reports whether labels in a field never apply to pods: those of selectors or of
// volumes.
func isNonPodMetadata(key string) bool {
	key = strings.ToLower(key)
	for _, other := range []string{"selector", "matchlabels", "volumeclaim", "pvc"} {
		if strings.Contains(key, other) {
			return true
		}
	}
	return false
}
