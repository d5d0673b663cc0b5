package kustomize

import (
	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/kustomize/api/types"
)

// pruned is a file system in which the unions of a build list only some of its parts. The rest of the
// build, such as paths and the root, stays the same. So kustomize records the same origins in it, and
// fails with the same errors.
type pruned struct {
	*overlay
	// reads counts how often each shortened kustomization was read.
	reads map[string]int
}

func (p *pruned) ReadFile(path string) ([]byte, error) {
	if _, ok := p.reads[path]; ok {
		p.reads[path]++
	}
	return p.overlay.ReadFile(path)
}

// prune returns a file system with only these parts, in order. read receives the files that are read.
func (a *accumulation) prune(parts []*part, read func(path string, content []byte)) (*pruned, error) {
	p := &pruned{newOverlay(a.fsys), map[string]int{}}
	p.read = read
	listed := map[*union][]string{}
	for _, part := range parts {
		if part.whole != nil {
			p.files[part.file] = part.content
		}
		entry := part.entry
		for u := part.union; u != nil; u = u.parent {
			known := len(listed[u]) > 0
			listed[u] = append(listed[u], entry)
			if known {
				break
			}
			entry = u.entry
		}
	}
	for u, entries := range listed {
		if u == a.root {
			continue
		}
		p.reads[u.path] = 0
		if err := p.serve(u.path, types.Kustomization{TypeMeta: u.kustomization.TypeMeta, Resources: entries}); err != nil {
			return nil, err
		}
	}
	k := a.root.kustomization
	k.Resources, k.Bases, k.SortOptions = listed[a.root], nil, nil
	return p, p.keepLocalConfig(a.root.dir, a.root.path, k)
}

// runPruned has kustomize build only these parts. It returns errInexact if a part itself lists a union
// that is shortened, so that the parts cannot be built together.
func (a *accumulation) runPruned(parts []*part, read func(path string, content []byte)) ([]*resource.Resource, error) {
	p, err := a.prune(parts, read)
	if err != nil {
		return nil, err
	}
	m, err := runKrusty(p, a.root.dir.String(), a.opts)
	for _, reads := range p.reads {
		if reads > 1 {
			return nil, errInexact
		}
	}
	if err != nil {
		return nil, err
	}
	resources := m.Resources()
	return resources, restoreLocalConfig(resources)
}
