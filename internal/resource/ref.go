package resource

import (
	"slices"

	"github.com/tenantfence/tenantfence/internal/report"

	"sigs.k8s.io/kustomize/kyaml/kio/kioutil"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
)

// The annotations by which hosts tell of a resource, beside kioutil's.
const (
	// LocalConfig keeps a resource from the cluster.
	LocalConfig = "config.kubernetes.io/local-config"
	// KustomizeID is set by kustomize, which invents paths and writes no files.
	KustomizeID = "kustomize.config.k8s.io/id"
	// LegacyPath and LegacyIndex are all that older hosts set, and kpt wants beside
	// the newer ones.
	LegacyPath  = "config.kubernetes.io/path"
	LegacyIndex = "config.kubernetes.io/index"
)

// RefOf names a resource and, where it is known, its file.
func RefOf(n *yaml.RNode) report.Ref {
	source := SourceOf(n)
	return report.Ref{
		APIVersion: n.GetApiVersion(), Kind: n.GetKind(), Namespace: NamespaceOf(n), Name: n.GetName(),
		File: source.File, Index: source.Index,
	}
}

// NamespaceOf is a resource's namespace, "" for a kind that has none: an apiserver drops
// what stands there. kustomize writes a namespace on the kinds that it does not know to be
// cluster-scoped, and on this project's own kinds, where it has no meaning.
func NamespaceOf(n *yaml.RNode) string {
	if Group(n) == v1alpha1.Group || clusterScoped(Group(n), n.GetKind()) {
		return ""
	}
	return n.GetNamespace()
}

func resourceID(r report.Ref) *yaml.ResourceIdentifier {
	return &yaml.ResourceIdentifier{
		TypeMeta: yaml.TypeMeta{APIVersion: r.APIVersion, Kind: r.Kind},
		NameMeta: yaml.NameMeta{Name: r.Name, Namespace: r.Namespace},
	}
}

// HostWritesFiles says whether the host keeps these items in files of their own, as kpt does.
func HostWritesFiles(items []*yaml.RNode) bool {
	files := false
	for _, n := range items {
		a := n.GetAnnotations()
		if a[KustomizeID] != "" {
			return false
		}
		files = files || a[kioutil.PathAnnotation] != ""
	}
	return files
}

// InPlace reports whether the items are what an earlier run left. kustomize starts anew for
// each build, and what its functions show one another is of the same build.
func InPlace(items []*yaml.RNode) bool {
	return !slices.ContainsFunc(items, func(n *yaml.RNode) bool { return n.GetAnnotations()[KustomizeID] != "" })
}

// ID is equal for what is the same resource: a Ref without version and file.
func ID(n *yaml.RNode) report.Ref {
	return report.Ref{APIVersion: Group(n), Kind: n.GetKind(), Namespace: NamespaceOf(n), Name: n.GetName()}
}

// IDOf is the ID of what a Ref refers to.
func IDOf(r report.Ref) report.Ref {
	return report.Ref{APIVersion: groupOf(r.APIVersion), Kind: r.Kind, Namespace: r.Namespace, Name: r.Name}
}

// IsLocalConfig says whether a resource is kept from the cluster.
func IsLocalConfig(n *yaml.RNode) bool {
	v, ok := n.GetAnnotations()[LocalConfig]
	return ok && v != "false"
}

// MarkLocalConfig adds the annotation that keeps a resource from the cluster. Hosts keep
// one from it unless it says "false".
func MarkLocalConfig(n *yaml.RNode) error {
	if IsLocalConfig(n) {
		return nil
	}
	return n.PipeE(yaml.SetAnnotation(LocalConfig, "true"))
}
