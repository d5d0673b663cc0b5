package flux

import (
	"fmt"
	"maps"
	"path"
	"slices"

	"github.com/tenantfence/tenantfence/internal/report"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// Files has the content of each file of a tree, by its slash-separated path from the root.
type Files map[string][]byte

func (f Files) paths() []string { return slices.Sorted(maps.Keys(f)) }

const kustomizationFile = "kustomization.yaml"

// substituteAnnotation with the value "disabled" excludes a policy from the postBuild
// substitution of Flux. The substitution would turn a quoted port into a number, and a dollar
// sign into a variable.
const substituteAnnotation = "kustomize.toolkit.fluxcd.io/substitute"

// Tree returns the tree for the items of a finished build, or a slice of it. The files of a slice are as in
// the whole tree, except for the list of all. The tree is nil if a finding is an error.
func Tree(items []*yaml.RNode, o Options) (Files, report.Findings, error) {
	placed, findings := placeItems(items)
	if findings.HasError() {
		return nil, findings.Sort(), nil
	}
	owners := placed.ownersInSlice(o.Slice)
	if len(owners) == 0 {
		return nil, report.Findings{nothingInSlice(o.Slice)}, nil
	}
	files := Files{}
	for _, owner := range owners {
		if err := files.addOwner(owner, placed[owner]); err != nil {
			return nil, nil, err
		}
	}
	steps := stepsByTenant(placed, owners)
	if o.GroupBy == ByStage {
		steps = stepsByStage(placed)
		if err := files.addStages(placed); err != nil {
			return nil, nil, err
		}
	}
	if err := files.addSteps(steps, o); err != nil {
		return nil, nil, err
	}
	return files, findings.Sort(), nil
}

// addOwner adds a folder for each stage in which an owner has files.
func (f Files) addOwner(owner string, placed *stageFiles) error {
	for i, s := range stages {
		if len(placed[i]) == 0 {
			continue
		}
		dir := path.Join(owner, s.dir)
		for file, n := range placed[i] {
			if err := f.addObject(path.Join(dir, file), n); err != nil {
				return err
			}
		}
		if err := f.addKustomization(dir, slices.Sorted(maps.Keys(placed[i]))); err != nil {
			return err
		}
	}
	return nil
}

func (f Files) addObject(file string, n *yaml.RNode) error {
	annotated := n.Copy()
	annotations := annotated.GetAnnotations()
	annotations[substituteAnnotation] = "disabled"
	if err := annotated.SetAnnotations(annotations); err != nil {
		return fmt.Errorf("annotate %s: %w", file, err)
	}
	body, err := annotated.String()
	if err != nil {
		return fmt.Errorf("print %s: %w", file, err)
	}
	f[file] = withSeal(file, []byte(body))
	return nil
}

// addStages adds a kustomization.yaml for each stage of all owners.
func (f Files) addStages(p placement) error {
	for i, s := range stages {
		var folders []string
		for _, owner := range p.ownersIn(i) {
			folders = append(folders, path.Join("..", "..", owner, s.dir))
		}
		if len(folders) == 0 {
			continue
		}
		if err := f.addKustomization(path.Join(stagesDir, s.dir), folders); err != nil {
			return err
		}
	}
	return nil
}

// addSteps adds the Kustomizations of Flux, and the kustomization.yaml that lists them for one
// parent Kustomization.
func (f Files) addSteps(steps []step, o Options) error {
	var listed []string
	for _, s := range steps {
		body, err := s.object(o)
		if err != nil {
			return fmt.Errorf("print Kustomization %s: %w", s.name, err)
		}
		file := path.Join(stepsDir, s.name+".yaml")
		f[file] = withSeal(file, body)
		listed = append(listed, file)
	}
	slices.Sort(listed)
	return f.addKustomization(".", listed)
}

// addKustomization adds the kustomization.yaml of a folder.
func (f Files) addKustomization(dir string, resources []string) error {
	body, err := yaml.Marshal(struct {
		APIVersion string   `yaml:"apiVersion"`
		Kind       string   `yaml:"kind"`
		Resources  []string `yaml:"resources"`
	}{"kustomize.config.k8s.io/v1beta1", "Kustomization", resources})
	if err != nil {
		return fmt.Errorf("print the kustomization of %s: %w", dir, err)
	}
	file := path.Join(dir, kustomizationFile)
	f[file] = withSeal(file, body)
	return nil
}
