package resource

import (
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/internal/report"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// Reasons are the fields that asked for each network policy, as its annotation lists
// them, by what an engine calls the policy.
func Reasons(items []*yaml.RNode) map[string][]string {
	out := map[string][]string{}
	for _, n := range items {
		reasons := n.GetAnnotations()[AnnotationFor]
		if reasons == "" || !IsPolicy(n) {
			continue
		}
		name := PolicyName(RefOf(n))
		for reason := range strings.Lines(reasons) {
			if reason = strings.TrimSpace(reason); reason != "" && !slices.Contains(out[name], reason) {
				out[name] = append(out[name], reason)
			}
		}
	}
	return out
}

// IsPolicy says whether an item is a network policy that this program knows.
func IsPolicy(n *yaml.RNode) bool { return isPolicy(groupKind(n)) }

// IsCilium says whether it is one that Cilium alone knows.
func IsCilium(n *yaml.RNode) bool { return Group(n) == "cilium.io" && IsPolicy(n) }

func isPolicy(kind string) bool {
	switch kind {
	case "cilium.io/" + KindCilium, "cilium.io/" + KindClusterwide, "networking.k8s.io/" + KindKubernetes:
		return true
	}
	return false
}

// PolicyName is what an engine calls a policy: "namespace/name" or, of a cluster-wide
// one, "name".
func PolicyName(r report.Ref) string {
	if r.Kind == KindClusterwide || r.Kind == KindAdministrator && groupOf(r.APIVersion) == AdministratorGroup {
		return r.Name
	}
	return r.Namespace + "/" + r.Name
}
