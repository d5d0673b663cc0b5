package flux

import (
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/tenantfence/tenantfence/internal/report"
)

// Grouping determines what one Kustomization applies.
type Grouping string

// The groupings.
const (
	// ByTenant applies one stage of one tenant.
	ByTenant Grouping = "tenant"
	// ByStage applies one stage of all tenants.
	ByStage Grouping = "stage"
)

// Source is the Flux source of the tree.
type Source struct{ Kind, Name string }

// Options determine how Flux finds the tree.
type Options struct {
	Source Source
	// Path is the path of the tree in the source.
	Path string
	// Namespace is the namespace of the Kustomizations and of the source.
	Namespace string
	GroupBy   Grouping
	// Slice is the part of the tree to write, by tenant. Omitted: the whole tree.
	Slice report.Slice
}

// sourceKinds are the kinds that the sourceRef of a Kustomization accepts.
var sourceKinds = []string{"GitRepository", "OCIRepository", "Bucket", "ExternalArtifact"}

// ParseSource reads Kind/name.
func ParseSource(s string) (Source, error) {
	kind, name, _ := strings.Cut(s, "/")
	if !slices.Contains(sourceKinds, kind) || len(validation.IsDNS1123Subdomain(name)) > 0 {
		return Source{}, fmt.Errorf("%q is not a source: use Kind/name, such as GitRepository/flux-system, with one of the kinds %s", s, strings.Join(sourceKinds, ", "))
	}
	return Source{Kind: kind, Name: name}, nil
}

// ParseNamespace reads the name of a namespace.
func ParseNamespace(s string) (string, error) {
	if len(validation.IsDNS1123Label(s)) > 0 {
		return "", fmt.Errorf("%q is not a valid namespace name: use a lowercase DNS label, such as flux-system", s)
	}
	return s, nil
}

// ParsePath reads a path in a source. The result begins with "./", as in Flux.
func ParsePath(s string) (string, error) {
	p := path.Clean(filepath.ToSlash(s))
	if path.IsAbs(p) || filepath.IsAbs(s) || p == ".." || strings.HasPrefix(p, "../") {
		return "", fmt.Errorf("%q is not a path in the source: set the path of the tree relative to the source's root", s)
	}
	if p == "." {
		return "./", nil
	}
	return "./" + p, nil
}
