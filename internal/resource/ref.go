package resource

import (
	"slices"

	"sigs.k8s.io/kustomize/kyaml/kio/kioutil"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/report"
)

// The annotations in which hosts describe a resource, in addition to kioutil's.
const (
	// LocalConfig excludes a resource from the cluster.
	LocalConfig = "config.kubernetes.io/local-config"
	// KustomizeID is set by kustomize, which writes no files.
	KustomizeID = "kustomize.config.k8s.io/id"
	// LegacyPath and LegacyIndex are the only ones that older hosts set. kpt requires them in
	// addition to the newer ones.
	LegacyPath  = "config.kubernetes.io/path"
	LegacyIndex = "config.kubernetes.io/index"
)

// RefOf refers to a resource and, if it is known, its file.
func RefOf(n *yaml.RNode) report.Ref {
	source, h := SourceOf(n), headOf(n)
	return report.Ref{APIVersion: h.apiVersion, Kind: h.kind, Namespace: h.inNamespace(), Name: h.name, File: source.File, Index: source.Index}
}

// NamespaceOf returns a resource's namespace, or "" for a cluster-scoped kind, where an apiserver
// drops the field. kustomize sets a namespace on this project's kinds and on kinds that it does not
// know to be cluster-scoped.
func NamespaceOf(n *yaml.RNode) string { return headOf(n).inNamespace() }

func (h head) inNamespace() string {
	if group := groupOf(h.apiVersion); h.namespace == "" || group == v1alpha1.Group || clusterScoped(group, h.kind) {
		return ""
	}
	return h.namespace
}

func resourceID(r report.Ref) *yaml.ResourceIdentifier {
	return &yaml.ResourceIdentifier{
		TypeMeta: yaml.TypeMeta{APIVersion: r.APIVersion, Kind: r.Kind},
		NameMeta: yaml.NameMeta{Name: r.Name, Namespace: r.Namespace},
	}
}

// HostWritesFiles reports whether the host keeps these items in separate files, as kpt does.
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

// InPlace reports whether the items are the result of an earlier run. kustomize starts from the
// sources for each build, and its functions share one build.
func InPlace(items []*yaml.RNode) bool {
	return !slices.ContainsFunc(items, func(n *yaml.RNode) bool { return annotation(n, KustomizeID) != "" })
}

// ID is the same for versions of one resource: a Ref without version and file.
func ID(n *yaml.RNode) report.Ref {
	h := headOf(n)
	return report.Ref{APIVersion: groupOf(h.apiVersion), Kind: h.kind, Namespace: h.inNamespace(), Name: h.name}
}

// IDOf returns the ID of the resource of a Ref.
func IDOf(r report.Ref) report.Ref {
	return report.Ref{APIVersion: groupOf(r.APIVersion), Kind: r.Kind, Namespace: r.Namespace, Name: r.Name}
}

// ByID indexes resources by their identity. Of several with one identity it has the last.
func ByID(items []*yaml.RNode) map[report.Ref]*yaml.RNode {
	out := map[report.Ref]*yaml.RNode{}
	for _, n := range items {
		out[ID(n)] = n
	}
	return out
}

// IsLocalConfig reports whether a resource is excluded from the cluster.
func IsLocalConfig(n *yaml.RNode) bool {
	return hasAnnotation(n, LocalConfig) && annotation(n, LocalConfig) != "false"
}

// MarkLocalConfig adds the annotation that excludes a resource from the cluster. Hosts accept any
// value except "false".
func MarkLocalConfig(n *yaml.RNode) error {
	if IsLocalConfig(n) {
		return nil
	}
	return n.PipeE(yaml.SetAnnotation(LocalConfig, "true"))
}
