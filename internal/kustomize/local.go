package kustomize

import (
	"errors"
	"fmt"

	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

const (
	// savedLocalConfigAnnotation replaces config.kubernetes.io/local-config during a build,
	// because kustomize drops resources with that annotation.
	savedLocalConfigAnnotation = "internal.tenantfence.dev/local-config"

	// keepLocalConfigFile is a transformer that exists only in the overlay.
	keepLocalConfigFile = ".tenantfence-keep-local-config.yaml"

	keepLocalConfigTransformer = `{"apiVersion": "builtin", "kind": "PatchTransformer", "metadata": {"name": "tenantfence-keep-local-config"},
"target": {"annotationSelector": "config.kubernetes.io/local-config"},
"patch": "[{\"op\": \"move\", \"from\": \"/metadata/annotations/config.kubernetes.io~1local-config\", \"path\": \"/metadata/annotations/internal.tenantfence.dev~1local-config\"}]"}`
)

// keepLocalConfig adds a last transformer to a kustomization, so that kustomize keeps
// local-config items. restoreLocalConfig reverts it in the result.
func (o *overlay) keepLocalConfig(dir filesys.ConfirmedDir, path string, k types.Kustomization) error {
	k.Transformers = append(append([]string{}, k.Transformers...), keepLocalConfigFile)
	o.files[dir.Join(keepLocalConfigFile)] = []byte(keepLocalConfigTransformer)
	return o.serve(path, k)
}

// withLocalConfig returns a file system in which the kustomization of dir keeps its
// local-config items.
func withLocalConfig(fsys filesys.FileSystem, dir string) (*overlay, error) {
	confirmed, err := filesys.ConfirmDir(fsys, dir)
	if err != nil {
		return nil, err
	}
	path, k, err := readKustomization(fsys, confirmed, dir)
	if err != nil {
		return nil, err
	}
	o := newOverlay(fsys)
	return o, o.keepLocalConfig(confirmed, path, k)
}

func restoreLocalConfig(resources []*resource.Resource) error {
	for _, r := range resources {
		value, ok := r.GetAnnotations()[savedLocalConfigAnnotation]
		if !ok {
			continue
		}
		if err := errors.Join(r.PipeE(yaml.ClearAnnotation(savedLocalConfigAnnotation)), r.PipeE(yaml.SetAnnotation(konfig.IgnoredByKustomizeAnnotation, value))); err != nil {
			return fmt.Errorf("restore %s: %w", describe(r), err)
		}
	}
	return nil
}
