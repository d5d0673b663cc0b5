package merge

import (
	"strconv"

	"sigs.k8s.io/kustomize/kyaml/kio/kioutil"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/resource"
)

// Annotations with the file of a resource. A host that writes new resources to files, as kpt does,
// sets both pairs of annotations on each item and requires both on a new item.
const (
	filePath    = kioutil.PathAnnotation
	fileIndex   = kioutil.IndexAnnotation
	legacyPath  = resource.LegacyPath
	legacyIndex = resource.LegacyIndex
)

// files has the number of documents in each file of the build. Nil: the host writes no files.
type files map[string]int

func filesOf(items []*yaml.RNode) files {
	var out files
	for _, n := range items {
		a := n.GetAnnotations()
		if a[resource.KustomizeID] != "" {
			return nil
		}
		if a[filePath] == "" || a[legacyPath] == "" {
			continue
		}
		if out == nil {
			out = files{}
		}
		// An invalid index counts as the first document.
		i, _ := strconv.Atoi(a[fileIndex])
		out[a[filePath]] = max(out[a[filePath]], i+1)
	}
	return out
}

// withFile assigns a file to a new policy, if the host writes files. The file name depends only on
// the policy. If the file exists, the policy becomes its next document.
func (f files) withFile(n *yaml.RNode) *yaml.RNode {
	c := editableCopy(n)
	file := fileOf(n)
	i := f[file]
	f[file]++
	annotations := mappingAt(mappingAt(c.YNode(), "metadata"), "annotations")
	for _, key := range []string{filePath, legacyPath} {
		set(annotations, key, text(file))
	}
	for _, key := range []string{fileIndex, legacyIndex} {
		set(annotations, key, text(strconv.Itoa(i)))
	}
	return c
}

// withFileOf assigns the file and position of another policy to a new one, if the host writes files.
func (f files) withFileOf(n, other *yaml.RNode) *yaml.RNode {
	c := editableCopy(n)
	if f == nil {
		return c
	}
	annotations, have := mappingAt(mappingAt(c.YNode(), "metadata"), "annotations"), other.GetAnnotations()
	for _, key := range []string{filePath, legacyPath, fileIndex, legacyIndex} {
		if have[key] != "" {
			set(annotations, key, text(have[key]))
		}
	}
	return c
}

// clearItemID removes the ID with which a host that writes files finds the original of an item. The
// host would copy the original's comments by line number, also to changed lines. The item already
// has all comments.
func (f files) clearItemID(n *yaml.RNode) {
	if f == nil {
		return
	}
	annotations := mappingAt(mappingAt(n.YNode(), "metadata"), "annotations")
	for _, key := range []string{"internal.config.kubernetes.io/id", "config.k8s.io/id"} {
		drop(annotations, key)
	}
}

// fileOf returns different files for a Cilium policy and its NetworkPolicy form, which have the
// same name.
func fileOf(n *yaml.RNode) string {
	dir, name := n.GetNamespace(), n.GetName()
	if dir == "" {
		dir = "_cluster"
	}
	if n.GetKind() == resource.KindKubernetes {
		name += ".networkpolicy"
	}
	return "fence/" + dir + "/" + name + ".yaml"
}
