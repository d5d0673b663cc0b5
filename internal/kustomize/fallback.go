package kustomize

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/kustomize/kyaml/fn/runtime/runtimeutil"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
)

// buildWithKustomize has kustomize run the fences, each as a process of this executable.
func (b *build) buildWithKustomize(reason string) ([]byte, error) {
	if b.opts.Executable == "" {
		return nil, fmt.Errorf("%s, so kustomize must run the function, and no executable is set", reason)
	}
	if remotes := b.remotes(); len(remotes) > 0 {
		return nil, fmt.Errorf("%s, so kustomize must run functions, and these remote entries may run any other: copy them into this repository:\n%s",
			reason, strings.Join(remotes, "\n"))
	}
	executable, err := filepath.Abs(b.opts.Executable)
	if err != nil {
		return nil, fmt.Errorf("find %s: %w", b.opts.Executable, err)
	}
	o, err := b.redirect(executable)
	if err != nil {
		return nil, err
	}
	if err := b.keepOwnResources(o); err != nil {
		return nil, err
	}
	m, err := runKrustyWithFunctions(o, b.root.dir.String(), b.opts)
	if err != nil && strings.Contains(err.Error(), "couldn't execute function: exit status 1") {
		return nil, fmt.Errorf("build %s: %w", b.dir, ErrFunction)
	}
	if err != nil {
		return nil, fmt.Errorf("build %s: %w", b.dir, err)
	}
	if err := b.removeOwnResources(m); err != nil {
		return nil, err
	}
	if err := setManagedByVersion(m); err != nil {
		return nil, err
	}
	return m.AsYaml()
}

// redirect sets the executable as the function of every TenantFence of the build, in the
// overlay. Files keep their paths, which buildMetadata records.
func (b *build) redirect(executable string) (*overlay, error) {
	o := newOverlay(b.fsys)
	var errs []error
	for _, l := range b.layers {
		errs = append(errs, b.redirectInline(o, l, executable))
		for _, e := range l.fences() {
			if e.isInline() {
				continue
			}
			if err := b.redirectNamed(o, e, executable); err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", e.where, err))
			}
		}
	}
	return o, errors.Join(errs...)
}

// redirectInline rewrites the fences that are inline in a kustomization.
func (b *build) redirectInline(o *overlay, l *layer, executable string) error {
	rewritten := map[string]string{}
	for _, e := range l.fences() {
		if !e.isInline() {
			continue
		}
		content, err := b.withExecutable([]byte(e.text), executable)
		if err != nil {
			return fmt.Errorf("%s: %w", e.where, err)
		}
		rewritten[e.text] = string(content)
	}
	if len(rewritten) == 0 {
		return nil
	}
	replace := func(texts []string) []string {
		texts = slices.Clone(texts)
		for i, t := range texts {
			texts[i] = cmp.Or(rewritten[t], t)
		}
		return texts
	}
	k := l.kustomization
	k.Generators, k.Transformers = replace(k.Generators), replace(k.Transformers)
	return o.serve(l.path, k)
}

// redirectNamed rewrites the fences in a file, or in the files of a directory. It refuses a
// directory that sets another function in a patch.
func (b *build) redirectNamed(o *overlay, e entry, executable string) error {
	if !b.fsys.IsDir(e.path) {
		return b.redirectFile(o, e.path, executable)
	}
	if err := b.redirectDir(o, e.path, executable); err != nil {
		return err
	}
	configs, err := b.configsOfDir(o, e.path)
	if err != nil {
		return err
	}
	for _, c := range configs {
		spec, err := runtimeutil.GetFunctionSpec(&c.RNode)
		if err != nil {
			return err
		}
		if spec != nil && (spec.Exec.Path != executable || spec.Container.Image != "") {
			return fmt.Errorf("%s: a patch sets the annotation %s: set it in the file of the TenantFence, not in a patch", describe(c), runtimeutil.FunctionAnnotationKey)
		}
	}
	return nil
}

func (b *build) redirectDir(o *overlay, dir, executable string) error {
	confirmed, err := filesys.ConfirmDir(b.fsys, dir)
	if err != nil {
		return err
	}
	_, k, err := readKustomization(b.fsys, confirmed, dir)
	if err != nil {
		return err
	}
	for _, r := range slices.Concat(k.Resources, k.Bases, k.Components) {
		path := pathIn(confirmed, r)
		if b.fsys.IsDir(path) {
			err = b.redirectDir(o, path, executable)
		} else {
			err = b.redirectFile(o, path, executable)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (b *build) redirectFile(o *overlay, path, executable string) error {
	content, err := b.fsys.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	o.files[path], err = b.withExecutable(content, executable)
	return err
}

// withExecutable sets the executable as the function of each TenantFence in YAML.
func (b *build) withExecutable(content []byte, executable string) ([]byte, error) {
	configs, err := b.factory.RF().SliceFromBytes(content)
	if err != nil {
		return nil, err
	}
	function, err := yaml.Marshal(runtimeutil.FunctionSpec{Exec: runtimeutil.ExecSpec{Path: executable, Args: b.opts.Arguments}})
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	for _, c := range configs {
		if isFence(c) {
			if err := c.PipeE(yaml.SetAnnotation(runtimeutil.FunctionAnnotationKey, string(function))); err != nil {
				return nil, fmt.Errorf("annotate %s: %w", describe(c), err)
			}
		}
		text, err := c.AsYAML()
		if err != nil {
			return nil, fmt.Errorf("write %s: %w", describe(c), err)
		}
		fmt.Fprintf(&out, "---\n%s", text)
	}
	return out.Bytes(), nil
}

func isFence(c *resource.Resource) bool {
	gvk := c.GetGvk()
	return gvk.Group == v1alpha1.Group && gvk.Kind == v1alpha1.KindTenantFence
}
