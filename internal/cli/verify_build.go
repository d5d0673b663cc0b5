package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/fn"
	"github.com/tenantfence/tenantfence/internal/flux"
	"github.com/tenantfence/tenantfence/internal/kustomize"
	"github.com/tenantfence/tenantfence/internal/output"
	"github.com/tenantfence/tenantfence/internal/proof"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// loadedResources are the finished items of a folder, and the runs of the function for them.
type loadedResources struct {
	items []*yaml.RNode
	runs  []proof.Run
	// kpt reports that the folder is a kpt package, and whole that it is the output of a build.
	kpt, whole bool
	// findings are about the files themselves.
	findings report.Findings
	// written are the policies that the function wrote below other layers.
	written []*yaml.RNode
}

// loadFiles reads files or a folder. It builds a kustomization. With --inputs the intent in the target is
// ignored.
func loadFiles(cmd *cobra.Command, p *output.Progress, args []string, inputs string) (loadedResources, error) {
	info, err := os.Stat(args[0])
	if err != nil || !info.IsDir() || len(args) > 1 {
		p.Update("reading files", 0, 0)
		items, err := readFiles(args)
		return loadedResources{items: items}, err
	}
	dir := args[0]
	if !isKustomization(dir) || flux.IsTree(dir) {
		p.Update("reading "+dir, 0, 0)
		items, err := readFolder(dir)
		if err == nil && flux.IsTree(dir) {
			edited, err := flux.EditedFiles(dir)
			return loadedResources{items: items, findings: edited}, err
		}
		return loadedResources{items: items, kpt: inputs == "" && isKptPackage(dir)}, err
	}
	g, err := buildRecorded(cmd, p, dir, processWithoutProof)
	g.whole = true
	if err != nil || inputs != "" {
		g.runs = nil
	}
	return g, err
}

// loadInputs reads the inputs of the function from a folder or, without them, FlowTests.
func loadInputs(cmd *cobra.Command, p *output.Progress, dir string) (loadedResources, error) {
	if isKustomization(dir) {
		g, err := buildRecorded(cmd, p, dir, passThrough)
		if err != nil {
			return g, fmt.Errorf("--inputs: %w", err)
		}
		return loadedResources{runs: g.runs, written: g.written}, nil
	}
	p.Update("reading "+dir, 0, 0)
	items, err := readFolder(dir)
	if err != nil {
		return loadedResources{}, fmt.Errorf("--inputs: %w", err)
	}
	if runs := proof.Runs(items); len(runs) > 0 {
		return loadedResources{runs: runs}, nil
	}
	tests := slices.DeleteFunc(items, func(n *yaml.RNode) bool { return resource.Group(n) != v1alpha1.Group })
	if len(tests) == 0 {
		return loadedResources{}, fmt.Errorf("--inputs %s: the folder has no Tenant, FenceProfile, TenantFence, FlowTest or kustomization: name the folder that lists the fence", dir)
	}
	return loadedResources{items: tests}, nil
}

func isKptPackage(dir string) bool {
	data, err := os.ReadFile(filepath.Join(dir, "Kptfile"))
	if err != nil {
		return false
	}
	documents, err := resource.ReadYAML(data)
	return err == nil && len(documents) == 1 && documents[0].GetKind() == "Kptfile" && resource.Group(documents[0]) == "kpt.dev"
}

func isKustomization(dir string) bool {
	return slices.ContainsFunc(konfig.RecognizedKustomizationFileNames(), func(name string) bool {
		info, err := os.Stat(filepath.Join(dir, name))
		return err == nil && !info.IsDir()
	})
}

// processWithoutProof runs the function without its proof. Its findings are in the report.
func processWithoutProof(config *yaml.RNode, items []*yaml.RNode) ([]*yaml.RNode, error) {
	r, err := fn.Process(config, items, fn.Options{SkipProof: true})
	if errors.Is(err, fn.ErrRefused) {
		err = &refusedError{findings: r.Findings, err: err}
	}
	return r.Items, err
}

// refusedError reports that the function refused a build in this process.
type refusedError struct {
	findings report.Findings
	err      error
}

func (e *refusedError) Error() string { return e.err.Error() }

func (e *refusedError) Unwrap() error { return e.err }

// passThrough is a function without effect, to record the inputs.
func passThrough(_ *yaml.RNode, items []*yaml.RNode) ([]*yaml.RNode, error) { return items, nil }

// buildRecorded builds a kustomization, and records the inputs of the function: in memory or, in a
// fallback, in a file.
func buildRecorded(cmd *cobra.Command, p *output.Progress, dir string, function kustomize.Function) (loadedResources, error) {
	var g loadedResources
	options, err := buildOptions(cmd, p)
	if err != nil {
		return g, err
	}
	record, remove, err := newRecord()
	if err != nil {
		return g, err
	}
	defer remove()
	options.Arguments = append(options.Arguments, "--"+recordFlag, record, "--"+skipProofFlag)
	options.Function = rejectFormerFences(func(config *yaml.RNode, items []*yaml.RNode) ([]*yaml.RNode, error) {
		g.runs = append(g.runs, proof.Run{Config: config.Copy(), Blind: isGeneratorInput(items)})
		return function(config, items)
	})
	options.Finished = func(items []*yaml.RNode) {
		// These items have their sources. The printed build does not.
		all := copyItems(items)
		g.items = slices.DeleteFunc(slices.Clone(all), resource.IsLocalConfig)
		for i := range g.runs {
			g.runs[i].Items = all
		}
	}
	p.Update("building "+dir, 0, 0)
	data, err := kustomize.Build(filesys.MakeFsOnDisk(), dir, options)
	if err != nil {
		return g, err
	}
	if len(g.runs) > 0 {
		return g, nil
	}
	if g.items, err = readBuild(data); err != nil {
		return g, fmt.Errorf("read the build: %w", err)
	}
	runs, err := readRecord(record)
	g.runs, g.written = runsOnFinishedBuild(runs, g.items), writtenPolicies(runs)
	return g, err
}

// isGeneratorInput reports whether kustomize passed only the configuration to the function, as it does for
// a generator.
func isGeneratorInput(items []*yaml.RNode) bool {
	return len(items) == 1 && items[0].GetKind() == v1alpha1.KindTenantFence
}

func copyItems(items []*yaml.RNode) []*yaml.RNode {
	out := make([]*yaml.RNode, len(items))
	for i, n := range items {
		out[i] = n.Copy()
	}
	return out
}

// layers are the resources of the kustomizations in a folder that is not built, by their folders. Flux and
// kubectl -k build them, so they may only list files.
type layers map[string][]string

// add reads a kustomization. file is relative to the folder root.
func (l layers) add(root, file string) error {
	content, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(file)))
	if err != nil {
		return fmt.Errorf("read the target: %w", err)
	}
	if documents, err := (&kio.ByteReader{Reader: bytes.NewReader(content), OmitReaderAnnotations: true, DisableUnwrapping: true}).Read(); err != nil || len(documents) > 1 {
		return fmt.Errorf("%s: has several YAML documents: some programs apply all of them, and kustomize reads one: move the others to files of their own", file)
	}
	var k types.Kustomization
	if err := k.Unmarshal(content); err != nil {
		return fmt.Errorf("%s is not a valid kustomization: correct it: %w", file, err)
	}
	dir, lists := path.Dir(file), k.Resources
	k.MetaData, k.Resources = nil, nil
	if names := kustomize.Fields(k); len(names) > 0 {
		return fmt.Errorf("%s: changes the applied resources (%s), so the files in its folder are not the ones to verify: verify the output of kustomize build %s, or name that folder",
			file, strings.Join(names, ", "), dir)
	}
	l[dir] = []string{}
	for _, resource := range lists {
		listed := path.Join(dir, resource)
		if err := checkListed(root, file, resource, listed); err != nil {
			return err
		}
		l[dir] = append(l[dir], listed)
	}
	return nil
}

// checkListed refuses resources of a kustomization that verify does not read.
func checkListed(root, file, resource, listed string) error {
	info, err := os.Stat(filepath.Join(root, filepath.FromSlash(listed)))
	manifest := isManifest(path.Base(listed))
	switch {
	case strings.HasPrefix(listed, "../") || path.IsAbs(resource) || strings.Contains(resource, "://"):
		return fmt.Errorf("%s: lists %s, which is outside the folder to verify: verify the output of kustomize build %s", file, resource, path.Dir(file))
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s: lists %s, which does not exist: correct it", file, resource)
	case err != nil:
		return fmt.Errorf("%s: lists %s, which cannot be read: %w", file, resource, err)
	case !info.IsDir() && !manifest:
		return fmt.Errorf("%s: lists %s, which is not read, because its name is not that of a YAML or JSON file: rename it", file, resource)
	}
	return nil
}

// check refuses files that no kustomization in their folder or a parent folder lists: they are not
// applied.
func (l layers) check(files []string) error {
	for _, file := range files {
		for dir := path.Dir(file); ; dir = path.Dir(dir) {
			lists, ok := l[dir]
			if ok && !slices.Contains(lists, file) {
				return fmt.Errorf("%s: is not listed in the kustomization of its folder (%s), so it is not applied: list it, or move it to another folder", file, dir)
			}
			if ok || dir == "." {
				break
			}
		}
	}
	return nil
}

func isKustomizationFile(name string) bool {
	return slices.Contains(konfig.RecognizedKustomizationFileNames(), name)
}

// isManifest reports whether kubectl applies a file of this name from a folder.
func isManifest(name string) bool {
	return slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(name))
}
