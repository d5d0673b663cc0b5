package resource

import (
	"slices"

	"github.com/tenantfence/tenantfence/internal/report"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// Reasons returns the fields that declare each network policy, from its annotation, by PolicyName.
func Reasons(items []*yaml.RNode) map[string][]string {
	out := map[string][]string{}
	for _, n := range items {
		if !IsPolicy(n) {
			continue
		}
		name := PolicyName(RefOf(n))
		for _, reason := range ObjectOf(n).Reasons {
			if !slices.Contains(out[name], reason) {
				out[name] = append(out[name], reason)
			}
		}
	}
	return out
}

// IsPolicy reports whether an item is a supported network policy.
func IsPolicy(n *yaml.RNode) bool { return isPolicy(groupKind(n)) }

// IsCilium reports whether an item is a policy of Cilium's API.
func IsCilium(n *yaml.RNode) bool { return Group(n) == "cilium.io" && IsPolicy(n) }

func isPolicy(kind string) bool {
	switch kind {
	case "cilium.io/" + KindCilium, "cilium.io/" + KindClusterwide, "networking.k8s.io/" + KindKubernetes:
		return true
	}
	return false
}

// PolicyName is the name of a policy in an engine: "namespace/name" or, for a cluster-wide policy,
// "name".
func PolicyName(r report.Ref) string {
	if r.Kind == KindClusterwide || r.Kind == KindAdministrator && groupOf(r.APIVersion) == AdministratorGroup {
		return r.Name
	}
	return r.Namespace + "/" + r.Name
}
