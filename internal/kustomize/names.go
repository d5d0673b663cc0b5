package kustomize

import (
	"maps"
	"regexp"

	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	tenantfence "github.com/tenantfence/tenantfence/internal/resource"
)

// renaming is what layers do to names. kustomize writes a changed name into the fields that refer to the
// former one, in all layers of a build.
type renaming int

const (
	// keepsNames: no resource gets another name or namespace.
	keepsNames renaming = iota
	// knownNames: all former names are known.
	knownNames
	// anyName: a former name may be any text.
	anyName
)

// maxAffixes is the largest number of layers whose prefixes and suffixes are combined to find all names.
const maxAffixes = 3

// names are the names that the resources of a group may have had in it.
type names struct {
	class renaming
	// hasBuildAnnotations reports whether a file has annotations that kustomize believes.
	hasBuildAnnotations bool
	files               [][]byte
	// former are the names if the class is knownNames.
	former map[string]bool
}

// read collects the files that declare the resources.
func (n *names) read(_ string, content []byte) {
	n.hasBuildAnnotations = n.hasBuildAnnotations || hasBuildAnnotations(content)
	if n.class == knownNames {
		n.files = append(n.files, content)
	}
}

// classOf returns what the layers of a part do to names.
func classOf(g *group) renaming {
	class, affixes := keepsNames, 0
	for _, k := range g.parts[0].layers {
		class = max(class, classOfLayer(k))
		if k.NamePrefix != "" || k.NameSuffix != "" {
			affixes++
		}
	}
	if affixes > maxAffixes {
		return anyName
	}
	return class
}

func classOfLayer(k types.Kustomization) renaming {
	k.MetaData, k.Resources, k.Bases, k.Components, k.SortOptions, k.BuildMetadata = nil, nil, nil, nil, nil, nil
	k.Labels, k.CommonLabels, k.CommonAnnotations, k.Images, k.ImageTags, k.Replicas = nil, nil, nil, nil, nil, nil
	if len(Fields(k)) == 0 {
		return keepsNames
	}
	k.NamePrefix, k.NameSuffix, k.Namespace = "", "", ""
	k.ConfigMapGenerator, k.SecretGenerator, k.GeneratorOptions = nil, nil, nil
	k.Patches, k.PatchesJson6902, k.PatchesStrategicMerge = nil, nil, nil
	if len(Fields(k)) == 0 {
		return knownNames
	}
	return anyName
}

// renamingPatch matches files in which a patch may change a name or kind.
var renamingPatch = regexp.MustCompile(`/metadata/name|allowNameChange|allowKindChange|/kind|path['"]?\s*:\s*['"]?(/metadata)?['"]?\s*([,}\n\r]|$)`)

// complete finds the names after the group is built.
func (n *names) complete(g *group) {
	if n.class != knownNames {
		return
	}
	n.former = map[string]bool{}
	for _, content := range n.files {
		if renamingPatch.Match(content) {
			n.class = anyName
			return
		}
		n.addDeclared(content)
	}
	n.files = nil
	for _, p := range g.parts {
		n.addGenerated(p.layers)
	}
	declared := n.former
	for _, p := range g.parts {
		if all := affixed(declared, p.layers); len(all) > len(declared) {
			n.former = maps.Clone(n.former)
			maps.Copy(n.former, all)
		}
	}
}

// addDeclared adds the names of the resources in a file. A file that is no YAML declares none.
func (n *names) addDeclared(content []byte) {
	nodes, err := tenantfence.ReadYAML(content)
	if err != nil {
		return
	}
	for _, node := range flattenLists(nodes) {
		if metadata := node.Field("metadata"); metadata != nil && metadata.Value.YNode().Kind == yaml.MappingNode {
			n.former[node.GetName()] = true
		}
	}
}

// addGenerated adds the names that generators make.
func (n *names) addGenerated(layers []types.Kustomization) {
	for _, k := range layers {
		for _, g := range k.ConfigMapGenerator {
			n.former[g.Name] = true
		}
		for _, g := range k.SecretGenerator {
			n.former[g.Name] = true
		}
	}
}

// affixed returns the names with the prefixes and suffixes of some of the layers.
func affixed(declared map[string]bool, layers []types.Kustomization) map[string]bool {
	out := maps.Clone(declared)
	for _, k := range layers {
		if k.NamePrefix == "" && k.NameSuffix == "" {
			continue
		}
		for name := range maps.Clone(out) {
			out[k.NamePrefix+name] = true
			out[k.NamePrefix+name+k.NameSuffix] = true
		}
	}
	return out
}
