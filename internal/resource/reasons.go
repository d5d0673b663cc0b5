package resource

import (
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// Reasons are the fields that asked for each network policy, as its annotation lists
// them, by what an engine calls the policy: "namespace/name" or, of a cluster-wide
// one, "name".
func Reasons(items []*yaml.RNode) map[string][]string {
	out := map[string][]string{}
	for _, n := range items {
		reasons := n.GetAnnotations()[AnnotationFor]
		if reasons == "" || !isPolicy(groupKind(n)) {
			continue
		}
		name := n.GetName()
		if ns := NamespaceOf(n); ns != "" {
			name = ns + "/" + name
		}
		for reason := range strings.Lines(reasons) {
			if reason = strings.TrimSpace(reason); reason != "" && !slices.Contains(out[name], reason) {
				out[name] = append(out[name], reason)
			}
		}
	}
	return out
}

// isPolicy says whether a kind is one of network policies.
func isPolicy(kind string) bool {
	switch kind {
	case "cilium.io/" + KindCilium, "cilium.io/" + KindClusterwide, "networking.k8s.io/" + KindKubernetes:
		return true
	}
	return false
}
