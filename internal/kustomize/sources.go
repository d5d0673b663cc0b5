package kustomize

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/block"
	tenantfence "github.com/tenantfence/tenantfence/internal/resource"
)

// recordSources records its source on each resource of a build.
func (r *records) recordSources(items []*item) error {
	r.parse()
	for _, i := range items {
		source := tenantfence.Source{}
		if file := r.fileOf(i.Resource); file != "" {
			source.File = r.displayPath(file)
		}
		if tenantfence.IsTenant(&i.RNode) {
			source.Path, source.Unknown = r.declaringFile(i.Resource)
		}
		source.Namespace, source.Name = r.declaredID(i.Resource)
		if err := tenantfence.SetSource(&i.RNode, source); err != nil {
			return fmt.Errorf("read %s: %w", describe(i.Resource), err)
		}
	}
	return nil
}

// displayPath returns the path of a file for findings.
func (r *records) displayPath(file string) string {
	relative, err := filepath.Rel(r.root.String(), file)
	if err != nil {
		return file
	}
	return filepath.ToSlash(relative)
}

// fileOf returns the file of a resource, or of the resource from which a layer made it. It is
// the only file with the kind and name, or else the one that kustomize records as its origin.
func (r *records) fileOf(res *resource.Resource) string {
	same := r.filesOf[groupKind(&res.RNode)][res.GetName()]
	if len(same) == 1 {
		return same[0]
	}
	origin := r.origin(res)
	if origin == "" {
		return ""
	}
	for _, d := range r.declared[groupKind(&res.RNode)][origin] {
		name := d.node.GetName()
		if name != "" && strings.Contains(res.GetName(), name) && (len(same) == 0 || name == res.GetName()) {
			return origin
		}
	}
	return ""
}

// origin returns the file that kustomize records as the origin. It is only for findings and not
// evidence, because a layer can write another one.
func (r *records) origin(res *resource.Resource) string {
	if r.forged {
		return ""
	}
	path := originPath(res)
	if path == "" {
		return ""
	}
	found, known := r.origins[path]
	if !known {
		if dir, file, err := r.fsys.CleanedAbs(r.root.Join(path)); err == nil {
			found = dir.Join(file)
		}
		r.origins[path] = found
	}
	return found
}

// fileOrigin matches the origin of a resource in a file with a usual name.
var fileOrigin = regexp.MustCompile(`^path: ([\w./-]+\.(?:ya?ml|json))\n$`)

// originPath returns the local path that kustomize records as the origin.
func originPath(res *resource.Resource) string {
	if m := fileOrigin.FindStringSubmatch(res.GetAnnotations(originAnnotation)[originAnnotation]); m != nil {
		return m[1]
	}
	o, err := res.GetOrigin()
	if err != nil || o == nil || o.Repo != "" {
		return ""
	}
	return o.Path
}

// declaringFile returns the file within the root that declares a Tenant with exactly this name
// and spec, or the reason why it is unknown. Such a file alone decides the Tenant.
func (r *records) declaringFile(tenant *resource.Resource) (path, unknownReason string) {
	var exact, named []string
	want := declaredContent(&tenant.RNode)
	for _, d := range r.kinds[groupKind(&tenant.RNode)][tenant.GetName()] {
		named = append(named, r.displayPath(d.file))
		if have := declaredContent(d.node); want != "" && have == want {
			exact = append(exact, d.file)
		}
	}
	exact, named = slices.Compact(exact), slices.Compact(named)
	switch {
	case len(named) == 0:
		return "", "no file of the build declares a Tenant with this name: it is generated, remote, or renamed by a layer (namePrefix, nameSuffix, patches): declare it in a file with this name"
	case len(exact) == 0:
		return "", "a layer changes the Tenant in " + strings.Join(named, " and ") + " (patches, replacements, transformers): write the change into that file"
	case len(exact) > 1:
		return "", strings.Join(named, " and ") + " declare the same Tenant: keep one of them"
	}
	relative, ok := tenantfence.LocalPath(r.displayPath(exact[0]))
	if !ok {
		return "", relative + " is outside the directory of the build: build a directory that contains it"
	}
	return relative, ""
}

// declaredContent is equal for Tenants with the same name and spec.
func declaredContent(n *yaml.RNode) string {
	spec := []byte("{}")
	if field := n.Field("spec"); field != nil {
		var err error
		if spec, err = block.JSON(field.Value); err != nil {
			return ""
		}
	}
	return n.GetApiVersion() + "\n" + n.GetName() + "\n" + string(spec)
}
