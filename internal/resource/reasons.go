package resource

import (
	"slices"

	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/report"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// Reasons returns the fields that declare each network policy, from its annotation.
func Reasons(items []*yaml.RNode) map[flow.PolicyID][]string {
	out := map[flow.PolicyID][]string{}
	for _, n := range items {
		if !IsPolicy(n) {
			continue
		}
		id := PolicyID(RefOf(n))
		for _, reason := range ObjectOf(n).Reasons {
			if !slices.Contains(out[id], reason) {
				out[id] = append(out[id], reason)
			}
		}
	}
	return out
}

// IsPolicy reports whether an item is a supported network policy.
func IsPolicy(n *yaml.RNode) bool { return isPolicy(groupKind(n)) }

// IsPolicyRef is IsPolicy for what refers to an item.
func IsPolicyRef(r report.Ref) bool { return isPolicy(groupKindOf(r.APIVersion, r.Kind)) }

// IsCilium reports whether an item is a policy of Cilium's API.
func IsCilium(n *yaml.RNode) bool { return Group(n) == "cilium.io" && IsPolicy(n) }

func isPolicy(kind string) bool {
	switch kind {
	case "cilium.io/" + KindCilium, "cilium.io/" + KindClusterwide, "networking.k8s.io/" + KindKubernetes:
		return true
	}
	return false
}

// PolicyID identifies a policy. A cluster-wide policy has no namespace, also where an item gives it one.
func PolicyID(r report.Ref) flow.PolicyID {
	out := flow.PolicyID{Kind: r.Kind, Namespace: r.Namespace, Name: r.Name}
	if r.Kind == KindClusterwide || r.Kind == KindAdministrator && groupOf(r.APIVersion) == AdministratorGroup {
		out.Namespace = ""
	}
	return out
}
