package kustomize

import (
	"errors"
	"fmt"

	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/provenance"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// kustomizeVersion is the release of the kustomize command with the kustomize modules in go.mod.
const kustomizeVersion = "v5.8.2"

// runKrusty builds dir with plugins disabled, unsorted.
func runKrusty(fsys filesys.FileSystem, dir string, opts Options) (resmap.ResMap, error) {
	return run(fsys, dir, opts, krusty.MakeDefaultOptions())
}

// runKrustyWithFunctions builds dir as kustomize --enable-alpha-plugins --enable-exec
// does. Unlike these flags, it does not enable helm.
func runKrustyWithFunctions(fsys filesys.FileSystem, dir string, opts Options) (resmap.ResMap, error) {
	o := krusty.MakeDefaultOptions()
	o.Reorder = krusty.ReorderOptionUnspecified
	o.PluginConfig = types.EnabledPluginConfig(types.BploUseStaticallyLinked)
	o.PluginConfig.FnpLoadingOptions.EnableExec = true
	return run(fsys, dir, opts, o)
}

func run(fsys filesys.FileSystem, dir string, opts Options, o *krusty.Options) (_ resmap.ResMap, err error) {
	defer recoverPanic(&err)
	o.PluginConfig.HelmConfig, o.LoadRestrictions = opts.Helm, types.LoadRestrictionsRootOnly
	if opts.readsOutside() {
		o.LoadRestrictions = types.LoadRestrictionsNone
	}
	m, err := krusty.MakeKustomizer(o).Run(fsys, dir)
	return m, explainError(err, fsys, dir)
}

// readsOutside reports whether a kustomization may read files outside its directory.
func (o Options) readsOutside() bool { return o.LoadRestrictions == types.LoadRestrictionsNone }

// errKustomizePanic reports that kustomize's code panicked. It does for some resources with
// malformed metadata.
var errKustomizePanic = errors.New("kustomize failed on a malformed resource: its metadata, labels or annotations are not a mapping")

// recoverPanic turns a panic of kustomize's code into an error.
func recoverPanic(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("%w (%v)", errKustomizePanic, r)
	}
}

// setManagedByVersion sets the kustomize release in the label of buildMetadata's managedByLabel.
// kustomize as a library does not know its release.
func setManagedByVersion(m resmap.ResMap) error {
	own := "kustomize-" + provenance.GetProvenance().Semver()
	for _, r := range m.Resources() {
		labels := r.GetLabels()
		if labels[konfig.ManagedbyLabelKey] != own {
			continue
		}
		labels[konfig.ManagedbyLabelKey] = "kustomize-" + kustomizeVersion
		if err := r.SetLabels(labels); err != nil {
			return fmt.Errorf("label %s: %w", describe(r), err)
		}
	}
	return nil
}
