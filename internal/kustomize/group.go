package kustomize

import (
	"bytes"
	"path/filepath"
	"slices"
	"sync/atomic"

	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/openapi"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/parallel"
)

// originAnnotation is the annotation in which kustomize stores origins.
const originAnnotation = "config.kubernetes.io/origin"

// group are consecutive parts whose resources are built together.
type group struct {
	parts []*part
	// isRead reports that the resources are those of a file, unchanged. Otherwise kustomize builds them.
	isRead    bool
	resources []*resource.Resource
	err       error
	names     names
}

// read reads the files of the parts, and forms the groups. A file belongs to kustomize if it cannot be
// read, or if kustomize reads names of other resources in it.
func (a *accumulation) read(parts []*part) error {
	files := make([]*group, len(parts))
	var inexact atomic.Bool
	parallel.For(len(parts), func(i int) {
		if files[i] = (&group{parts: parts[i : i+1]}); parts[i].file == "" {
			return
		}
		content, err := a.readFile(parts[i])
		if err != nil {
			return
		}
		if hasBuildAnnotations(content) {
			inexact.Store(true)
		}
		resources, err := a.parse(parts[i], content)
		switch {
		case err != nil:
		case !slices.ContainsFunc(resources, refersToNames):
			files[i].isRead, files[i].resources = true, resources
			if a.fsys.parsed != nil {
				a.fsys.parsed(parts[i].file, resources)
			}
		default:
			parts[i].ids = idsOf(resources)
			if len(resources) > a.maxDocuments {
				files[i].parts = chunks(parts[i], content, a.maxDocuments)
			}
		}
	})
	if inexact.Load() {
		return errInexact
	}
	for _, g := range files {
		a.add(g)
	}
	return nil
}

// add adds a group, or its parts to the last one. Each chunk of a file is a group.
func (a *accumulation) add(g *group) {
	g.names.class = classOf(g)
	switch last := len(a.groups) - 1; {
	case g.parts[0].whole != nil:
		for i := range g.parts {
			a.groups = append(a.groups, &group{parts: g.parts[i : i+1 : i+1], names: names{class: g.names.class}})
		}
	case last >= 0 && a.accepts(a.groups[last], g):
		a.groups[last].parts = append(a.groups[last].parts, g.parts...)
	default:
		g.parts = slices.Clone(g.parts)
		a.groups = append(a.groups, g)
	}
}

// accepts reports whether kustomize may build the part of another group in a group.
func (a *accumulation) accepts(g, other *group) bool {
	documents := 0
	for _, p := range slices.Concat(g.parts, other.parts) {
		documents += len(p.ids)
	}
	return !g.isRead && !other.isRead && g.parts[0].whole == nil && len(g.parts) < a.maxGroup && documents <= a.maxDocuments && g.names.class == other.names.class && g.names.class != anyName
}

// hasBuildAnnotations reports whether a file may contain annotations that kustomize itself sets during
// a build, and believes.
func hasBuildAnnotations(content []byte) bool {
	return bytes.Contains(content, []byte("internal.config.kubernetes.io"))
}

// readFile reads a file with kustomize's restriction.
func (a *accumulation) readFile(p *part) ([]byte, error) {
	path := p.file
	if !a.opts.readsOutside() {
		dir, file, err := a.fsys.CleanedAbs(path)
		if err != nil {
			return nil, err
		}
		if !dir.HasPrefix(p.union.dir) {
			return nil, errInexact
		}
		path = dir.Join(file)
	}
	return a.fsys.ReadFile(path)
}

// parse returns the resources of a file as kustomize returns them from a build without changes.
func (a *accumulation) parse(p *part, content []byte) (resources []*resource.Resource, err error) {
	defer recoverPanic(&err)
	if resources, err = a.factory.SliceFromBytes(content); err != nil {
		return nil, err
	}
	origin := ""
	if slices.Contains(a.root.kustomization.BuildMetadata, types.OriginAnnotations) {
		if origin, err = (&resource.Origin{Path: filepath.Join(p.union.origin, p.entry)}).String(); err != nil {
			return nil, err
		}
	}
	for _, r := range resources {
		if !hasMapping(&r.RNode) {
			return nil, errInexact
		}
		if err := setBuildAnnotations(r, origin); err != nil {
			return nil, err
		}
	}
	return resources, nil
}

// hasMapping reports whether the annotations are a mapping or omitted. kustomize fails on others.
func hasMapping(n *yaml.RNode) bool {
	annotations, err := n.Pipe(yaml.Lookup(yaml.MetadataField, yaml.AnnotationsField))
	return err == nil && (annotations == nil || annotations.YNode().Kind == yaml.MappingNode)
}

// runGroups has kustomize build the groups that are not read, and returns the first error.
func (a *accumulation) runGroups() error {
	var run []*group
	for _, g := range a.groups {
		if !g.isRead {
			run = append(run, g)
		}
	}
	if len(run) > 1 {
		// kustomize initializes its schema when it needs it first, which is not safe in parallel.
		openapi.SchemaForResourceType(yaml.TypeMeta{})
	}
	parallel.For(len(run), func(i int) {
		g := run[i]
		g.resources, g.err = a.runPruned(g.parts, g.names.read)
		g.names.complete(g)
	})
	if err := a.checkChunks(); err != nil {
		return err
	}
	for _, g := range run {
		if g.names.hasBuildAnnotations {
			return errInexact
		}
		if g.err != nil {
			return g.err
		}
	}
	return nil
}
