package kustomize

import (
	"fmt"
	"path/filepath"

	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/kustomize/kyaml/fn/runtime/runtimeutil"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	tenantfence "github.com/tenantfence/tenantfence/internal/resource"
)

// entry is an element of generators, transformers or validators.
type entry struct {
	// where is the file and field, for messages.
	where string
	text  string
	// path is the file or directory that text names. It is empty if text is the config itself.
	path string
	// fences and others are the configs in it, in order.
	fences, others []*resource.Resource
}

func (e entry) isInline() bool { return e.path == "" }

// readEntries reads the entries of a field in the order in which kustomize runs them: inline
// entries first.
func (b *build) readEntries(l *layer, field string, texts []string) ([]entry, error) {
	var inline, named []entry
	for i, text := range texts {
		e := entry{where: fmt.Sprintf("%s: %s[%d]", l.displayPath, field, i), text: text}
		configs, err := b.readConfigs(l, &e)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", e.where, err)
		}
		for _, c := range configs {
			b.classify(&e, c)
		}
		if e.isInline() {
			inline = append(inline, e)
		} else {
			named = append(named, e)
		}
	}
	return append(inline, named...), nil
}

// readConfigs returns the configs of an entry, which is YAML, a file, or a directory with a
// kustomization.
func (b *build) readConfigs(l *layer, e *entry) ([]*resource.Resource, error) {
	if configs, err := b.factory.RF().SliceFromBytes([]byte(e.text)); err == nil {
		return configs, b.recordConfigSources(configs, l.displayPath)
	}
	e.path = pathIn(l.dir, e.text)
	if b.fsys.IsDir(e.path) {
		configs, err := b.configsOfDir(b.fsys, e.path)
		if err != nil {
			return nil, err
		}
		return configs, b.recordConfigSources(configs, "")
	}
	content, err := b.readConfig(l.dir, e.path)
	if err != nil {
		return nil, err
	}
	configs, err := b.factory.RF().SliceFromBytes(content)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", e.text, err)
	}
	return configs, b.recordConfigSources(configs, filepath.Join(filepath.Dir(l.displayPath), e.text))
}

// recordConfigSources records the file of configs, if it is known, so that errors name it.
func (b *build) recordConfigSources(configs []*resource.Resource, file string) error {
	var source tenantfence.Source
	if file != "" {
		from, err := filepath.Rel(b.dir, file)
		if err != nil {
			return fmt.Errorf("find %s: %w", file, err)
		}
		source.File = filepath.ToSlash(from)
	}
	for _, c := range configs {
		if err := tenantfence.SetSource(&c.RNode, source); err != nil {
			return fmt.Errorf("read %s: %w", describe(c), err)
		}
	}
	return nil
}

// configsOfDir builds a directory of configs, without running any function.
func (b *build) configsOfDir(fsys filesys.FileSystem, dir string) ([]*resource.Resource, error) {
	o, err := withLocalConfig(fsys, dir)
	if err != nil {
		return nil, err
	}
	m, err := runKrusty(o, dir, b.opts)
	if err != nil {
		return nil, fmt.Errorf("build %s: %w", dir, err)
	}
	return m.Resources(), restoreLocalConfig(m.Resources())
}

// readConfig reads a file with kustomize's restriction: it must be in or below the directory
// that lists it, unless the options lift the restriction.
func (b *build) readConfig(dir filesys.ConfirmedDir, path string) ([]byte, error) {
	if !b.fsys.Exists(path) {
		return nil, fmt.Errorf("%s is neither YAML nor a local file or directory: remote entries cannot be checked for functions: copy it into this repository", filepath.Base(path))
	}
	d, f, err := b.fsys.CleanedAbs(path)
	if err != nil {
		return nil, err
	}
	if !b.opts.readsOutside() && !d.HasPrefix(dir) {
		return nil, outsideDirectory(b.fsys, b.dir, dir.String(), path)
	}
	return b.fsys.ReadFile(d.Join(f))
}

// classify adds a config to the fences or others of an entry, and refuses other functions.
func (b *build) classify(e *entry, c *resource.Resource) {
	spec, err := runtimeutil.GetFunctionSpec(&c.RNode)
	gvk := c.GetGvk()
	switch {
	case gvk.Group == "" && gvk.Version == konfig.BuiltinPluginApiVersion:
		e.others = append(e.others, c)
	case err != nil:
		b.refusals = append(b.refusals, fmt.Errorf("%s: %s: %w", e.where, describe(c), err))
	case gvk.Group == v1alpha1.Group && gvk.Kind != v1alpha1.KindTenantFence:
		b.refusals = append(b.refusals, fmt.Errorf("%s: %s is not a function: list it under resources", e.where, describe(c)))
	case !isFence(c):
		b.refusals = append(b.refusals, fmt.Errorf("%s: runs another function (%s): tenantfence build runs only TenantFence; use kustomize build --enable-alpha-plugins",
			e.where, describe(c)))
	case spec == nil:
		b.refusals = append(b.refusals, fmt.Errorf("%s: %s has no annotation %s, so kustomize cannot run it: add `%s: \"exec: {path: tenantfence}\"`",
			e.where, describe(c), runtimeutil.FunctionAnnotationKey, runtimeutil.FunctionAnnotationKey))
	default:
		e.fences = append(e.fences, c)
	}
}

func describe(c *resource.Resource) string {
	return fmt.Sprintf("%s %s %q", c.GetApiVersion(), c.GetKind(), c.GetName())
}
