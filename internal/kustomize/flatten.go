package kustomize

import (
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/kustomize/kyaml/resid"
)

// union is a layer that only lists resources. kustomize changes nothing in it, so that it is the
// union of its entries.
type union struct {
	// parent lists it as entry. The root has none.
	parent *union
	entry  string
	dir    filesys.ConfirmedDir
	// path is the absolute path of its kustomization file.
	path string
	// origin is its directory as kustomize records it in origins.
	origin        string
	kustomization types.Kustomization
}

// part is an entry of a union that is no union itself: a file, or a layer that changes resources.
type part struct {
	union *union
	entry string
	// file is the path of a file. It is empty for a layer.
	file string
	// whole is the file that has the part as a chunk, and content the documents of the chunk. Nil: it is no chunk.
	whole   *part
	content []byte
	// ids are those of the resources in a file that kustomize builds.
	ids []resid.ResId
	// layers are the kustomizations of a layer and those below it, inner ones first.
	layers []types.Kustomization
}

// flattener finds the parts of a union.
type flattener struct {
	fsys    filesys.FileSystem
	visited map[filesys.ConfirmedDir]bool
	parts   []*part
	// deprecated are kustomize's warnings about the layers that it does not read.
	deprecated []string
}

// flatten adds the parts of a union in kustomize's order. It returns false if only kustomize can
// decide what an entry is, or if a field of a layer applies to the whole build.
func (f *flattener) flatten(u *union) bool {
	if f.visited[u.dir] || !onlyLists(u.kustomization, u.parent == nil) {
		return false
	}
	f.visited[u.dir] = true
	if w := u.kustomization.CheckDeprecatedFields(); w != nil {
		f.deprecated = append(f.deprecated, *w...)
	}
	for _, entry := range slices.Concat(u.kustomization.Resources, u.kustomization.Bases) {
		path := pathIn(u.dir, entry)
		switch {
		case !isLocal(entry):
			return false
		case f.fsys.IsDir(path):
			if !f.addLayer(u, entry) {
				return false
			}
		case f.fsys.Exists(path):
			f.parts = append(f.parts, &part{union: u, entry: entry, file: path})
		default:
			return false
		}
	}
	return true
}

// addLayer adds the parts of a layer, which is a union or a part itself.
func (f *flattener) addLayer(u *union, entry string) bool {
	dir, ok := f.confirm(u.dir, entry)
	if !ok || u.isBelow(dir) {
		return false
	}
	path, k, err := readKustomization(f.fsys, dir, "")
	if err != nil {
		return false
	}
	if onlyLists(k, false) {
		return f.flatten(&union{parent: u, entry: entry, dir: dir, path: path, origin: filepath.Join(u.origin, entry), kustomization: k})
	}
	layers, ok := f.layersBelow(dir, k, map[filesys.ConfirmedDir]bool{})
	f.parts = append(f.parts, &part{union: u, entry: entry, layers: layers})
	return ok
}

// isBelow reports whether a directory contains the union or one of those that list it. kustomize
// refuses it as a cycle.
func (u *union) isBelow(dir filesys.ConfirmedDir) bool {
	for ; u != nil; u = u.parent {
		if u.dir.HasPrefix(dir) {
			return true
		}
	}
	return false
}

func (f *flattener) confirm(dir filesys.ConfirmedDir, entry string) (filesys.ConfirmedDir, bool) {
	if filepath.IsAbs(entry) {
		return "", false
	}
	confirmed, err := filesys.ConfirmDir(f.fsys, dir.Join(entry))
	return confirmed, err == nil
}

// layersBelow returns a layer's kustomization after those of the layers that it lists.
func (f *flattener) layersBelow(dir filesys.ConfirmedDir, k types.Kustomization, seen map[filesys.ConfirmedDir]bool) ([]types.Kustomization, bool) {
	if seen[dir] {
		return nil, true
	}
	seen[dir] = true
	if f.changesWholeBuild(dir, k) {
		return nil, false
	}
	var out []types.Kustomization
	for _, entry := range slices.Concat(k.Resources, k.Bases, k.Components) {
		path := pathIn(dir, entry)
		if !isLocal(entry) || !f.fsys.Exists(path) {
			return nil, false
		}
		if !f.fsys.IsDir(path) {
			continue
		}
		below, ok := f.confirm(dir, entry)
		if !ok {
			return nil, false
		}
		_, inner, err := readKustomization(f.fsys, below, "")
		if err != nil {
			return nil, false
		}
		layers, ok := f.layersBelow(below, inner, seen)
		if !ok {
			return nil, false
		}
		out = append(out, layers...)
	}
	return append(out, k), true
}

// changesWholeBuild reports whether a layer has a field that kustomize applies outside the layer, too:
// it sets one schema for all layers, and collects name references and vars for the last step of a build.
func (f *flattener) changesWholeBuild(dir filesys.ConfirmedDir, k types.Kustomization) bool {
	isDir := func(entry string) bool { return f.fsys.IsDir(pathIn(dir, entry)) }
	return len(k.OpenAPI)+len(k.Crds)+len(k.Configurations)+len(k.Vars) > 0 ||
		slices.ContainsFunc(slices.Concat(k.Generators, k.Transformers, k.Validators), isDir)
}

// onlyLists reports whether a layer only lists resources. kustomize uses sortOptions and buildMetadata
// of the root alone.
func onlyLists(k types.Kustomization, isRoot bool) bool { //nolint:revive // flag-parameter: the root is the one exception
	if k.Kind == types.ComponentKind || len(k.EnforceFields()) > 0 || len(k.Resources)+len(k.Bases) == 0 {
		return false
	}
	if !isRoot || !slices.ContainsFunc(k.BuildMetadata, func(o string) bool { return o != types.OriginAnnotations }) {
		k.BuildMetadata = nil
	}
	k.MetaData, k.SortOptions, k.Resources, k.Bases = nil, nil, nil, nil
	return len(Fields(k)) == 0
}

// isLocal reports whether kustomize certainly reads an entry as a path. It reads an entry that looks
// like the address of a repository as one, even if that path exists.
func isLocal(entry string) bool {
	return entry != "" && !strings.ContainsAny(entry, ":@?") && !strings.Contains(strings.ToLower(entry), "github.com") &&
		!slices.ContainsFunc(strings.Split(filepath.ToSlash(entry), "/"), func(segment string) bool {
			return segment != ".." && strings.Contains(segment, "..")
		})
}
