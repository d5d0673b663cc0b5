package merge

import (
	"strconv"

	"sigs.k8s.io/kustomize/kyaml/kio/kioutil"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/resource"
)

// Where a host keeps its resources. One that puts new resources into files, as kpt
// does, sets both pairs of annotations on each item and wants both on a new one.
const (
	filePath    = kioutil.PathAnnotation
	fileIndex   = kioutil.IndexAnnotation
	legacyPath  = resource.LegacyPath
	legacyIndex = resource.LegacyIndex
)

// files are those of the build: how many documents each has. Nil where the host
// writes none.
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
		// A broken index counts as the first.
		i, _ := strconv.Atoi(a[fileIndex])
		out[a[filePath]] = max(out[a[filePath]], i+1)
	}
	return out
}

// withFile gives a new policy a file of its own, where the host writes files. Named
// after the policy, it never depends on what else there is; a file of that name
// gets another document.
func (f files) withFile(n *yaml.RNode) *yaml.RNode {
	c := editableCopy(n)
	if f == nil {
		return c
	}
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

// clearItemID takes from a changed item the number by which a host that writes files finds
// the item it handed in: it would copy that one's comments over, line by line, also
// to lines that say something else by now. They are all here already.
func (f files) clearItemID(n *yaml.RNode) {
	if f == nil {
		return
	}
	annotations := mappingAt(mappingAt(n.YNode(), "metadata"), "annotations")
	for _, key := range []string{"internal.config.kubernetes.io/id", "config.k8s.io/id"} {
		drop(annotations, key)
	}
}

// fileOf keeps a Cilium policy and its Kubernetes twin, which have one name, apart.
func fileOf(n *yaml.RNode) string {
	dir, name := n.GetNamespace(), n.GetName()
	if dir == "" {
		dir = "_cluster"
	}
	if n.GetKind() == kindKubernetes {
		name += ".networkpolicy"
	}
	return "fence/" + dir + "/" + name + ".yaml"
}
