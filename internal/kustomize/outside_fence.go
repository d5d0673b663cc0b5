package kustomize

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/filesys"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/report"
	own "github.com/tenantfence/tenantfence/internal/resource"
)

// OutsideFenceError reports resources of this project's kinds that no TenantFence receives,
// because the fence is listed below them.
type OutsideFenceError struct {
	// Items are the resources, with their files if known. Changed are those that a TenantFence
	// receives before a layer above it changes their spec.
	Items, Changed []report.Ref
}

func (e *OutsideFenceError) Error() string {
	var names []string
	for _, r := range slices.Concat(e.Items, e.Changed) {
		names = append(names, r.String())
	}
	return "no TenantFence receives " + strings.Join(names, ", ") + ": list the fence at or above the layers that list them"
}

// keepOwnFile is a transformer that exists only in the overlay.
const keepOwnFile = ".tenantfence-keep-own.yaml"

// keepOwnTransformer makes kustomize keep local-config resources of this project's kinds until
// the build is complete.
const keepOwnTransformer = `{"apiVersion": "builtin", "kind": "PatchTransformer", "metadata": {"name": "tenantfence-keep-own"},
"target": {"group": "tenantfence.dev", "annotationSelector": "config.kubernetes.io/local-config"},
"patch": "[{\"op\": \"move\", \"from\": \"/metadata/annotations/config.kubernetes.io~1local-config\", \"path\": \"/metadata/annotations/internal.tenantfence.dev~1local-config\"}]"}`

// keepOwnResources adds that transformer to the root of a fallback.
func (b *build) keepOwnResources(o *overlay) error {
	k := b.root.kustomization
	if content, ok := o.files[b.root.path]; ok {
		k = types.Kustomization{}
		if err := k.Unmarshal(content); err != nil {
			return fmt.Errorf("read %s: %w", b.root.displayPath, err)
		}
	}
	k.Transformers = append(append([]string{}, k.Transformers...), keepOwnFile)
	o.files[b.root.dir.Join(keepOwnFile)] = []byte(keepOwnTransformer)
	return o.serve(b.root.path, k)
}

// removeOwnResources removes the resources of this project's kinds from the result of a fallback.
// A resource is an error if no function marked it, or if a later layer removed local-config.
func (b *build) removeOwnResources(m resmap.ResMap) error {
	var outsideFence, changed []*resource.Resource
	for _, r := range m.Resources() {
		if r.GetGvk().Group != v1alpha1.Group {
			if err := clearKeepOwnRecord(r); err != nil {
				return fmt.Errorf("describe the transformers of %s: %w", describe(r), err)
			}
			continue
		}
		a := r.GetAnnotations()
		kept, ok := a[savedLocalConfigAnnotation]
		mark := a[own.AnnotationSeen]
		switch local, isFence := ok && kept != "false", r.GetKind() == v1alpha1.KindTenantFence; {
		case local && (isFence || b.opts.Seen == ""):
		case !local || !own.IsSeen(b.opts.Seen, mark):
			outsideFence = append(outsideFence, r)
		case mark != own.SeenMark(b.opts.Seen, &r.RNode):
			changed = append(changed, r)
		}
		if err := m.Remove(r.CurId()); err != nil {
			return fmt.Errorf("remove %s: %w", describe(r), err)
		}
	}
	return b.outsideFence(outsideFence, changed)
}

// clearKeepOwnRecord removes that transformer from the annotations of buildMetadata.
func clearKeepOwnRecord(r *resource.Resource) error {
	all, err := r.GetTransformations()
	if err != nil {
		return err
	}
	rest := slices.DeleteFunc(all, func(t *resource.Origin) bool { return t.ConfiguredIn == keepOwnFile })
	switch {
	case len(rest) == len(all):
		return nil
	case len(rest) == 0:
		return r.ClearTransformations()
	}
	text, err := rest.String()
	if err != nil {
		return err
	}
	annotations := r.GetAnnotations()
	annotations[transformationsAnnotation] = text
	return r.SetAnnotations(annotations)
}

// checkOutsideFence returns an OutsideFenceError for an exact build. A fence that is not a
// generator receives all items.
func (b *build) checkOutsideFence(chain []*resource.Resource, s *stream) error {
	if len(chain) > 0 {
		return nil
	}
	var outsideFence []*resource.Resource
	for _, i := range s.items {
		// A generator returns its own TenantFence.
		if i.GetGvk().Group == v1alpha1.Group && (i.GetKind() != v1alpha1.KindTenantFence || !own.IsLocalConfig(&i.RNode)) {
			outsideFence = append(outsideFence, i.Resource)
		}
	}
	return b.outsideFence(outsideFence, nil)
}

func (b *build) outsideFence(resources, changed []*resource.Resource) error {
	if len(resources)+len(changed) == 0 {
		return nil
	}
	return &OutsideFenceError{Items: b.refsOf(resources), Changed: b.refsOf(changed)}
}

func (b *build) refsOf(resources []*resource.Resource) []report.Ref {
	var out []report.Ref
	for _, r := range resources {
		id := r.OrgId()
		out = append(out, report.Ref{APIVersion: r.GetApiVersion(), Kind: id.Kind, Name: id.Name, File: b.fileOf(id.Kind, id.Name)})
	}
	slices.SortFunc(out, func(x, y report.Ref) int { return strings.Compare(x.File+x.String(), y.File+y.String()) })
	return out
}

// fileOf returns the file of a resource of this project's kinds, or "" if no layer lists one.
func (b *build) fileOf(kind, name string) string {
	for _, l := range b.layers {
		for _, file := range l.kustomization.Resources {
			if b.lists(l.dir, file, kind, name) {
				return filepath.Join(filepath.Dir(l.displayPath), file)
			}
		}
	}
	return ""
}

func (b *build) lists(dir filesys.ConfirmedDir, file, kind, name string) bool {
	path := pathIn(dir, file)
	if !b.fsys.Exists(path) || b.fsys.IsDir(path) {
		return false
	}
	content, err := b.fsys.ReadFile(path)
	if err != nil {
		return false
	}
	resources, err := b.factory.RF().SliceFromBytes(content)
	return err == nil && slices.ContainsFunc(resources, func(r *resource.Resource) bool {
		return r.GetGvk().Group == v1alpha1.Group && r.GetKind() == kind && r.GetName() == name
	})
}
